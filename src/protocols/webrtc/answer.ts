import type { MediaDescription, SdpAttribute, SessionDescription } from "../../wire/sdp.ts";
import { attribute, attributes } from "../../wire/sdp.ts";
import { formatAttribute } from "../../wire/sdp-tracks.ts";
import { type Accepted, acceptedOf, type Plan, TRANSPORT_SEQUENCE } from "./negotiate.ts";
import { WebRtcRefusal } from "./refusal.ts";

/** What ICE and DTLS need to know of the side that offers. */
export interface RemoteTransport {
	readonly ufrag: string;
	readonly password: string;
	readonly fingerprint: { readonly hash: "sha-256" | "sha-384" | "sha-512"; readonly value: string };
}

/** Our side of the transport, for the answer. */
export interface LocalTransport {
	readonly ufrag: string;
	readonly password: string;
	/** SHA-256, `AB:CD:…`. */
	readonly fingerprint: string;
	/** Values of `a=candidate`. */
	readonly candidates: readonly string[];
}

/** Sources of one section that we send (RFC 5576). */
export interface Sources {
	readonly ssrc: number;
	/** The source of retransmissions; undefined without them. */
	readonly rtx: number | undefined;
}

const hashes = ["sha-256", "sha-384", "sha-512"] as const;

function fingerprintOf(offer: SessionDescription, media: MediaDescription): RemoteTransport["fingerprint"] {
	const values = [...attributes(media, "fingerprint"), ...attributes(offer, "fingerprint")];
	for (const hash of hashes) {
		for (const value of values) {
			const [name, digits] = value.trim().split(/\s+/);
			if (name?.toLowerCase() === hash && /^([0-9a-f]{2}:){31,63}[0-9a-f]{2}$/i.test(digits ?? "")) {
				return { hash, value: digits!.toUpperCase() };
			}
		}
	}
	throw new WebRtcRefusal(400, "the offer has no fingerprint by SHA-256, SHA-384 or SHA-512");
}

/** ICE credentials as RFC 8839 section 5.4 allows them. Throws a 400 where they are missing or too short or long. */
export function remoteCredentials(of: readonly { readonly attributes: readonly SdpAttribute[] }[]) {
	const find = (name: string) => of.map((one) => attribute(one, name)).find((value) => value !== undefined) ?? "";
	const [ufrag, password] = [find("ice-ufrag"), find("ice-pwd")];
	if (!/^[A-Za-z0-9+/]{4,256}$/.test(ufrag) || !/^[A-Za-z0-9+/]{22,256}$/.test(password)) {
		throw new WebRtcRefusal(400, "the offer has no ICE credentials (ice-ufrag of 4 and ice-pwd of 22 characters)");
	}
	return { ufrag, password };
}

/** The transport of the side that offers, from its first taken section. Throws a 400 where it is incomplete. */
export function remoteTransport(offer: SessionDescription, plan: Plan): RemoteTransport {
	const media = acceptedOf(plan)[0]?.media;
	if (!media) throw new WebRtcRefusal(400, "the offer has no media");
	if ((attribute(media, "setup") ?? attribute(offer, "setup")) === "passive") {
		throw new WebRtcRefusal(400, "the offer wants us to begin the DTLS handshake (a=setup:passive)");
	}
	if (attribute(offer, "ice-lite") !== undefined) {
		throw new WebRtcRefusal(400, "the offer is ICE-lite, and so are we: nobody would begin");
	}
	if (attribute(media, "rtcp-mux") === undefined) {
		throw new WebRtcRefusal(400, "the offer has RTCP on a port of its own (no a=rtcp-mux)");
	}
	return { ...remoteCredentials([media, offer]), fingerprint: fingerprintOf(offer, media) };
}

const feedback = { play: ["nack", "nack pli", "ccm fir"], publish: ["nack", "nack pli", "ccm fir", "transport-cc"] };

/** The feedback that both sides have for a payload type, RFC 4585 section 4.2. */
function feedbackOf(accepted: Accepted, direction: Plan["direction"]): SdpAttribute[] {
	const { media, format } = accepted;
	const offered = new Set<string>();
	for (const value of attributes(media, "rtcp-fb")) {
		const at = value.indexOf(" ");
		const type = value.slice(0, at);
		if (type === "*" || type === `${format.track.payloadType}`) offered.add(value.slice(at + 1).trim());
	}
	return feedback[direction]
		.filter((one) => offered.has(one))
		.map((one) => ({ name: "rtcp-fb", value: `${format.track.payloadType} ${one}` }));
}

function formatLines(accepted: Accepted): SdpAttribute[] {
	const { media, format } = accepted;
	const lines: SdpAttribute[] = [];
	for (const type of [format.track.payloadType, format.rtx]) {
		if (type === undefined) continue;
		const map = formatAttribute(media, "rtpmap", `${type}`);
		const parameters = formatAttribute(media, "fmtp", `${type}`);
		// Static payload types need no map, and the offer may have none.
		if (map !== undefined) lines.push({ name: "rtpmap", value: `${type} ${map}` });
		if (parameters !== undefined) lines.push({ name: "fmtp", value: `${type} ${parameters}` });
	}
	return lines;
}

function sourceLines(sources: Sources | undefined, stream: string, index: number): SdpAttribute[] {
	if (!sources) return [];
	const lines: SdpAttribute[] = [{ name: "msid", value: `${stream} track${index}` }];
	if (sources.rtx !== undefined) lines.push({ name: "ssrc-group", value: `FID ${sources.ssrc} ${sources.rtx}` });
	for (const ssrc of [sources.ssrc, sources.rtx]) {
		if (ssrc === undefined) continue;
		lines.push({ name: "ssrc", value: `${ssrc} cname:${stream}` });
		lines.push({ name: "ssrc", value: `${ssrc} msid:${stream} track${index}` });
	}
	return lines;
}

function acceptedSection(accepted: Accepted, plan: Plan, transport: LocalTransport, sources: Sources | undefined) {
	const { media, format, trackIndex, transportSequence } = accepted;
	const mid = attribute(media, "mid");
	const lines: SdpAttribute[] = [
		...(mid === undefined ? [] : [{ name: "mid", value: mid }]),
		{ name: plan.direction === "play" ? "sendonly" : "recvonly", value: "" },
		{ name: "rtcp-mux", value: "" },
		...(attribute(media, "rtcp-rsize") === undefined ? [] : [{ name: "rtcp-rsize", value: "" }]),
		{ name: "setup", value: "passive" },
		{ name: "ice-ufrag", value: transport.ufrag },
		{ name: "ice-pwd", value: transport.password },
		{ name: "fingerprint", value: `sha-256 ${transport.fingerprint}` },
		...formatLines(accepted),
		...feedbackOf(accepted, plan.direction),
		...(transportSequence === undefined
			? []
			: [{ name: "extmap", value: `${transportSequence} ${TRANSPORT_SEQUENCE}` }]),
		...sourceLines(sources, "vedette", trackIndex),
		...transport.candidates.map((value) => ({ name: "candidate", value })),
		{ name: "end-of-candidates", value: "" },
	];
	const types = format.rtx === undefined ? [format.track.payloadType] : [format.track.payloadType, format.rtx];
	const connection = "IN IP4 0.0.0.0";
	const { kind, protocol } = media;
	return { kind, protocol, port: 9, formats: types.map(String), connection, lines: [], attributes: lines };
}

function rejectedSection(media: MediaDescription): MediaDescription {
	const mid = attribute(media, "mid");
	const lines = [...(mid === undefined ? [] : [{ name: "mid", value: mid }]), { name: "inactive", value: "" }];
	// RFC 3264 section 6: port 0, and the formats mean nothing, but at least one must be there.
	const formats = media.formats.slice(0, 1);
	return { ...media, port: 0, formats, connection: "IN IP4 0.0.0.0", lines: [], attributes: lines };
}

/** The answer to an offer (RFC 9429 section 5.3): ICE-lite, DTLS server. `sources` by track, when we are the sender. */
export function answerTo(
	plan: Plan,
	transport: LocalTransport,
	sessionId: string,
	sources: readonly (Sources | undefined)[],
): SessionDescription {
	const mids = acceptedOf(plan).flatMap(({ media }) => attribute(media, "mid") ?? []);
	return {
		origin: `- ${sessionId} 1 IN IP4 127.0.0.1`,
		name: "-",
		connection: "",
		lines: [],
		attributes: [
			{ name: "ice-lite", value: "" },
			...(mids.length > 0 ? [{ name: "group", value: `BUNDLE ${mids.join(" ")}` }] : []),
			{ name: "msid-semantic", value: "WMS *" },
		],
		media: plan.sections.map((section) =>
			section.taken
				? acceptedSection(section, plan, transport, sources[section.trackIndex])
				: rejectedSection(section.media),
		),
	};
}
