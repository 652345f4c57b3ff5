/** The Session Description Protocol, RFC 8866: text in, a description out, and back. Shared by RTSP and WebRTC. */

export const MAX_SDP_BYTES = 65_536;
const MAX_SDP_LINES = 2_000;
export const MAX_SDP_LINE_BYTES = 8_192;
const MAX_SDP_MEDIA = 64;

/** The text is not a session description, or is larger than our limits. */
export class SdpError extends Error {
	override name = "SdpError";
}

/** One line that has no place of its own here (`b=`, `t=`, `k=`, …), kept as it came. */
export interface SdpLine {
	/** The letter before `=`. */
	readonly type: string;
	readonly value: string;
}

/** `a=name` (an empty value) or `a=name:value`, RFC 8866 section 5.13. */
export interface SdpAttribute {
	readonly name: string;
	readonly value: string;
}

/** One `m=` section, RFC 8866 section 5.14. */
export interface MediaDescription {
	/** `video`, `audio`, `application`, … */
	readonly kind: string;
	readonly port: number;
	/** `RTP/AVP`, `UDP/TLS/RTP/SAVPF`, … */
	readonly protocol: string;
	/** Payload types, as text. */
	readonly formats: readonly string[];
	/** The value of `c=`; empty where the section has none. */
	readonly connection: string;
	readonly lines: readonly SdpLine[];
	readonly attributes: readonly SdpAttribute[];
}

/** A whole description. */
export interface SessionDescription {
	/** The value of `o=`. */
	readonly origin: string;
	/** The value of `s=`. */
	readonly name: string;
	/** The value of `c=`; empty where the session has none. */
	readonly connection: string;
	readonly lines: readonly SdpLine[];
	readonly attributes: readonly SdpAttribute[];
	readonly media: readonly MediaDescription[];
}

interface OpenSection {
	connection: string;
	lines: SdpLine[];
	attributes: SdpAttribute[];
}

interface OpenMedia extends OpenSection {
	kind: string;
	port: number;
	protocol: string;
	formats: string[];
}

function parseMediaLine(value: string): OpenMedia {
	const [kind, port, protocol, ...formats] = value.trim().split(/\s+/);
	// The port may carry a count, `49170/2`, which nobody uses for RTP any more.
	const number = Number.parseInt(port ?? "", 10);
	if (!kind || !protocol || !(number >= 0 && number <= 65_535)) throw new SdpError(`bad media line "m=${value}"`);
	return { kind: kind.toLowerCase(), port: number, protocol, formats, connection: "", lines: [], attributes: [] };
}

function parseAttribute(value: string): SdpAttribute {
	const at = value.indexOf(":");
	return at < 0 ? { name: value, value: "" } : { name: value.slice(0, at), value: value.slice(at + 1) };
}

function splitLines(text: string): string[] {
	if (text.length > MAX_SDP_BYTES) throw new SdpError(`${text.length} bytes, at most ${MAX_SDP_BYTES}`);
	const lines = text.split(/\r\n|\n|\r/);
	if (lines.length > MAX_SDP_LINES) throw new SdpError(`${lines.length} lines, at most ${MAX_SDP_LINES}`);
	// Files written by hand are indented and begin with a byte order mark or, from ffmpeg, with "SDP:".
	const trimmed = lines
		.map((line) => line.replace(/^[\s\uFEFF]+/, ""))
		.filter((line) => line !== "" && line !== "SDP:");
	const long = trimmed.find((line) => line.length > MAX_SDP_LINE_BYTES);
	if (long !== undefined) throw new SdpError(`a line of ${long.length} bytes, at most ${MAX_SDP_LINE_BYTES}`);
	return trimmed;
}

/**
 * Parses a session description. Lines it does not know are kept; `o=`, `s=` and `t=` may be missing, as cameras leave
 * them out. Throws SdpError for what is not SDP or exceeds the limits above.
 */
export function parseSdp(text: string): SessionDescription {
	const rows = splitLines(text);
	if (rows[0]?.trimEnd() !== "v=0") throw new SdpError('a description begins with "v=0"');
	let origin = "- 0 0 IN IP4 127.0.0.1";
	let name = "-";
	const session: OpenSection = { connection: "", lines: [], attributes: [] };
	const media: OpenMedia[] = [];
	let section: OpenSection = session;
	for (const row of rows.slice(1)) {
		const type = row[0] ?? "";
		if (row[1] !== "=") throw new SdpError(`not a line of SDP: "${row.slice(0, 40)}"`);
		const value = row.slice(2);
		if (type === "m") {
			if (media.length === MAX_SDP_MEDIA) throw new SdpError(`more than ${MAX_SDP_MEDIA} media`);
			const opened = parseMediaLine(value);
			media.push(opened);
			section = opened;
		} else if (type === "a") section.attributes.push(parseAttribute(value));
		else if (type === "c") section.connection = value;
		else if (type === "o" && section === session) origin = value;
		else if (type === "s" && section === session) name = value;
		else section.lines.push({ type, value });
	}
	return { ...session, origin, name, media };
}

/** The order that RFC 8866 section 5 asks for; letters it does not know go before the attributes. */
const order = "vosiuepcbtrzk";

function writeSection(head: readonly SdpLine[], section: OpenSection | MediaDescription | SessionDescription): string {
	const rows: SdpLine[] = [...head, ...section.lines];
	if (section.connection) rows.push({ type: "c", value: section.connection });
	const rank = (row: SdpLine) => (row.type === "m" ? -1 : order.includes(row.type) ? order.indexOf(row.type) : 99);
	rows.sort((a, b) => rank(a) - rank(b));
	for (const { name, value } of section.attributes) rows.push({ type: "a", value: value ? `${name}:${value}` : name });
	return rows.map((row) => `${row.type}=${row.value}\r\n`).join("");
}

/** Writes a description in the order of RFC 8866 section 5, with `t=0 0` where it has no `t=`. */
export function writeSdp(description: SessionDescription): string {
	const head: SdpLine[] = [
		{ type: "v", value: "0" },
		{ type: "o", value: description.origin },
		{ type: "s", value: description.name || "-" },
	];
	if (!description.lines.some((line) => line.type === "t")) head.push({ type: "t", value: "0 0" });
	const media = description.media.map((part) => {
		const value = [part.kind, part.port, part.protocol, ...part.formats].join(" ");
		return writeSection([{ type: "m", value }], part);
	});
	return writeSection(head, description) + media.join("");
}

/** The value of the first attribute of that name, empty for a flag; undefined where there is none. */
export function attribute(of: { readonly attributes: readonly SdpAttribute[] }, name: string): string | undefined {
	return of.attributes.find((one) => one.name === name)?.value;
}

/** The values of all attributes of that name. */
export function attributes(of: { readonly attributes: readonly SdpAttribute[] }, name: string): string[] {
	return of.attributes.filter((one) => one.name === name).map((one) => one.value);
}
