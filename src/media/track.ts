/** What a track carries. `other` is any RTP codec that Vedette passes on without looking inside. */
export type Codec = "h264" | "h265" | "vp8" | "vp9" | "av1" | "opus" | "aac" | "mp3" | "pcmu" | "pcma" | "other";

export type Kind = "video" | "audio" | "application";

/**
 * One elementary stream of a path, described as SDP does (RFC 8866 sections 5.14 and 6.6, 6.15).
 * Made once, shared by all readers, never changed.
 */
export interface Track {
	readonly kind: Kind;
	readonly codec: Codec;
	/** The name in `a=rtpmap`, as the publisher wrote it, for instance `H264` or `MPEG4-GENERIC`. */
	readonly encoding: string;
	/** RTP clock rate in Hz. */
	readonly clockRate: number;
	/** Audio channels; 0 where the publisher did not say or the track is not audio. */
	readonly channels: number;
	/** The payload type that the publisher uses. Readers may be given another one. */
	readonly payloadType: number;
	/** Format parameters as written after `a=fmtp:PT `; empty where there are none. */
	readonly fmtp: string;
}

const codecs: Readonly<Record<string, Codec>> = {
	h264: "h264",
	h265: "h265",
	hevc: "h265",
	vp8: "vp8",
	vp9: "vp9",
	av1: "av1",
	opus: "opus",
	"mpeg4-generic": "aac",
	mpa: "mp3",
	pcmu: "pcmu",
	pcma: "pcma",
};

/** The codec that an `a=rtpmap` encoding name stands for; `other` for a name that is not ours. */
export function codecOf(encoding: string): Codec {
	return codecs[encoding.toLowerCase()] ?? "other";
}

/**
 * Splits format parameters (`key=value;key=value`) into a map with lower-case keys.
 * A parameter without `=` has an empty value.
 */
export function parseFmtp(fmtp: string): Map<string, string> {
	const parameters = new Map<string, string>();
	for (const part of fmtp.split(";")) {
		const at = part.indexOf("=");
		const key = (at < 0 ? part : part.slice(0, at)).trim().toLowerCase();
		if (key) parameters.set(key, at < 0 ? "" : part.slice(at + 1).trim());
	}
	return parameters;
}
