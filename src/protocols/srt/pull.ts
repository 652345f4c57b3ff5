import { formatAddress } from "../../config/address.ts";
import type { Hub } from "../../hub/hub.ts";
import { MpegTsIngest } from "../../hub/mpegts-ingest.ts";
import { newId } from "../../hub/path.ts";
import type { PathName } from "../../media/path-name.ts";
import { openSrtClient } from "./client.ts";
import { parseSrtUrl } from "./url.ts";

/** What a path says of its source. */
export interface SrtSourceOptions {
	readonly url: string;
	/** A picture of more bytes is dropped. */
	readonly maxFrameBytes: number;
	/** Told of streams of the program that are left out, by name. */
	readonly onLeftOut: (names: readonly string[]) => void;
}

/**
 * Pulls a transport stream from an SRT listener into a path until it ends or `signal` aborts: resolves with the reason for
 * its end, rejects where it cannot begin. Calls `onLive` when the listener has let us in.
 */
export async function pullIntoPath(
	hub: Hub,
	path: PathName,
	{ url, maxFrameBytes, onLeftOut }: SrtSourceOptions,
	signal: AbortSignal,
	onLive: () => void,
): Promise<string> {
	const { host, port } = parseSrtUrl(url);
	const attempt = new AbortController();
	const stop = (reason: unknown): void => attempt.abort(reason);
	const either = AbortSignal.any([signal, attempt.signal]);
	const info = {
		type: "srtSource",
		id: newId(),
		remoteAddress: formatAddress({ host, port }),
		identity: `source ${path}`,
	};
	const onEnd = (reason: string): void => stop(new Error(reason));
	const ingest = new MpegTsIngest(hub, path, maxFrameBytes, info, { onEnd, onLeftOut });
	const onData = (payload: Uint8Array): void => {
		try {
			ingest.push(payload);
		} catch (error) {
			stop(error);
		}
	};
	try {
		signal.throwIfAborted();
		const client = await openSrtClient({ url, signal: either, now: () => hub.clock.now(), onData });
		onLive();
		return await client.closed;
	} finally {
		ingest.close("the source is gone");
	}
}
