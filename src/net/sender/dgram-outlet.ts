import type { Socket } from "node:dgram";
import { RTP_HEADER_BYTES } from "../ring.ts";
import { decodeSocketAddress } from "../socket-address.ts";
import { type Destination, KIND_SHARED, type Kind } from "./destination.ts";
import type { Memory } from "./memory.ts";
import type { Outlet } from "./outlet.ts";
import type { Slice } from "./slice.ts";
import { pressTimestamp } from "./squeeze.ts";

/** Bytes that wait in the socket before it counts as full. */
const QUEUE_BYTES = 1024 * 1024;
const PAUSE_MS = 1;

interface Datagram {
	readonly bytes: Buffer;
	readonly owner: Destination;
}

/** The slow way, where there are no foreign functions: each packet is copied and sent by `dgram`. Nothing protected. */
export class DgramOutlet implements Outlet {
	readonly most = 1;
	blockedUntil = 0;
	since = Number.POSITIVE_INFINITY;
	generation = 0;
	readonly #memory: Memory;
	readonly #socket: Socket;
	readonly #clock: () => number;
	#waiting: Datagram[] = [];

	constructor(memory: Memory, socket: Socket, clock: () => number) {
		this.#memory = memory;
		this.#socket = socket;
		this.#clock = clock;
	}

	get empty(): boolean {
		return this.#waiting.length === 0;
	}

	room(slice: Slice): boolean {
		return this.#waiting.length + slice.count <= 512;
	}

	send(destination: Destination, slice: Slice, kind: Kind): void {
		for (let packet = 0; packet < slice.count; packet++) {
			const bytes = this.#copy(slice, packet, 0);
			const track = destination.tracks[slice.track[packet]!]!;
			if (kind !== KIND_SHARED) {
				const timestamp = slice.timestamp[packet]!;
				const pressed = track.edge >= 0 && slice.number[packet]! < destination.burstEnd;
				bytes[1] = (bytes[1]! & 0x80) | track.payloadType;
				bytes.writeUInt16BE(track.index(slice.sequence[packet]!) & 0xffff, 2);
				bytes.writeUInt32BE(pressed ? pressTimestamp(timestamp, track.edge, track.factor) : timestamp, 4);
				bytes.writeUInt32BE(track.ssrc, 8);
			}
			this.#waiting.push({ bytes, owner: destination });
		}
	}

	sendRtx(destination: Destination, slice: Slice): void {
		const track = destination.tracks[slice.track[0]!]!;
		const bytes = this.#copy(slice, 0, 2);
		bytes[1] = (bytes[1]! & 0x80) | track.rtxPayloadType;
		bytes.writeUInt16BE(track.takeRtx() & 0xffff, 2);
		bytes.writeUInt32BE(track.rtxSsrc, 8);
		bytes.writeUInt16BE(track.index(slice.sequence[0]!) & 0xffff, RTP_HEADER_BYTES);
		this.#waiting.push({ bytes, owner: destination });
	}

	/** A packet of its own, with `gap` bytes between header and payload: the socket may keep it for a while. */
	#copy(slice: Slice, packet: number, gap: number): Buffer {
		const offset = slice.offset[packet]!;
		const length = slice.length[packet]!;
		const bytes = Buffer.allocUnsafe(length + gap);
		bytes.set(this.#memory.bytes.subarray(offset, offset + RTP_HEADER_BYTES));
		bytes.set(this.#memory.bytes.subarray(offset + RTP_HEADER_BYTES, offset + length), RTP_HEADER_BYTES + gap);
		return bytes;
	}

	flush(): boolean {
		for (let i = 0; i < this.#waiting.length; i++) {
			if (this.#give(this.#waiting[i]!)) continue;
			this.#waiting.splice(0, i);
			this.blockedUntil = this.#clock() + PAUSE_MS;
			return false;
		}
		this.#waiting = [];
		this.blockedUntil = 0;
		this.since = Number.POSITIVE_INFINITY;
		this.generation++;
		return true;
	}

	/** False where the socket holds enough already. */
	#give({ bytes, owner }: Datagram): boolean {
		const { address, port } = decodeSocketAddress(this.#memory.bytes, owner.name - this.#memory.low, owner.nameBytes);
		try {
			if (this.#socket.getSendQueueSize() > QUEUE_BYTES) return false;
			this.#socket.send(bytes, port, address, (error) => {
				if (error && !owner.gone) owner.refuse();
			});
		} catch {
			// The socket was closed.
			owner.refuse();
		}
		return true;
	}
}
