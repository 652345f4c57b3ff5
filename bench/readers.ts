import { answer } from "./support/child.ts";
import { machineMs } from "./support/clock.ts";
import { type Counts, PacketFollower, take } from "./support/reader.ts";
import { RtspClient } from "./support/rtsp.ts";
import { close, Datagrams, memory, openUdp, Poll, receiveNow } from "./support/sockets.ts";
import { Samples, type Spread } from "./support/statistics.ts";
import { FRAME_HEADER } from "./support/stream.ts";

/** A process that reads streams over RTSP, by as many readers as wanted. */

export interface ReadOrder {
	readonly port: number;
	readonly path: string;
	readonly count: number;
	readonly transport: "tcp" | "udp";
	/** Whether the media is taken; sockets that nobody reads show what sending alone costs. */
	readonly listen: boolean;
}

export interface ReadReport extends Counts {
	/** Milliseconds from the publisher's sending a frame to its last byte here, since the last report. */
	readonly delay: Spread;
}

const CHUNK_BYTES = 262_144;
const WAIT_MS = 2;
const KEEP_ALIVE_MS = 20_000;
const KEEP_ALIVE_CHECK_MS = 1000;
/** How long `firstFrame` waits. */
const FIRST_FRAME_MS = 15_000;

const chunk = memory(CHUNK_BYTES);
const datagrams = new Datagrams();
const poll = new Poll();
const delays = new Samples();

/** One reader: where its media comes in, and what came. */
abstract class Reader {
	readonly follower = new PacketFollower({ delays });
	protected readonly client: RtspClient;
	#kept = machineMs();

	constructor(port: number, path: string) {
		this.client = new RtspClient(port, path);
	}

	/** The socket that media comes from. */
	abstract readonly fd: number;

	/** There is something to read. */
	abstract read(): void;

	close(): void {
		this.client.close();
	}

	keepAlive(now: number): void {
		if (now - this.#kept < KEEP_ALIVE_MS) return;
		this.#kept = now;
		this.client.keepAlive();
	}
}

class TcpReader extends Reader {
	/** The beginning of a packet whose rest is to come. */
	readonly #rest = Buffer.alloc(65_536 + FRAME_HEADER);
	#had = 0;

	constructor(port: number, path: string) {
		super(port, path);
		this.client.setup("RTP/AVP/TCP;unicast;interleaved=0-1");
		const first = this.client.play();
		first.copy(chunk.bytes);
		this.#take(first.length);
	}

	get fd(): number {
		return this.client.fd;
	}

	read(): void {
		this.#rest.copy(chunk.bytes, 0, 0, this.#had);
		const count = receiveNow(this.fd, chunk.address + this.#had, CHUNK_BYTES - this.#had);
		if (count === 0) poll.remove(this.fd);
		if (count > 0) this.#take(this.#had + count);
	}

	/** Follows the packets in the first `length` bytes of the chunk and keeps what is left. */
	#take(length: number): void {
		const { bytes } = chunk;
		let at = 0;
		while (at + FRAME_HEADER <= length) {
			if (bytes[at] !== 0x24) {
				const end = bytes.subarray(at, length).indexOf("\r\n\r\n");
				if (end < 0) break;
				at += end + 4;
				continue;
			}
			const size = bytes.readUInt16BE(at + 2);
			if (at + FRAME_HEADER + size > length) break;
			if (bytes[at + 1] === 0) this.follower.packet(bytes, at + FRAME_HEADER, size);
			at += FRAME_HEADER + size;
		}
		this.#had = bytes.copy(this.#rest, 0, at, length);
	}
}

class UdpReader extends Reader {
	readonly fd: number;
	readonly #control: number;

	constructor(port: number, path: string) {
		super(port, path);
		const { media, control, mediaPort } = openPair();
		this.fd = media;
		this.#control = control;
		this.client.setup(`RTP/AVP;unicast;client_port=${mediaPort}-${mediaPort + 1}`);
		this.client.play();
	}

	read(): void {
		const count = datagrams.receive(this.fd);
		for (let i = 0; i < count; i++) this.follower.packet(datagrams.bytes, datagrams.at(i), datagrams.length(i));
	}

	override close(): void {
		super.close();
		close(this.fd);
		close(this.#control);
	}
}

/** Two sockets on an even port and the one after it. */
function openPair(): { media: number; control: number; mediaPort: number } {
	for (;;) {
		const media = openUdp();
		if (!media) throw new Error("no free UDP port");
		const control = media.port % 2 === 0 ? openUdp(media.port + 1) : undefined;
		if (control) return { media: media.fd, control: control.fd, mediaPort: media.port };
		close(media.fd);
	}
}

let readers: Reader[] = [];
let asleep: Reader | undefined;
let running = false;

function loop(): void {
	if (!running) return;
	poll.wait(WAIT_MS, (id) => readers[id]?.read());
	setImmediate(loop);
}

function open(order: ReadOrder): Reader {
	return new (order.transport === "tcp" ? TcpReader : UdpReader)(order.port, order.path);
}

const keepAlive = setInterval(() => {
	const now = machineMs();
	for (const reader of readers) reader.keepAlive(now);
}, KEEP_ALIVE_CHECK_MS);
keepAlive.unref();

/** Milliseconds from connecting until the first complete key frame was there. */
function firstFrame(order: ReadOrder): number {
	const began = machineMs();
	const reader = open(order);
	const own = new Poll();
	own.add(reader.fd, 0);
	while (reader.follower.firstKeyAt < 0 && machineMs() - began < FIRST_FRAME_MS) {
		own.wait(WAIT_MS, () => reader.read());
	}
	reader.close();
	own.close();
	return reader.follower.firstKeyAt < 0 ? Number.POSITIVE_INFINITY : reader.follower.firstKeyAt - began;
}

const handlers = {
	/** Opens the readers one after the other, reading in between. */
	async start(order: ReadOrder): Promise<void> {
		running = true;
		loop();
		for (let i = 0; i < order.count; i++) {
			const reader = open(order);
			readers.push(reader);
			if (order.listen) poll.add(reader.fd, i);
			await new Promise(setImmediate);
		}
	},
	/** What came since the last report. */
	report(_: null): ReadReport {
		const report = { ...take(readers.map(({ follower }) => follower)), delay: delays.spread() };
		delays.clear();
		return report;
	},
	/** One reader's socket is not read any more. */
	stall(_: null): void {
		asleep = readers.pop();
		if (asleep) poll.remove(asleep.fd);
	},
	firstFrame,
	/** Readers that come, see a key frame and go, one after the other. Gives how many failed. */
	churn(order: ReadOrder): number {
		let failed = 0;
		for (let i = 0; i < order.count; i++) if (firstFrame(order) === Number.POSITIVE_INFINITY) failed++;
		return failed;
	},
	stop(_: null): void {
		running = false;
		for (const reader of readers) reader.close();
		asleep?.close();
		readers = [];
	},
};

export type ReadersHandlers = typeof handlers;

answer(handlers);
