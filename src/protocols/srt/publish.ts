import type { Frame } from "../../media/frame.ts";
import { h264ParameterSets } from "../../media/h264.ts";
import { h265ParameterSets } from "../../media/h265.ts";
import type { Track } from "../../media/track.ts";
import { canMux, MpegTsWriter } from "../../wire/mpegts-mux.ts";
import { openSrtClient } from "./client.ts";
import { MessageQueue, messagesOf } from "./message-queue.ts";

/** How often what waits is tried again. */
const DRAIN_MS = 10;

/** A stream that is being published. */
export interface SrtPublishing {
	/** Sends a frame: now, as far as the connection has room. */
	write(frame: Frame): void;
	/** Bytes that wait for room. */
	readonly pending: number;
	/** Resolves with the reason for the end. */
	readonly closed: Promise<string>;
}

/** Publishes tracks to an SRT listener; resolves when it takes frames, rejects with its reason. */
export async function publishSrt(url: string, tracks: readonly Track[], signal: AbortSignal): Promise<SrtPublishing> {
	const left = tracks.find((track) => !canMux(track));
	if (left) throw new Error(`a transport stream does not carry ${left.encoding}`);
	const now = (): number => performance.now();
	const client = await openSrtClient({ url, signal, now, onData: () => {} });
	const sets = tracks.map(parameterSets);
	const writer = new MpegTsWriter(tracks, (track) => sets[track]!);
	const queue = new MessageQueue(client.session);
	const timer = setInterval(() => queue.drain(now()), DRAIN_MS);
	const closed = client.closed.finally(() => clearInterval(timer));
	return {
		write: (frame) => {
			const { clockRate } = tracks[frame.track]!;
			const ptsMs = (frame.pts * 1000) / clockRate;
			const dtsMs = ((frame.dts ?? frame.pts) * 1000) / clockRate;
			queue.push(messagesOf(writer.frame(frame, ptsMs, dtsMs)));
			queue.drain(now());
		},
		get pending() {
			return queue.bytes;
		},
		closed,
	};
}

function parameterSets({ codec, fmtp }: Track): Uint8Array[] {
	return codec === "h264" ? h264ParameterSets(fmtp) : codec === "h265" ? h265ParameterSets(fmtp) : [];
}
