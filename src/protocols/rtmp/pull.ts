import { formatAddress } from "../../config/address.ts";
import type { Hub } from "../../hub/hub.ts";
import { newId } from "../../hub/path.ts";
import type { PathName } from "../../media/path-name.ts";
import { openRtmpClient } from "./client.ts";
import { Ingest } from "./ingest.ts";
import type { Message } from "./message.ts";
import { parseAddress } from "./url.ts";

/** An attempt that has come to nothing by then has failed. */
const OPEN_MS = 10_000;
/** A server that sends nothing for so long is left. */
const SILENCE_MS = 10_000;
const TICK_MS = 1000;

/** Where a stream is pulled from. */
interface RtmpSource {
	/** May hold credentials. */
	readonly url: string;
	readonly maxMessage: number;
	/** Of the server's certificate, as `secureTcp` has it. */
	readonly fingerprint: string;
}

/**
 * Pulls a stream from another RTMP server into a path until it ends or `signal` aborts: resolves with the reason for its
 * end, rejects where it cannot begin. Calls `onLive` when the server plays.
 */
export async function pullIntoPath(
	hub: Hub,
	path: PathName,
	{ url, maxMessage, fingerprint }: RtmpSource,
	signal: AbortSignal,
	onLive: () => void,
): Promise<string> {
	const { host, port } = parseAddress(url);
	const attempt = new AbortController();
	const stop = (reason: unknown): void => attempt.abort(reason);
	const either = AbortSignal.any([signal, attempt.signal]);
	const timer = setTimeout(() => stop(new Error(`no answer for ${OPEN_MS / 1000} s`)), OPEN_MS);
	const info = {
		type: "rtmpSource",
		id: newId(),
		remoteAddress: formatAddress({ host, port }),
		identity: `source ${path}`,
	};
	const ingest = new Ingest(hub, path, info, maxMessage, (reason) => stop(new Error(reason)));
	const onMedia = (message: Message): void => ingest.message(message, hub.clock.now());
	let watch: NodeJS.Timeout | undefined;
	try {
		signal.throwIfAborted();
		const options = { url, goal: "play", maxMessage, fingerprint, signal: either, onMedia } as const;
		const client = await openRtmpClient(options);
		clearTimeout(timer);
		onLive();
		watch = setInterval(() => look(ingest, hub.clock.now(), stop), TICK_MS);
		return await client.closed;
	} finally {
		clearTimeout(timer);
		clearInterval(watch);
		ingest.close("the source is gone");
	}
}

/** Ends what is silent. */
function look(ingest: Ingest, now: number, stop: (reason: Error) => void): void {
	try {
		ingest.tick(now);
		if (now - ingest.lastMessage > SILENCE_MS) stop(new Error(`no media for ${SILENCE_MS / 1000} s`));
	} catch (error) {
		stop(error instanceof Error ? error : new Error(`${error}`));
	}
}
