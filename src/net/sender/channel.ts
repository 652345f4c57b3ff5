import { Worker } from "node:worker_threads";
import type { Pool } from "../pool.ts";
import type { UdpSocket } from "../udp.ts";
import { clockOffset } from "./clock.ts";
import { CommandWriter } from "./commands.ts";
import { DgramOutlet } from "./dgram-outlet.ts";
import { Engine } from "./engine.ts";
import { openEvp } from "./evp.ts";
import { DO_SOCKET, DO_STOP, THREAD, THREAD_BYTES } from "./layout.ts";
import { type Memory, viewMemory } from "./memory.ts";
import { writeControls } from "./message-queue.ts";
import { NativeOutlet, OUTLET_BYTES } from "./native-outlet.ts";
import { Sealer } from "./sealer.ts";
import type { SenderSocket } from "./stream.ts";
import type { ThreadData } from "./thread.ts";

/** How the packets leave: in large messages that the kernel cuts, in one call for many, or each by its own call. */
export type SendLevel = "gso" | "sendmmsg" | "dgram";

/** When commands that found no room are tried again. */
const RETRY_MS = 1;
/** How long the main thread sends before it looks after its other work: an ordinary picture leaves in one go. */
const HOLD_MS = 4;

export interface ChannelOptions {
	readonly pool: Pool;
	readonly level: SendLevel;
	readonly behindMs: number;
	readonly say: (message: string) => void;
	/** Finds a socket by its number. */
	readonly socket: (number: number) => UdpSocket | undefined;
	/** Gives the stamp of the command that is posted next. */
	readonly stamp: () => number;
	/** It has ended without being told to: nothing of what was posted here leaves any more. Called once. */
	readonly failed: (channel: Channel, cause: unknown) => void;
}

/** Fills a command in; called when it is posted, which may be later than asked. */
type Fill = (command: Uint32Array) => void;

/** The main thread's side of one sending thread, or of the engine that runs in the main thread in its place. */
export class Channel {
	/** Destinations that it serves. */
	load = 0;
	/** It has a thread of its own. */
	readonly threaded: boolean;
	readonly memory: Memory;
	readonly #options: ChannelOptions;
	readonly #block: number;
	readonly #writer: CommandWriter;
	readonly #command = new Uint32Array(16);
	readonly #sockets = new Set<number>();
	readonly #regions: number[] = [];
	readonly #worker: Worker | undefined;
	#engine: Engine | undefined;
	readonly #exit: Promise<void>;
	#late: Fill[] = [];
	#retry: NodeJS.Timeout | undefined;
	#timer: NodeJS.Timeout | undefined;
	#soon: NodeJS.Immediate | undefined;
	/** Stamp of the last command that was posted here. */
	#last = 0;
	#closed = false;
	#ended = false;
	/** What went wrong in the thread. */
	#cause: unknown;

	/**
	 * @param threaded whether it runs in a thread of its own
	 * @throws RangeError where the pool has no memory left
	 */
	constructor(options: ChannelOptions, threaded: boolean) {
		const { pool } = options;
		this.#options = options;
		this.threaded = threaded;
		this.memory = viewMemory(pool.shared, pool.address);
		this.#block = pool.allocate(THREAD_BYTES);
		if (this.#block < 0) throw new RangeError("no media memory left for another sending thread");
		pool.words.fill(0, this.#block >> 2, (this.#block + THREAD.scratch) >> 2);
		this.follow(this);
		writeControls(this.memory, this.#block);
		this.#writer = new CommandWriter(this.memory, this.#block);
		this.#worker = threaded ? this.#start() : undefined;
		this.#engine = threaded ? undefined : this.#build();
		this.#exit = new Promise((resolve) => {
			if (!this.#worker) return resolve();
			this.#worker.once("exit", (code) => {
				this.#ended = true;
				resolve();
				this.#fail(this.#cause ?? new Error(`the thread ended with code ${code}`));
			});
		});
	}

	/** Nothing runs here any more: what was given to it belongs to nobody. */
	get ended(): boolean {
		return this.#ended;
	}

	#start(): Worker {
		const { pool, behindMs, level, say } = this.#options;
		const data: ThreadData = {
			shared: pool.shared,
			address: pool.address,
			block: this.#block,
			behindMs,
			segmenting: level === "gso",
			clockOffset: clockOffset(),
		};
		const ending = import.meta.url.slice(import.meta.url.lastIndexOf("."));
		const worker = new Worker(new URL(`./thread${ending}`, import.meta.url), { workerData: data });
		worker.on("message", say);
		// Its exit follows.
		worker.on("error", (error) => {
			this.#cause = error;
		});
		worker.unref();
		return worker;
	}

	/** The same engine for the main thread. */
	#build(): Engine {
		const { memory } = this;
		const { behindMs, level, say, socket } = this.#options;
		const evp = level === "dgram" ? undefined : openEvp();
		const block = this.#block;
		const sealer = evp && new Sealer(memory, evp, block);
		const clock = (): number => performance.now();
		return new Engine(memory, {
			block,
			behindMs,
			holdMs: HOLD_MS,
			clock,
			sealer,
			say,
			outlet: (number, fd, region, events) => {
				const known = socket(number);
				if (level === "dgram" && known) return new DgramOutlet(memory, known.dgram, clock);
				return new NativeOutlet(memory, sealer, { fd, region, block, segmenting: level === "gso", clock, events });
			},
		});
	}

	/** Its thread wakes that of `next` where both have commands. */
	follow(next: Channel): void {
		this.memory.words[(this.#block + THREAD.next) >> 2] = next.#block;
	}

	/** Posts a command that may be lost where the thread is far behind. */
	offer(fill: Fill): boolean {
		if (!this.#put(fill)) return false;
		this.wake();
		return true;
	}

	#put(fill: Fill): boolean {
		if (this.#closed || this.#late.length > 0) return false;
		this.#command.fill(0);
		fill(this.#command);
		const stamp = this.#options.stamp();
		this.#command[1] = stamp >>> 0;
		if (!this.#writer.post(this.#command)) return false;
		this.#last = stamp;
		return true;
	}

	/** Posts a command; where there is no room, later. The same `fill` waits once. */
	post(fill: Fill): void {
		this.lay(fill);
		this.wake();
	}

	/** Lets what was laid be done. */
	wake(): void {
		if (this.#closed) return;
		if (this.#worker) this.#writer.wake();
		else this.#run();
	}

	/** As `post`, but does not wake the thread: that is for the caller to do, when others have theirs. */
	lay(fill: Fill): void {
		if (this.#closed || this.#put(fill)) return;
		if (!this.#late.includes(fill)) this.#late.push(fill);
		this.#retry ??= setTimeout(() => this.#postLate(), RETRY_MS);
	}

	#postLate(): void {
		this.#retry = undefined;
		for (const fill of this.#late.splice(0)) this.post(fill);
	}

	/** Tells the thread of a socket before it is used first. False where the pool has no memory for it. */
	announce({ number, fd }: SenderSocket): boolean {
		if (this.#sockets.has(number)) return true;
		const { pool, level } = this.#options;
		const region = level === "dgram" ? 0 : pool.allocate(OUTLET_BYTES);
		if (region < 0) return false;
		if (level !== "dgram") this.#regions.push(region);
		this.#sockets.add(number);
		this.post((command) => command.set([DO_SOCKET, 0, number, fd, region]));
		return true;
	}

	/** The stamp up to which nothing is unsent; Infinity where that is so for everything posted. */
	settled(): number {
		if (this.#closed) return Number.POSITIVE_INFINITY;
		const settled = Atomics.load(this.memory.ints, (this.#block + THREAD.settled) >> 2);
		const missing = (this.#last - settled) | 0;
		return missing <= 0 ? Number.POSITIVE_INFINITY : this.#last - missing;
	}

	/** Runs the engine that is here, and again while it has something to do. */
	#run(): void {
		if (!this.#engine || this.#engine.stopped) return;
		clearTimeout(this.#timer);
		this.#timer = undefined;
		let wait: number;
		try {
			wait = this.#engine.run();
		} catch (error) {
			this.#engine = undefined;
			this.#ended = true;
			this.#fail(error);
			return;
		}
		if (wait === Number.POSITIVE_INFINITY || this.#engine.stopped) return;
		if (wait > 0) this.#timer = setTimeout(() => this.#run(), wait);
		else
			this.#soon ??= setImmediate(() => {
				this.#soon = undefined;
				this.#run();
			});
	}

	#fail(cause: unknown): void {
		if (this.#closed) return;
		this.#release();
		// Whoever is sending a batch must not meet it half done.
		setImmediate(() => this.#options.failed(this, cause));
	}

	/** Gives all memory back: nobody uses it any more. */
	#release(): void {
		this.#closed = true;
		this.#late = [];
		clearTimeout(this.#retry);
		clearTimeout(this.#timer);
		for (const region of this.#regions.splice(0)) this.#options.pool.retire(region);
		this.#options.pool.retire(this.#block);
	}

	async close(): Promise<void> {
		if (this.#closed) return this.#exit;
		this.#late = [];
		this.#worker?.ref();
		const stop: Fill = (command) => command.set([DO_STOP]);
		while (!this.#closed && !this.offer(stop)) await new Promise((resolve) => setTimeout(resolve, 1));
		if (this.#closed) return this.#exit;
		this.#closed = true;
		await this.#exit;
		this.#release();
	}
}
