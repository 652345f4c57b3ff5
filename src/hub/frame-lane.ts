import type { Frame } from "../media/frame.ts";
import { FrameReader } from "./frames.ts";
import type { Stream } from "./stream.ts";

type OnFrame = (frame: Frame) => void;

function bytesOf(frame: Frame): number {
	let bytes = 0;
	for (const unit of frame.units) bytes += unit.length;
	return bytes;
}

/**
 * The frames of a stream. Where a publisher sends packets they are derived from the packet lane, once for all, and only
 * while somebody reads frames. Where it sends frames they come in here, and what becomes packets is taken from here.
 */
export class FrameLane {
	readonly #stream: Stream;
	#listeners: OnFrame[] = [];
	/** Derives frames from packets; undefined while nobody listens. */
	#reader: FrameReader | undefined;
	#read = 0;
	/** Frames since the last key frame of a publisher that sends frames. */
	#fed: Frame[] = [];
	#fedBytes = 0;
	/** How many of them have become packets. */
	#packetised = 0;

	constructor(stream: Stream) {
		this.#stream = stream;
	}

	subscribe(onFrame: OnFrame): () => void {
		if (this.isFed) for (const frame of this.#fed) onFrame(frame);
		else this.#burst(onFrame);
		this.#listeners = [...this.#listeners, onFrame];
		return () => {
			this.#listeners = this.#listeners.filter((one) => one !== onFrame);
			if (this.#listeners.length === 0) this.#reader = undefined;
		};
	}

	/** Packets were handed on: their frames follow. */
	advance(): void {
		if (!this.#reader || this.isFed) return;
		const from = this.#read;
		this.#read = this.#stream.flushed;
		this.#reader.read(from, this.#read, (frame) => this.#emit(frame));
	}

	/** Whether the present publisher sends frames. */
	get isFed(): boolean {
		return this.#fed.length > 0;
	}

	/** Another publisher begins: of the old one's frames nothing is kept, and what was derived goes on with its packets. */
	begin(): void {
		if (!this.isFed) return;
		this.#clear();
		this.#reader = undefined;
		if (this.#listeners.length === 0) return;
		this.#reader = new FrameReader(this.#stream.ring, this.#stream.offered);
		this.#read = this.#stream.flushed;
	}

	/** A publisher's frame. Without pictures every frame is one to join at. */
	feed(frame: Frame): void {
		const { tracks } = this.#stream;
		const video = tracks[frame.track]?.kind === "video" || tracks.every(({ kind }) => kind !== "video");
		if ((video && frame.key) || this.#fedBytes > this.#stream.settings.cacheSize) this.#clear();
		this.#fed.push(frame);
		this.#fedBytes += bytesOf(frame);
		this.#emit(frame);
	}

	/** Calls `write` with each frame that has not become packets yet. */
	pending(write: OnFrame): void {
		while (this.#packetised < this.#fed.length) write(this.#fed[this.#packetised++]!);
	}

	/** The packets were forgotten: the next ones begin at the key frame again. */
	rewind(): void {
		this.#packetised = 0;
	}

	/** The newest key frame of a track; `join` is its first packet's number, or −1. */
	keyFrame(track: number, join: number): Frame | undefined {
		const isKey = (frame: Frame): boolean => frame.track === track && frame.key;
		if (this.#fed.length > 0) return this.#fed.findLast(isKey);
		const { ring, flushed, tracks } = this.#stream;
		if (join < ring.tail) return undefined;
		let found: Frame | undefined;
		new FrameReader(ring, tracks).read(join, flushed, (frame) => {
			if (!found && isKey(frame)) found = frame;
		});
		return found;
	}

	/** The frames since the last key frame, for one listener; the first listener's reader serves all from then on. */
	#burst(onFrame: OnFrame): void {
		const { ring, flushed, offered } = this.#stream;
		const reader = new FrameReader(ring, offered);
		reader.read(this.#stream.joinFor([...offered.keys()]), flushed, onFrame);
		if (this.#reader) return;
		this.#reader = reader;
		this.#read = flushed;
	}

	#emit(frame: Frame): void {
		for (const listener of this.#listeners) listener(frame);
	}

	#clear(): void {
		this.#fed = [];
		this.#fedBytes = 0;
		this.#packetised = 0;
	}
}
