import { RTP_HEADER_BYTES } from "../ring.ts";
import { type Destination, KIND_CM, KIND_GCM, KIND_SHARED, type Kind, type TrackOut } from "./destination.ts";
import type { Memory } from "./memory.ts";
import { MessageQueue, QUEUE_BYTES, type QueueOptions } from "./message-queue.ts";
import type { Outlet } from "./outlet.ts";
import type { Sealer } from "./sealer.ts";
import { type Slice, STEP_PACKETS } from "./slice.ts";
import { pressTimestamp } from "./squeeze.ts";

const ARENA_BYTES = 512 * 1024;
/** Authentication writes its padding behind a packet, and a retransmission is put together behind its place. */
const SPARE_BYTES = 8192;
const RTX_PLAIN = 4096;
/** Longer packets are not retransmitted: none that goes through the Internet is. */
const RTX_MAX = 2048;

/** Bytes of media memory that an outlet needs. */
export const OUTLET_BYTES = QUEUE_BYTES + ARENA_BYTES;

/** Sends by `sendmmsg`, with segmentation by the kernel (GSO) unless that is refused. */
export class NativeOutlet implements Outlet {
	since = Number.POSITIVE_INFINITY;
	generation = 0;
	readonly #memory: Memory;
	readonly #sealer: Sealer | undefined;
	readonly #queue: MessageQueue;
	readonly #arena: number;
	readonly #arenaEnd: number;
	#at: number;
	/** The slice whose vectors are placed, for destinations that get its packets unchanged; −1 for none. */
	#placed = -1;
	readonly #groupVector = new Int32Array(STEP_PACKETS);
	readonly #groupVectors = new Int32Array(STEP_PACKETS);

	/** @param sealer undefined where there is no OpenSSL: then nothing protected leaves */
	constructor(memory: Memory, sealer: Sealer | undefined, options: QueueOptions) {
		this.#memory = memory;
		this.#sealer = sealer;
		this.#queue = new MessageQueue(memory, options);
		this.#arena = options.region + QUEUE_BYTES;
		this.#arenaEnd = this.#arena + ARENA_BYTES - SPARE_BYTES;
		this.#at = this.#arena;
	}

	get blockedUntil(): number {
		return this.#queue.blockedUntil;
	}

	get most(): number {
		return this.#queue.most;
	}

	get empty(): boolean {
		return this.#queue.empty;
	}

	room(slice: Slice): boolean {
		return this.#queue.room(slice.groups, 2 * slice.count) && this.#at + slice.bytes <= this.#arenaEnd;
	}

	flush(): boolean {
		if (!this.#queue.flush()) return false;
		this.#at = this.#arena;
		this.#placed = -1;
		this.generation++;
		this.since = Number.POSITIVE_INFINITY;
		return true;
	}

	send(destination: Destination, slice: Slice, kind: Kind): void {
		if (kind === KIND_SHARED) this.#sendShared(destination, slice);
		else if (kind === KIND_GCM || kind === KIND_CM) this.#sendSealed(destination, slice, kind);
		else this.#sendPlain(destination, slice);
	}

	/** The packets straight from the ring: one set of vectors serves all destinations. */
	#sendShared(destination: Destination, slice: Slice): void {
		if (this.#placed !== slice.version) this.#place(slice);
		for (let group = 0; group < slice.groups; group++) {
			const vector = this.#groupVector[group]!;
			const count = slice.groupCount[group]!;
			this.#queue.add(destination, vector, this.#groupVectors[group]!, count, slice.groupSegment[group]!);
		}
	}

	/** Packets that lie one behind the other share a vector. */
	#place(slice: Slice): void {
		const queue = this.#queue;
		let packet = 0;
		for (let group = 0; group < slice.groups; group++) {
			const first = queue.vector;
			let end = -1;
			for (let left = slice.groupCount[group]!; left > 0; left--, packet++) {
				const offset = slice.offset[packet]!;
				const length = slice.length[packet]!;
				if (offset === end) queue.extend(length);
				else queue.point(offset, length);
				end = offset + length;
			}
			this.#groupVector[group] = first;
			this.#groupVectors[group] = queue.vector - first;
		}
		this.#placed = slice.version;
	}

	/** Headers of the destination's own in the arena, payloads from the ring. */
	#sendPlain(destination: Destination, slice: Slice): void {
		const queue = this.#queue;
		let packet = 0;
		for (let group = 0; group < slice.groups; group++) {
			const first = queue.vector;
			const count = slice.groupCount[group]!;
			for (let left = count; left > 0; left--, packet++) {
				const track = destination.tracks[slice.track[packet]!]!;
				const index = track.index(slice.sequence[packet]!);
				this.#header(this.#at, destination, track, slice, packet, index);
				queue.point(this.#at, RTP_HEADER_BYTES);
				queue.point(slice.offset[packet]! + RTP_HEADER_BYTES, slice.length[packet]! - RTP_HEADER_BYTES);
				this.#at += RTP_HEADER_BYTES;
			}
			queue.add(destination, first, queue.vector - first, count, slice.groupSegment[group]!);
		}
	}

	/** Header and ciphertext in the arena, the packets of a group without gaps. */
	#sendSealed(destination: Destination, slice: Slice, kind: Kind): void {
		const sealer = this.#sealer;
		if (!sealer) return;
		const { tracks } = destination;
		const tag = destination.tag;
		let at = this.#at;
		let packet = 0;
		for (let group = 0; group < slice.groups; group++) {
			const start = at;
			const count = slice.groupCount[group]!;
			let sealed = true;
			for (let left = count; left > 0; left--, packet++) {
				const track = tracks[slice.track[packet]!]!;
				const payload = slice.offset[packet]! + RTP_HEADER_BYTES;
				const length = slice.length[packet]! - RTP_HEADER_BYTES;
				const index = track.index(slice.sequence[packet]!);
				this.#header(at, destination, track, slice, packet, index);
				const done =
					kind === KIND_GCM
						? sealer.gcm(destination.context, track.nonce, index, at, payload, length)
						: sealer.cm(destination, track.nonce, index, at, payload, length);
				sealed = sealed && done;
				at += RTP_HEADER_BYTES + length + tag;
			}
			if (!sealed) continue;
			this.#queue.point(start, at - start);
			this.#queue.add(destination, this.#queue.vector - 1, 1, count, slice.groupSegment[group]!);
		}
		this.#at = at;
	}

	/** The header of a packet for one destination: 12 bytes at `at`. */
	#header(at: number, to: Destination, track: TrackOut, slice: Slice, packet: number, index: number): void {
		const { bytes, view } = this.#memory;
		const source = slice.offset[packet]!;
		const timestamp = slice.timestamp[packet]!;
		const second = (bytes[source + 1]! & 0x80) | track.payloadType;
		view.setUint32(at, (bytes[source]! << 24) | (second << 16) | (index & 0xffff));
		const pressed = track.edge >= 0 && slice.number[packet]! < to.burstEnd;
		view.setUint32(at + 4, pressed ? pressTimestamp(timestamp, track.edge, track.factor) : timestamp);
		view.setUint32(at + 8, track.ssrc);
	}

	sendRtx(destination: Destination, slice: Slice): void {
		const track = destination.tracks[slice.track[0]!]!;
		const { bytes, view } = this.#memory;
		const source = slice.offset[0]!;
		const length = slice.length[0]! - RTP_HEADER_BYTES + 2;
		if (length > RTX_MAX) return;
		const index = track.takeRtx();
		const at = this.#at;
		const plain = at + RTX_PLAIN;
		const second = (bytes[source + 1]! & 0x80) | track.rtxPayloadType;
		view.setUint32(at, (bytes[source]! << 24) | (second << 16) | (index & 0xffff));
		view.setUint32(at + 4, slice.timestamp[0]!);
		view.setUint32(at + 8, track.rtxSsrc);
		view.setUint16(plain, track.index(slice.sequence[0]!));
		bytes.copyWithin(plain + 2, source + RTP_HEADER_BYTES, source + RTP_HEADER_BYTES + length - 2);
		if (!this.#sealRtx(destination, track, index, at, plain, length)) return;
		const size = RTP_HEADER_BYTES + length + destination.tag;
		this.#queue.point(at, size);
		this.#queue.add(destination, this.#queue.vector - 1, 1, 1, 0);
		this.#at += size;
	}

	#sealRtx(to: Destination, track: TrackOut, index: number, at: number, plain: number, length: number): boolean {
		if (to.kind === KIND_GCM) return !!this.#sealer?.gcm(to.context, track.rtxNonce, index, at, plain, length);
		if (to.kind === KIND_CM) return !!this.#sealer?.cm(to, track.rtxNonce, index, at, plain, length);
		this.#memory.bytes.copyWithin(at + RTP_HEADER_BYTES, plain, plain + length);
		return true;
	}
}
