import type { Hub } from "../hub/hub.ts";
import type { Path } from "../hub/path.ts";
import type { Reader } from "../hub/reader.ts";
import type { Stream } from "../hub/stream.ts";
import { distance32, type Millis } from "../media/time.ts";
import { ENTRY_INFO, ENTRY_TIMESTAMP, FLAG_LAST } from "../net/ring.ts";

/** How fast a stream is, over the last sample. */
export interface Rates {
	/** bit/s on the way in. */
	readonly bitrate: number;
	/** Pictures per second of each track; null for audio and where it is not known. */
	readonly fps: readonly (number | null)[];
}

/** What left and what came in, since the relay started. */
export interface Totals {
	receivedBytes: number;
	receivedPackets: number;
	lostPackets: number;
	invalidPackets: number;
	discardedPackets: number;
	sentBytes: number;
	sentPackets: number;
	droppedPackets: number;
	cuts: number;
	joins: number;
	keyFrameRequests: number;
}

interface Sample {
	at: Millis;
	bytes: number;
	/** Number of the packet up to which pictures were counted. */
	counted: number;
	rates: Rates;
}

const SAMPLE_MS = 1000;

/** Bytes that came in for a stream, since it began. */
export function bytesIn(stream: Stream): number {
	return stream.intakes.reduce((sum, { counters }) => sum + counters.bytes, 0);
}

function noTotals(): Totals {
	return {
		receivedBytes: 0,
		receivedPackets: 0,
		lostPackets: 0,
		invalidPackets: 0,
		discardedPackets: 0,
		sentBytes: 0,
		sentPackets: 0,
		droppedPackets: 0,
		cuts: 0,
		joins: 0,
		keyFrameRequests: 0,
	};
}

function addStream(totals: Totals, stream: Stream): void {
	for (const { counters } of stream.intakes) {
		totals.receivedBytes += counters.bytes;
		totals.receivedPackets += counters.packets;
		totals.lostPackets += counters.lost;
		totals.invalidPackets += counters.invalid;
		totals.discardedPackets += counters.discarded;
	}
	totals.droppedPackets += stream.counters.dropped;
	totals.cuts += stream.counters.cuts;
	totals.joins += stream.counters.joins;
	totals.keyFrameRequests += stream.counters.keyRequests;
}

function addReader(totals: Totals, reader: Reader): void {
	totals.sentBytes += reader.counters.bytes;
	totals.sentPackets += reader.counters.packets;
}

/** Pictures per second of the packets numbered `from` to `to`, by their own timestamps; null where there are too few. */
function picturesPerSecond(stream: Stream, track: number, from: number, to: number): number | null {
	const { pool } = stream.ring;
	let first = 0;
	let last = 0;
	let count = 0;
	for (let number = from; number < to; number++) {
		const at = stream.ring.entry(number);
		const info = pool.words[at + ENTRY_INFO]!;
		if (((info >>> 16) & 0xff) !== track || ((info >>> 24) & FLAG_LAST) === 0) continue;
		last = pool.words[at + ENTRY_TIMESTAMP]!;
		if (count++ === 0) first = last;
	}
	const ticks = distance32(last, first);
	if (count < 2 || ticks <= 0) return null;
	return Math.round(((count - 1) * stream.tracks[track]!.clockRate * 100) / ticks) / 100;
}

/** Keeps count over the whole life of the relay: streams and readers come and go, the sums stay. */
export class Ledger {
	readonly #hub: Hub;
	/** What streams and readers that have gone had counted. */
	readonly #gone = noTotals();
	readonly #streams = new Set<Stream>();
	/** Bytes that were sent to readers who have left, by stream. */
	readonly #goneBytes = new WeakMap<Stream, number>();
	readonly #samples = new WeakMap<Stream, Sample>();
	readonly #timer: NodeJS.Timeout;
	readonly #unlisten: () => void;

	constructor(hub: Hub) {
		this.#hub = hub;
		this.#timer = setInterval(() => this.sample(), SAMPLE_MS).unref();
		this.#unlisten = hub.listen((event) => {
			if (event.at === "published") this.#streams.add(event.publication.stream);
			if (event.at === "left") this.#close(event.reader);
		});
	}

	/** Stops counting. */
	close(): void {
		clearInterval(this.#timer);
		this.#unlisten();
	}

	/** How fast the path's stream is; undefined where it has none. */
	rates(path: Path): Rates | undefined {
		if (!path.stream) return undefined;
		return this.#samples.get(path.stream)?.rates ?? { bitrate: 0, fps: path.stream.tracks.map(() => null) };
	}

	/** Bytes that were sent to all readers of a stream. */
	bytesOut(stream: Stream): number {
		let bytes = this.#goneBytes.get(stream) ?? 0;
		for (const reader of stream.readers) bytes += reader.counters.bytes;
		return bytes;
	}

	/** Sums over everything since the start. */
	totals(): Totals {
		this.#sweep();
		const totals = { ...this.#gone };
		for (const stream of this.#streams) {
			addStream(totals, stream);
			for (const reader of stream.readers) addReader(totals, reader);
		}
		return totals;
	}

	/** Called once a second. */
	sample(): void {
		this.#sweep();
		for (const stream of this.#streams) this.#sample(stream);
	}

	/** Lets go of streams that have ended. */
	#sweep(): void {
		const present = new Set<Stream>();
		for (const { stream } of this.#hub.paths) if (stream) present.add(stream);
		for (const stream of this.#streams) {
			if (present.has(stream)) continue;
			this.#streams.delete(stream);
			addStream(this.#gone, stream);
		}
	}

	#close(reader: Reader): void {
		addReader(this.#gone, reader);
		const { stream } = reader;
		this.#goneBytes.set(stream, (this.#goneBytes.get(stream) ?? 0) + reader.counters.bytes);
	}

	#sample(stream: Stream): void {
		const at = this.#hub.clock.now();
		const bytes = bytesIn(stream);
		const counted = stream.flushed;
		const before = this.#samples.get(stream);
		const elapsed = before ? at - before.at : 0;
		if (before && elapsed < SAMPLE_MS / 2) return;
		const from = Math.max(stream.ring.tail, before?.counted ?? 0);
		const fps = stream.tracks.map(({ kind }, track) =>
			kind === "video" ? picturesPerSecond(stream, track, from, counted) : null,
		);
		const bitrate = before && elapsed > 0 ? Math.round(((bytes - before.bytes) * 8000) / elapsed) : 0;
		this.#samples.set(stream, { at, bytes, counted, rates: { bitrate, fps } });
	}
}
