/** Figures in words. Pure. */
import type { StreamInfo } from "./relay.ts";

/** `2.03 Mbit/s`, `640 kbit/s`; empty where nothing is known. */
export function bitrate(bitsPerSecond: number | null): string {
	if (bitsPerSecond === null) return "";
	if (bitsPerSecond >= 1e6) return `${(bitsPerSecond / 1e6).toFixed(2)} Mbit/s`;
	return `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}

/** `1280×720`; empty where the relay does not know. */
export function size(stream: StreamInfo): string {
	const video = stream.tracks.find(({ kind }) => kind === "video");
	return video?.width && video.height ? `${video.width}×${video.height}` : "";
}

export function fps(stream: StreamInfo): string {
	const rate = stream.tracks.find(({ kind }) => kind === "video")?.fps;
	return rate ? `${Math.round(rate)} fps` : "";
}

const names: Readonly<Record<string, string>> = { H264: "H.264", H265: "H.265", PCMU: "G.711 µ", PCMA: "G.711 A" };

/** The codecs of all tracks: `H.264, Opus`. */
export function codecs(stream: StreamInfo): string {
	return stream.tracks.map(({ codec }) => names[codec.toUpperCase()] ?? codec).join(", ");
}

/** How long ago, for people, coarse: `12 s`, `4 min`, `3 h`, `2 days`. */
export function ago(milliseconds: number): string {
	const seconds = Math.max(0, Math.round(milliseconds / 1000));
	if (seconds < 60) return `${seconds} s`;
	if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
	if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} h`;
	return `${Math.floor(seconds / 86_400)} days`;
}

/** `1 viewer`, `3 viewers`. */
export function count(number: number, noun: string): string {
	return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A path in its parts: what leads there, and its own name. */
export function split(name: string): [lead: string, last: string] {
	const at = name.lastIndexOf("/") + 1;
	return [name.slice(0, at), name.slice(at)];
}
