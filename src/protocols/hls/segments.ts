import { createDecipheriv } from "node:crypto";
import { sleep } from "../../net/backoff.ts";
import type { Fetcher } from "./fetch.ts";
import { type Key, type MediaPlaylist, parsePlaylist, type Resource, type Segment } from "./m3u8.ts";

export const MAX_PLAYLIST_BYTES = 2 * 1024 * 1024;
const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;
const KEY_BYTES = 16;
/** Of a live stream so many segments are taken at the beginning: one to show and one in hand. */
const FIRST_SEGMENTS = 2;
const LEAST_WAIT_MS = 250;
/** A live playlist that names nothing new for so many target durations, and so long at least, is dead. */
const DEAD_TARGETS = 4;
const DEAD_MS = 12_000;

/** A segment as it came, decrypted. */
export interface Loaded {
	readonly segment: Segment;
	/** What a decoder needs before it. */
	readonly init: Buffer | undefined;
	readonly bytes: Buffer;
	/** It was made just now. */
	readonly live: boolean;
}

/**
 * The segments of one rendition one after the other: of a live playlist from near its end on, for as long as it lives;
 * of another one all. `room` is awaited before each. Throws where the server does not give what it names.
 */
export async function* loadSegments(
	fetcher: Fetcher,
	url: string,
	room: () => Promise<void>,
	signal: AbortSignal,
): AsyncIterable<Loaded> {
	const files = new Files(fetcher);
	let next: number | undefined;
	let changedAt = performance.now();
	for (;;) {
		const { target, segments, ended } = await readMedia(fetcher, url);
		const fresh: readonly Segment[] = from(segments, next, ended);
		for (const segment of fresh) {
			await room();
			yield { ...(await files.load(segment)), live: !ended };
			next = segment.number + 1;
			changedAt = performance.now();
		}
		if (ended) return;
		const silence = performance.now() - changedAt;
		if (silence > Math.max(DEAD_MS, target * DEAD_TARGETS * 1000)) {
			throw new Error(`no new segment for ${Math.round(silence / 1000)} s`);
		}
		// RFC 8216 section 6.3.4: a playlist that did not change is asked for again after half a target duration.
		const wait = fresh.length > 0 ? (fresh.at(-1)!.duration * 1000) / 2 : target * 250;
		await sleep(Math.max(LEAST_WAIT_MS, wait), signal);
		signal.throwIfAborted();
	}
}

async function readMedia(fetcher: Fetcher, url: string): Promise<MediaPlaylist> {
	const { bytes, url: found } = await fetcher.get({ url, range: undefined }, MAX_PLAYLIST_BYTES);
	const playlist = parsePlaylist(bytes.toString(), found);
	if (playlist.kind !== "media") throw new Error("a list of variants where a list of segments is due");
	return playlist;
}

/** What is to be loaded now. */
function from(segments: readonly Segment[], next: number | undefined, ended: boolean): readonly Segment[] {
	if (next === undefined) return ended ? segments : segments.slice(-FIRST_SEGMENTS);
	const [first, last] = [segments[0], segments.at(-1)];
	if (last && last.number < next - 1) throw new Error("the playlist has begun anew");
	// Too slow: what was missed has gone.
	if (first && first.number > next) return segments.slice(-FIRST_SEGMENTS);
	return segments.filter(({ number }) => number >= next);
}

/** Loads files; the last initialisation segment and key are kept. */
class Files {
	readonly #fetcher: Fetcher;
	#init: { readonly name: string; readonly bytes: Buffer } | undefined;
	#key: { readonly url: string; readonly bytes: Buffer } | undefined;

	constructor(fetcher: Fetcher) {
		this.#fetcher = fetcher;
	}

	async load(segment: Segment): Promise<Omit<Loaded, "live">> {
		const init = segment.map && (await this.#initOf(segment.map));
		const { bytes } = await this.#fetcher.get(segment, MAX_SEGMENT_BYTES);
		return { segment, init, bytes: segment.key ? await this.#decrypt(segment.key, segment.number, bytes) : bytes };
	}

	async #initOf(map: Resource): Promise<Buffer> {
		const name = `${map.url} ${map.range?.at} ${map.range?.bytes}`;
		if (this.#init?.name !== name) {
			const { bytes } = await this.#fetcher.get(map, MAX_SEGMENT_BYTES);
			this.#init = { name, bytes };
		}
		return this.#init.bytes;
	}

	/** RFC 8216 section 5.2. */
	async #decrypt({ url, iv }: Key, number: number, bytes: Buffer): Promise<Buffer> {
		if (this.#key?.url !== url) {
			const found = await this.#fetcher.get({ url, range: undefined }, KEY_BYTES);
			if (found.bytes.length !== KEY_BYTES) throw new Error(`a key of ${found.bytes.length} bytes, not ${KEY_BYTES}`);
			this.#key = { url, bytes: found.bytes };
		}
		const counter = Buffer.alloc(KEY_BYTES);
		counter.writeBigUInt64BE(BigInt(number), 8);
		const cipher = createDecipheriv("aes-128-cbc", this.#key.bytes, iv ?? counter);
		return Buffer.concat([cipher.update(bytes), cipher.final()]);
	}
}
