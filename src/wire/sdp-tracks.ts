import { codecOf, type Kind, type Track } from "../media/track.ts";
import { attributes, type MediaDescription, type SdpAttribute, type SdpLine } from "./sdp.ts";

/** Payload types whose meaning needs no `a=rtpmap`, RFC 3551 section 6. */
const staticPayloads: Readonly<Record<number, string>> = {
	0: "PCMU/8000",
	3: "GSM/8000",
	8: "PCMA/8000",
	9: "G722/8000",
	10: "L16/44100/2",
	11: "L16/44100/1",
	14: "MPA/90000",
	26: "JPEG/90000",
	31: "H261/90000",
	32: "MPV/90000",
	33: "MP2T/90000",
	34: "H263/90000",
};

const MAX_CLOCK_RATE = 100_000_000;
const MAX_CHANNELS = 255;

/** The value of `a=NAME:FORMAT value` for one payload type; undefined where there is none. */
export function formatAttribute(media: MediaDescription, name: string, format: string): string | undefined {
	for (const value of attributes(media, name)) {
		const at = value.search(/\s/);
		if (at > 0 && value.slice(0, at) === format) return value.slice(at + 1).trim();
	}
	return undefined;
}

function kindOf(kind: string): Kind | undefined {
	if (kind === "video" || kind === "audio") return kind;
	return kind === "application" || kind === "data" || kind === "text" ? "application" : undefined;
}

/**
 * The track that one payload type of a media section stands for (RFC 8866 sections 6.6 and 6.15), the first one if none
 * is named. Undefined where the section is no RTP, the type has no `a=rtpmap`, or its numbers make no sense.
 */
export function trackOf(media: MediaDescription, format = media.formats[0]): Track | undefined {
	const kind = kindOf(media.kind);
	if (!kind || format === undefined || !/^\d{1,3}$/.test(format) || !media.protocol.includes("RTP")) return undefined;
	const payloadType = Number(format);
	const map = formatAttribute(media, "rtpmap", format) ?? staticPayloads[payloadType];
	const [encoding, rate, channels] = map?.split("/") ?? [];
	const clockRate = Number(rate);
	const count = channels === undefined ? 0 : Number(channels);
	if (!encoding || payloadType > 127) return undefined;
	if (!(Number.isInteger(clockRate) && clockRate > 0 && clockRate <= MAX_CLOCK_RATE)) return undefined;
	if (!(Number.isInteger(count) && count >= 0 && count <= MAX_CHANNELS)) return undefined;
	const fmtp = formatAttribute(media, "fmtp", format) ?? "";
	return { kind, codec: codecOf(encoding), encoding, clockRate, channels: count, payloadType, fmtp };
}

/** The tracks of a description in the order of its media sections, each with its section; sections without are left out. */
export function tracksOf(media: readonly MediaDescription[]): { media: MediaDescription; track: Track }[] {
	return media.flatMap((section) => {
		const track = trackOf(section);
		return track ? [{ media: section, track }] : [];
	});
}

/** `a=rtpmap` and, where it has parameters, `a=fmtp` of a track. */
function trackAttributes(track: Track): SdpAttribute[] {
	const channels = track.channels > 0 && track.kind === "audio" ? `/${track.channels}` : "";
	const lines = [{ name: "rtpmap", value: `${track.payloadType} ${track.encoding}/${track.clockRate}${channels}` }];
	if (track.fmtp) lines.push({ name: "fmtp", value: `${track.payloadType} ${track.fmtp}` });
	return lines;
}

/** A media section that describes one track over plain RTP; more attributes (`control`, …) follow its own. */
export function mediaOf(
	track: Track,
	{
		attributes: more = [],
		lines = [],
		port = 0,
		protocol = "RTP/AVP",
	}: {
		attributes?: readonly SdpAttribute[];
		lines?: readonly SdpLine[];
		port?: number;
		protocol?: string;
	} = {},
): MediaDescription {
	const attributes = [...trackAttributes(track), ...more];
	return { kind: track.kind, port, protocol, formats: [`${track.payloadType}`], connection: "", lines, attributes };
}
