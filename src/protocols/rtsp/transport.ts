/** The Transport header, RFC 2326 section 12.39. Pure. */

const MAX_ALTERNATIVES = 16;

/** Two ports or interleaved channels: the first for RTP, the second for RTCP. */
export type Pair = readonly [rtp: number, rtcp: number];

/** One alternative of a Transport header that Vedette can speak: plain RTP over one receiver's UDP or TCP. */
export interface Transport {
	readonly lower: "tcp" | "udp";
	/** `record` for what a publisher sends. */
	readonly mode: "play" | "record";
	/** TCP: the channels asked for, or given. */
	readonly interleaved?: Pair;
	/** UDP: the client's ports. */
	readonly clientPort?: Pair;
	/** UDP: the server's ports. */
	readonly serverPort?: Pair;
	/** The SSRC that the server sends. */
	readonly ssrc?: number;
}

/** The alternatives that Vedette can speak, best first as the peer wrote them. Others are left out. */
export function parseTransports(value: string): Transport[] {
	return value
		.split(",", MAX_ALTERNATIVES)
		.map(parseTransport)
		.filter((transport) => transport !== undefined);
}

function parseTransport(text: string): Transport | undefined {
	const [profile = "", ...fields] = text.split(";").map((field) => field.trim());
	const parts = profile.toUpperCase().split("/");
	const lower = parts[2] === "TCP" ? "tcp" : parts[2] === undefined || parts[2] === "UDP" ? "udp" : undefined;
	if (parts[0] !== "RTP" || parts[1] !== "AVP" || !lower) return undefined;
	const values = new Map<string, string>();
	for (const field of fields) {
		const at = field.indexOf("=");
		values.set((at < 0 ? field : field.slice(0, at)).trim().toLowerCase(), at < 0 ? "" : field.slice(at + 1).trim());
	}
	if (values.has("multicast")) return undefined;
	// "receive" is what RFC 2326's drafts called it, and old encoders still do.
	const mode = /^"?(record|receive)"?$/i.test(values.get("mode") ?? "") ? "record" : "play";
	const interleaved = parsePair(values.get("interleaved"), 255);
	const clientPort = parsePair(values.get("client_port"), 65_535);
	const serverPort = parsePair(values.get("server_port"), 65_535);
	const ssrc = /^[0-9a-f]{1,8}$/i.test(values.get("ssrc") ?? "") ? Number.parseInt(values.get("ssrc")!, 16) : undefined;
	return {
		lower,
		mode,
		...(interleaved && { interleaved }),
		...(clientPort && { clientPort }),
		...(serverPort && { serverPort }),
		...(ssrc !== undefined && { ssrc }),
	};
}

/** `a-b`, or `a` alone for `a` and the next; undefined where a number is above `most`. */
function parsePair(text: string | undefined, most: number): Pair | undefined {
	const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text ?? "");
	if (!match) return undefined;
	const first = Number(match[1]);
	const second = match[2] === undefined ? first + 1 : Number(match[2]);
	return first <= most && second <= most ? [first, second] : undefined;
}

export function writeTransport(transport: Transport): string {
	const fields = [transport.lower === "tcp" ? "RTP/AVP/TCP" : "RTP/AVP", "unicast"];
	if (transport.interleaved) fields.push(`interleaved=${transport.interleaved.join("-")}`);
	if (transport.clientPort) fields.push(`client_port=${transport.clientPort.join("-")}`);
	if (transport.serverPort) fields.push(`server_port=${transport.serverPort.join("-")}`);
	if (transport.ssrc !== undefined) fields.push(`ssrc=${transport.ssrc.toString(16).toUpperCase().padStart(8, "0")}`);
	if (transport.mode === "record") fields.push("mode=record");
	return fields.join(";");
}
