import { FramePublisher } from "../../hub/frame-publisher.ts";
import type { Hub } from "../../hub/hub.ts";
import { newId } from "../../hub/path.ts";
import type { PathName } from "../../media/path-name.ts";
import { Fetcher } from "./fetch.ts";
import { HlsStream } from "./incoming.ts";
import { type MultivariantPlaylist, parsePlaylist, type Variant } from "./m3u8.ts";
import { MAX_PLAYLIST_BYTES } from "./segments.ts";

const CARRIED = /^(avc[13]|hvc1|hev1|av01|mp4a|opus)/i;

/** What a path says of its source. */
export interface HlsSourceOptions {
	/** May hold credentials. */
	readonly url: string;
	/** A picture of more bytes is an error. */
	readonly maxFrameBytes: number;
	/** Told of what is left out, by name. */
	readonly onLeftOut: (names: readonly string[]) => void;
}

/**
 * Pulls HLS into a path until it ends or `signal` aborts: resolves with the reason for its end, rejects where it cannot
 * begin or go on. Calls `onLive` when the stream is there.
 */
export async function pullIntoPath(
	hub: Hub,
	path: PathName,
	options: HlsSourceOptions,
	signal: AbortSignal,
	onLive: () => void,
): Promise<string> {
	signal.throwIfAborted();
	const attempt = new AbortController();
	const stop = (reason: unknown): void => attempt.abort(reason);
	const either = AbortSignal.any([signal, attempt.signal]);
	const fetcher = new Fetcher(options.url, either);
	const info = { type: "hlsSource", id: newId(), remoteAddress: new URL(fetcher.url).host, identity: `source ${path}` };
	const publisher = new FramePublisher(hub, path, info, (reason) => stop(new Error(reason)));
	const stream = new HlsStream(hub, publisher, options, onLive, stop);
	try {
		const renditions = await renditionsOf(fetcher);
		await Promise.all(stream.load(fetcher, renditions, either));
		await stream.drained(either);
		either.throwIfAborted();
		return "the playlist has ended";
	} catch (error) {
		throw either.aborted ? either.reason : error;
	} finally {
		// What still loads is of no use.
		stop(new Error("the source is gone"));
		stream.close();
		publisher.close("the source is gone");
	}
}

/** The addresses of the lists of segments: of the best variant, and of its sound where that is apart. */
async function renditionsOf(fetcher: Fetcher): Promise<string[]> {
	const { bytes, url } = await fetcher.get({ url: fetcher.url, range: undefined }, MAX_PLAYLIST_BYTES);
	const playlist = parsePlaylist(bytes.toString(), url);
	if (playlist.kind === "media") return [url];
	const { url: main, audio } = bestVariant(playlist);
	return audio === undefined || audio === main ? [main] : [main, audio];
}

/** The one of the highest rate among those that can be passed on whole, else among all. */
function bestVariant({ variants }: MultivariantPlaylist): Variant {
	const carried = variants.filter(({ codecs }) =>
		codecs.split(",").every((one) => one === "" || CARRIED.test(one.trim())),
	);
	return (carried.length > 0 ? carried : variants).reduce((best, one) => (one.bandwidth > best.bandwidth ? one : best));
}
