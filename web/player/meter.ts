/** Rates from counters: what happened between two samples. Pure. */
import type { Sample, Way } from "./transport.ts";

/** What the viewer is shown. A value that is not known is null. */
export interface Reading {
	/** bit/s. */
	readonly bitrate: number | null;
	/** Decoded pictures per second. */
	readonly fps: number | null;
	/** Share of packets lost since the last reading, 0 to 1. */
	readonly loss: number | null;
	readonly lost: number;
	readonly dropped: number;
	readonly freezes: number;
	/** Mean milliseconds that a picture of this interval waited in the jitter buffer. */
	readonly buffer: number | null;
	/** Mean milliseconds to decode a picture of this interval. */
	readonly decode: number | null;
	readonly roundTrip: number | null;
	readonly width: number | null;
	readonly height: number | null;
	readonly codec: string | null;
	readonly route: string | null;
	readonly way: Way | null;
}

const ratio = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);
const millis = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000);

/** The reading between two samples; without an earlier one, or when counters began anew, rates are null. */
export function read(before: Sample | null, now: Sample): Reading {
	const isNew = before && (now.bytes < before.bytes || now.framesDecoded < before.framesDecoded);
	const since = before && !isNew && now.at > before.at ? before : null;
	const seconds = since ? (now.at - since.at) / 1000 : 0;
	const lost = since ? now.lost - since.lost : 0;
	const decoded = since ? now.framesDecoded - since.framesDecoded : 0;
	return {
		bitrate: since ? ratio((now.bytes - since.bytes) * 8, seconds) : null,
		fps: ratio(decoded, seconds),
		loss: since ? ratio(Math.max(0, lost), now.packets - since.packets + Math.max(0, lost)) : null,
		lost: now.lost,
		dropped: now.framesDropped,
		freezes: now.freezes,
		buffer: since ? millis(ratio(now.bufferDelay - since.bufferDelay, now.bufferEmitted - since.bufferEmitted)) : null,
		decode: since && now.decodeTime !== null ? millis(ratio(now.decodeTime - (since.decodeTime ?? 0), decoded)) : null,
		roundTrip: millis(now.roundTrip),
		width: now.width,
		height: now.height,
		codec: now.codec,
		route: now.route,
		way: now.way,
	};
}

/** Browsers keep what a burst after a gap left in their buffer, for minutes; more than this is not live any more. */
const BEHIND_MS = 1000;

/** Whether both readings say that pictures wait too long: one alone may be the gap itself. HLS is late by its nature. */
export function isBehind(before: Reading | null, now: Reading): boolean {
	if (now.way === "hls") return false;
	return (before?.buffer ?? 0) > BEHIND_MS && (now.buffer ?? 0) > BEHIND_MS;
}

/** Without a picture for longer than this the stream is stalled: 1 s, or four intervals of a slower camera, at most 5 s. */
export function patience(intervalMs: number): number {
	return Math.min(5000, Math.max(1000, 4 * intervalMs));
}
