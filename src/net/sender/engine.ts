import { CommandReader } from "./commands.ts";
import { Destination } from "./destination.ts";
import { Lane, type LaneHost, type Standing, type StreamView } from "./lane.ts";
import {
	DO_ADDRESS,
	DO_BATCH,
	DO_CLOSE,
	DO_JOIN,
	DO_LEAVE,
	DO_REPLAY,
	DO_RESEND,
	DO_SOCKET,
	DO_STOP,
	RECORD,
	RECORD_BYTES,
	RECORD_FREE,
	RESEND_MAX,
	THREAD,
} from "./layout.ts";
import type { Memory } from "./memory.ts";
import type { Outlet, OutletEvents } from "./outlet.ts";
import type { Sealer } from "./sealer.ts";
import { RingView, Slice } from "./slice.ts";

/** How long joining readers may hold up the live ones. */
const BURST_MS = 2;

const NEVER = Number.POSITIVE_INFINITY;

export interface EngineOptions {
	/** Offset of the thread's block. */
	readonly block: number;
	readonly behindMs: number;
	/** How long it may send before the thread does something else; Infinity for a thread of its own. */
	readonly holdMs: number;
	/** Milliseconds of the clock that stamps packets. */
	readonly clock: () => number;
	readonly sealer: Sealer | undefined;
	/** Makes the outlet of a socket that was announced: its number, descriptor and memory. */
	readonly outlet: (socket: number, fd: number, region: number, events: OutletEvents) => Outlet;
	/** Something worth a line in the log, said once. */
	readonly say: (message: string) => void;
}

interface Stream extends StreamView {
	readonly id: number;
}

/** A destination that left while messages to it wait in sockets. */
interface Grave {
	readonly destination: Destination;
	readonly waiting: readonly { outlet: Outlet; generation: number }[];
}

/** What a sending thread does: it takes commands and sends packets. It runs in a worker or in the caller's thread. */
export class Engine implements LaneHost {
	readonly slice = new Slice();
	readonly behindMs: number;
	readonly clock: () => number;
	readonly commands: CommandReader;
	stopped = false;
	readonly #memory: Memory;
	readonly #options: EngineOptions;
	readonly #streams = new Map<number, Stream>();
	readonly #outlets = new Map<number, Outlet>();
	readonly #destinations = new Map<number, { destination: Destination; stream: Stream }>();
	/** Lanes with something to do. */
	#work: Lane[] = [];
	#moves: Destination[] = [];
	#graves: Grave[] = [];
	readonly #began: number;
	#until = NEVER;
	/** Stamp of the command that was taken last; not wrapped. */
	#stamp = 0;

	constructor(memory: Memory, options: EngineOptions) {
		this.#memory = memory;
		this.#options = options;
		this.behindMs = options.behindMs;
		this.clock = options.clock;
		this.#began = options.clock();
		this.commands = new CommandReader(memory, options.block);
	}

	/**
	 * Takes all commands and sends what is due. Returns in how many milliseconds it wants to be run again; Infinity:
	 * at the next command.
	 */
	run(): number {
		const start = this.clock();
		this.#until = start + this.#options.holdMs;
		this.#take();
		let wait = this.#flush();
		for (const lane of this.#work) wait = Math.min(wait, lane.advance(this.clock()));
		const now = this.clock();
		for (const lane of this.#work) {
			if (lane.bursts.length > 0) wait = Math.min(wait, lane.burst(now, now + BURST_MS));
		}
		wait = Math.min(wait, this.#flush());
		if (this.#moves.length > 0) wait = this.#move();
		if (this.#graves.length > 0) this.#bury();
		this.#settle();
		// Sending to many takes longer than a step's pause: what is due by now is not put off again.
		return Math.max(0, wait - (this.clock() - start));
	}

	late(): boolean {
		return this.#until < NEVER && this.clock() > this.#until;
	}

	#take(): void {
		for (let at = this.commands.next(); at >= 0; at = this.commands.next()) {
			this.#stamp += (this.#memory.words[at + 1]! - this.#stamp) | 0;
			this.#obey(at);
			this.commands.release();
		}
	}

	#obey(at: number): void {
		const { words } = this.#memory;
		const command = words[at];
		if (command === DO_BATCH) this.#update(at);
		else if (command === DO_SOCKET) this.#openSocket(words[at + 2]!, words[at + 3]!, words[at + 4]!);
		else if (command === DO_JOIN) this.#join(at, this.#update(at));
		else if (command === DO_LEAVE) this.#leave(words[at + 2]!);
		else if (command === DO_ADDRESS) this.#address(at);
		else if (command === DO_RESEND) this.#resend(at, this.#update(at));
		else if (command === DO_REPLAY) this.#replay(at, this.#update(at));
		else if (command === DO_CLOSE) this.#close(words[at + 2]!);
		else if (command === DO_STOP) this.#stop();
	}

	#stop(): void {
		for (const id of [...this.#streams.keys()]) this.#close(id);
		this.stopped = true;
	}

	#openSocket(socket: number, fd: number, region: number): void {
		const outlet = this.#options.outlet(socket, fd, region, {
			single: (destination) => this.#moves.push(destination),
			refused: (errno) =>
				this.#options.say(
					`the system refuses segmentation (errno ${errno}): packets leave one by one, which is slower`,
				),
		});
		this.#outlets.set(socket, outlet);
	}

	/** The part that all commands about a stream have in common: where its ring is, and how far it is complete. */
	#update(at: number): Stream {
		const { words } = this.#memory;
		const id = words[at + 2]!;
		let stream = this.#streams.get(id);
		if (!stream) {
			stream = { id, ring: new RingView(this.#memory, this.#began), lanes: [] };
			stream.ring.to = words[at + 6]!;
			this.#streams.set(id, stream);
		}
		const { ring } = stream;
		const before = ring.to;
		ring.update(words[at + 3]!, words[at + 4]!);
		ring.hasKeys = words[at + 7] === 1;
		ring.to += (words[at + 6]! - ring.to) | 0;
		ring.tail = ring.to + ((words[at + 5]! - ring.to) | 0);
		for (const lane of stream.lanes) {
			lane.extend(this.#stamp, before);
			this.#queue(lane);
		}
		return stream;
	}

	#queue(lane: Lane): void {
		if (lane.queued) return;
		lane.queued = true;
		this.#work.push(lane);
	}

	#join(at: number, stream: Stream): void {
		const { words } = this.#memory;
		const record = words[at + 8]!;
		if (!this.#isRecord(record)) return;
		const destination = new Destination(this.#memory, record, stream.ring.to);
		this.#destinations.set(record, { destination, stream });
		if (this.#options.sealer ? !this.#options.sealer.open(destination) : destination.protection !== 0) {
			this.#options.say("a destination cannot be served: OpenSSL refuses its key");
			this.#leave(record);
			return;
		}
		const from = stream.ring.to + ((words[at + 9]! - stream.ring.to) | 0);
		const cursor = Math.min(Math.max(from, stream.ring.tail), stream.ring.to);
		this.place(destination, stream, { cursor, since: this.#stamp, waiting: false });
	}

	#isRecord(record: number): boolean {
		return record % 8 === 0 && record + RECORD_BYTES <= this.#memory.bytes.length;
	}

	place(destination: Destination, stream: StreamView, where: Standing): void {
		const outlet = this.#outlets.get(destination.socket);
		if (!outlet) return;
		const { kind, mask, single } = destination;
		let lane = stream.lanes.find(
			({ what }) => what.outlet === outlet && what.kind === kind && what.mask === mask && what.single === single,
		);
		if (!lane) {
			lane = new Lane(this, { stream, outlet, kind, mask, single });
			stream.lanes.push(lane);
		}
		const { cursor, waiting } = where;
		const since = Math.min(where.since, this.#stamp);
		lane.bursts.push({ destination, cursor, end: NEVER, since, nextAt: 0, waiting });
		destination.lane = lane;
		this.#queue(lane);
	}

	#leave(record: number): void {
		const known = this.#destinations.get(record);
		if (!known) return;
		const { destination } = known;
		destination.gone = true;
		this.#destinations.delete(record);
		this.#unplace(destination);
		this.#options.sealer?.close(destination);
		this.#memory.bytes.fill(0, record + RECORD.key, record + RECORD.tracks);
		const waiting = [...this.#outlets.values()]
			.filter((outlet) => !outlet.empty)
			.map((outlet) => ({ outlet, generation: outlet.generation }));
		this.#graves.push({ destination, waiting });
	}

	/** Takes a destination out of its lane. */
	#unplace(destination: Destination): Standing {
		const { lane } = destination;
		if (!lane) return { cursor: -1, since: NEVER, waiting: false };
		const where = lane.remove(destination);
		destination.lane = undefined;
		this.#queue(lane);
		return where;
	}

	/** Records of those who left are free as soon as no message points to their address. */
	#bury(): void {
		this.#graves = this.#graves.filter(({ destination, waiting }) => {
			if (waiting.some(({ outlet, generation }) => outlet.generation === generation)) return true;
			this.#memory.bytes.fill(0, destination.record + RECORD.name, destination.record + RECORD_BYTES);
			Atomics.store(this.#memory.ints, (destination.record + RECORD.state) >> 2, RECORD_FREE);
			return false;
		});
	}

	#address(at: number): void {
		const { words } = this.#memory;
		const record = words[at + 2]!;
		const known = this.#destinations.get(record);
		if (!known) return;
		const { destination, stream } = known;
		const bytes = Math.min(words[at + 4]!, 28);
		destination.nameBytes = bytes;
		words[(record + RECORD.nameBytes) >> 2] = bytes;
		words.copyWithin((record + RECORD.name) >> 2, at + 5, at + 12);
		if (words[at + 3]! === destination.socket) return;
		const where = this.#unplace(destination);
		words[(record + RECORD.socket) >> 2] = words[at + 3]!;
		destination.single = false;
		if (where.cursor >= 0) this.place(destination, stream, where);
	}

	/** Destinations that cannot take GSO messages go into lanes without. */
	#move(): number {
		for (const destination of this.#moves.splice(0)) {
			const known = this.#destinations.get(destination.record);
			if (known?.destination !== destination) continue;
			const where = this.#unplace(destination);
			if (where.cursor >= 0) this.place(destination, known.stream, where);
		}
		return 0;
	}

	/** Sends single packets again: as retransmissions of their own where the destination has them, else the same bytes. */
	#resend(at: number, stream: Stream): void {
		const { words } = this.#memory;
		const destination = this.#destinations.get(words[at + 8]!)?.destination;
		const number = words[at + 9]! & 0xff;
		const track = destination?.tracks[number];
		const outlet = destination?.lane?.what.outlet;
		if (!destination || !track || !outlet || track.fresh) return;
		const count = Math.min(words[at + 9]! >>> 8, RESEND_MAX);
		for (let i = 0; i < count; i++) {
			const newest = (track.last - track.base) >>> 0;
			const sequence = (track.last - ((newest - words[at + 10 + i]!) & 0xffff)) >>> 0;
			if (!destination.mayRepeat(number, sequence)) continue;
			const packet = stream.ring.find(number, sequence);
			if (packet >= 0) this.#repeat(destination, stream, outlet, packet, track.hasRtx);
		}
	}

	#repeat(destination: Destination, stream: Stream, outlet: Outlet, packet: number, rtx: boolean): void {
		const kind = destination.kindAt(packet);
		this.slice.read(stream.ring, packet, packet + 1, destination.mask, destination.tag, 1);
		if (this.slice.count === 0 || (!outlet.room(this.slice) && !outlet.flush())) return;
		outlet.since = Math.min(outlet.since, this.#stamp);
		if (rtx) outlet.sendRtx(destination, this.slice);
		else {
			outlet.send(destination, this.slice, kind);
			destination.account(this.slice, true);
		}
		destination.count(RECORD.resent, 1);
	}

	#replay(at: number, stream: Stream): void {
		const { words } = this.#memory;
		const destination = this.#destinations.get(words[at + 8]!)?.destination;
		const lane = destination?.lane;
		if (!destination || !lane) return;
		// A repetition that is under way is enough, and a join burst repeats nothing it has not sent.
		if (lane.bursts.some((burst) => burst.destination === destination)) return;
		const from = stream.ring.to + ((words[at + 9]! - stream.ring.to) | 0);
		const cursor = Math.max(from, stream.ring.tail);
		lane.bursts.push({ destination, cursor, end: lane.cursor, since: this.#stamp, nextAt: 0, waiting: false });
		this.#queue(lane);
	}

	#close(id: number): void {
		const stream = this.#streams.get(id);
		if (!stream) return;
		for (const [record, known] of this.#destinations) if (known.stream === stream) this.#leave(record);
		this.#streams.delete(id);
	}

	/** Gives all messages to their sockets. Returns when the first full one is tried again. */
	#flush(): number {
		let wait = NEVER;
		const now = this.clock();
		for (const outlet of this.#outlets.values()) {
			if (outlet.empty) continue;
			if (outlet.blockedUntil <= now && outlet.flush()) continue;
			wait = Math.min(wait, Math.max(0, outlet.blockedUntil - now));
		}
		return wait;
	}

	#forget(lane: Lane): void {
		const { lanes } = lane.what.stream;
		const at = lanes.indexOf(lane);
		if (at >= 0) lanes.splice(at, 1);
	}

	/** Drops lanes from the list that have nothing to do, and says up to which command nothing is unsent. */
	#settle(): void {
		let held = NEVER;
		let left = 0;
		for (const lane of this.#work) {
			const oldest = lane.held;
			held = Math.min(held, oldest);
			lane.queued = oldest < NEVER || lane.bursts.length > 0;
			if (lane.queued) this.#work[left++] = lane;
			else if (lane.live.length === 0) this.#forget(lane);
		}
		this.#work.length = left;
		for (const outlet of this.#outlets.values()) held = Math.min(held, outlet.since);
		const settled = held === NEVER ? this.#stamp : held - 1;
		Atomics.store(this.#memory.ints, (this.#options.block + THREAD.settled) >> 2, settled | 0);
	}
}
