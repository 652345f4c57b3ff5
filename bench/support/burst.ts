import { native } from "../../src/net/native.ts";
import { memory, openUdp } from "./sockets.ts";

/** The least that sending one batch to many UDP sockets can cost: one `sendmmsg`, runs of equal packets as one message. */

const AF_INET = 2;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const HEADER_BYTES = 64;
const RTP_HEADER_BYTES = 12;
const CONTROL_BYTES = 24;
/** The data ends after two of its eight bytes. */
const CONTROL_LENGTH = 18;
const MAX_SEGMENTS = 48;
const MAX_MESSAGES = 1024;
const BATCH_BYTES = 1 << 20;
/** Of packets that are made for each receiver; as many as the relay has. */
const ARENA_BYTES = 512 * 1024;

/** Packets that leave as one message. */
interface Run {
	readonly at: number;
	readonly length: number;
	readonly size: number;
}

/** Encrypts one receiver's packet of `length` bytes at the address `from` to the address `to`, where its header is already. */
type Seal = (receiver: number, from: number, to: number, length: number) => void;

/** Runs of packets of the same size, of which the last may be smaller. */
function runsOf(packets: readonly Buffer[]): Run[] {
	const runs: { at: number; length: number; size: number; count: number; closed: boolean }[] = [];
	let at = 0;
	for (const { length } of packets) {
		const run = runs.at(-1);
		if (run && !run.closed && length <= run.size && run.count < MAX_SEGMENTS) {
			run.length += length;
			run.count++;
			run.closed = length < run.size;
		} else runs.push({ at, length, size: length, count: 1, closed: false });
		at += length;
	}
	return runs;
}

export class Burst {
	readonly port: number;
	readonly #fd: number;
	readonly #batch = memory(BATCH_BYTES);
	readonly #arena = memory(ARENA_BYTES);
	readonly #headers = memory(MAX_MESSAGES * HEADER_BYTES);
	readonly #vectors = memory(MAX_MESSAGES * 16);
	readonly #controls = memory(MAX_MESSAGES * CONTROL_BYTES);
	readonly #names = memory(MAX_MESSAGES * 16);
	readonly #send: (fd: number, headers: number, count: number, flags: number) => number;
	readonly #targets: number[] = [];

	/** The socket it sends by: one of its own, or one that it shares. */
	constructor(socket = openUdp()) {
		if (!native || !socket) throw new Error("no UDP socket");
		this.#fd = socket.fd;
		this.port = socket.port;
		this.#send = native.libc.bind("sendmmsg", "int", ["int", "uint64_t", "uint32_t", "int"]);
		for (let i = 0; i < MAX_MESSAGES; i++) this.#prepare(i);
	}

	/** Adds a receiver: a port of this machine. */
	add(port: number): void {
		const at = this.#targets.length * 16;
		if (at === this.#names.bytes.length) throw new RangeError(`more than ${MAX_MESSAGES} receivers`);
		this.#names.bytes.writeUInt16LE(AF_INET, at);
		this.#names.bytes.writeUInt16BE(port, at + 2);
		this.#names.bytes.set([127, 0, 0, 1], at + 4);
		this.#targets.push(this.#names.address + at);
	}

	/** Sends the packets to every receiver. */
	send(packets: readonly Buffer[]): void {
		let size = 0;
		for (const packet of packets) size += packet.copy(this.#batch.bytes, size);
		const runs = runsOf(packets);
		let count = 0;
		for (const target of this.#targets) {
			for (const run of runs) {
				if (count === MAX_MESSAGES) count = this.#flush(count);
				this.#write(count++, target, run, this.#batch.address);
			}
		}
		this.#flush(count);
	}

	/** Sends every receiver packets of its own, encrypted one by one; the given ones have room for what that adds. */
	sendSealed(packets: readonly Buffer[], seal: Seal): void {
		const batch = this.#batch;
		let size = 0;
		for (const packet of packets) size += packet.copy(batch.bytes, size);
		const runs = runsOf(packets);
		const lengths = packets.map(({ length }) => length);
		let count = 0;
		let used = 0;
		for (let receiver = 0; receiver < this.#targets.length; receiver++) {
			if (used + size > ARENA_BYTES || count + runs.length > MAX_MESSAGES) used = count = this.#flush(count);
			const room = this.#arena.address + used;
			let at = 0;
			for (const length of lengths) {
				batch.bytes.copy(this.#arena.bytes, used + at, at, at + RTP_HEADER_BYTES);
				seal(receiver, batch.address + at, room + at, length);
				at += length;
			}
			for (const run of runs) this.#write(count++, this.#targets[receiver]!, run, room);
			used += size;
		}
		this.#flush(count);
	}

	#prepare(i: number): void {
		const header = i * HEADER_BYTES;
		const { bytes } = this.#headers;
		bytes.writeUInt32LE(16, header + 8);
		writePointer(bytes, header + 16, this.#vectors.address + i * 16);
		bytes.writeUInt32LE(1, header + 24);
		writePointer(bytes, header + 32, this.#controls.address + i * CONTROL_BYTES);
		const control = this.#controls.bytes;
		control.writeUInt32LE(CONTROL_LENGTH, i * CONTROL_BYTES);
		control.writeUInt32LE(SOL_UDP, i * CONTROL_BYTES + 8);
		control.writeUInt32LE(UDP_SEGMENT, i * CONTROL_BYTES + 12);
	}

	#write(i: number, target: number, { at, length, size }: Run, data: number): void {
		writePointer(this.#headers.bytes, i * HEADER_BYTES, target);
		writePointer(this.#vectors.bytes, i * 16, data + at);
		this.#vectors.bytes.writeUInt32LE(length, i * 16 + 8);
		this.#controls.bytes.writeUInt16LE(size, i * CONTROL_BYTES + 16);
		this.#headers.bytes.writeUInt32LE(length > size ? CONTROL_BYTES : 0, i * HEADER_BYTES + 40);
	}

	#flush(count: number): number {
		for (let done = 0; done < count; ) {
			const sent = this.#send(this.#fd, this.#headers.address + done * HEADER_BYTES, count - done, 0);
			if (sent <= 0) break;
			done += sent;
		}
		return 0;
	}
}

function writePointer(bytes: Buffer, at: number, address: number): void {
	bytes.writeUInt32LE(address % 2 ** 32, at);
	bytes.writeUInt32LE(Math.floor(address / 2 ** 32), at + 4);
}
