import { answer } from "./support/child.ts";
import { machineMs, pause } from "./support/clock.ts";
import { RtspClient } from "./support/rtsp.ts";
import { memory, receiveNow, sendAll } from "./support/sockets.ts";
import { description, LoadStream, type StreamShape } from "./support/stream.ts";

/** A process that publishes load streams over RTSP/TCP. */

export interface PublishOrder {
	readonly port: number;
	/** One publisher for each path. */
	readonly paths: readonly string[];
	readonly shape: StreamShape;
}

const KEEP_ALIVE_MS = 20_000;
const DRAIN_BYTES = 65_536;

const drain = memory(DRAIN_BYTES);

/** One stream on its way: frame by frame, as a camera does. */
class Publisher {
	readonly #client: RtspClient;
	readonly #stream: LoadStream;
	#sequence = 1000;
	#frame = 0;
	#sent = 0;
	#kept = machineMs();

	constructor(port: number, path: string, stream: LoadStream) {
		this.#client = new RtspClient(port, path);
		this.#client.record(description());
		this.#stream = stream;
	}

	get sent(): number {
		return this.#sent;
	}

	/** Sends the next frame, packet by packet as ffmpeg and GStreamer do. */
	send(): void {
		const count = this.#stream.packets(this.#frame);
		const now = machineMs();
		const { memory: unit, starts } = this.#stream.prepare(this.#frame, this.#sequence, now);
		for (let i = 0; i < count; i++) sendAll(this.#client.fd, unit.address + starts[i]!, starts[i + 1]! - starts[i]!);
		this.#frame++;
		this.#sequence += count;
		this.#sent += count;
		if (now - this.#kept > KEEP_ALIVE_MS) this.#keep(now);
	}

	/** The next frame is a key frame: those before it are left out. */
	skipToKey(): void {
		while (!this.#stream.isKey(this.#frame)) this.#frame++;
	}

	/** Reads and forgets what the server says: answers and receiver reports. */
	drain(): void {
		while (receiveNow(this.#client.fd, drain.address, DRAIN_BYTES) === DRAIN_BYTES);
	}

	close(): void {
		this.#client.close();
	}

	#keep(now: number): void {
		this.#kept = now;
		this.#client.keepAlive();
	}
}

let publishers: Publisher[] = [];
let timer: NodeJS.Timeout | undefined;

let fps = 0;

/** The publishers send one after the other, spread over a frame's time. */
function run(): void {
	const step = 1000 / fps / publishers.length;
	let turn = 0;
	let due = machineMs();
	const tick = () => {
		for (; due <= machineMs(); due += step) {
			const publisher = publishers[turn++ % publishers.length];
			publisher?.send();
			if (turn % (fps * publishers.length) === 0) for (const each of publishers) each.drain();
		}
		timer = setTimeout(tick, Math.max(0, due - machineMs()));
	};
	tick();
}

const handlers = {
	start({ port, paths, shape }: PublishOrder): void {
		const stream = new LoadStream(shape);
		publishers = paths.map((path) => new Publisher(port, path, stream));
		fps = shape.fps;
		run();
	},
	/** Sends nothing more until it is told to. */
	hush(_: null): void {
		clearTimeout(timer);
	},
	/** So many frames at their own pace, from a key frame on; resolves with their packets when the last one is sent. */
	async play(frames: number): Promise<number> {
		const before = handlers.sent(null);
		for (const publisher of publishers) publisher.skipToKey();
		const began = machineMs();
		for (let i = 0; i < frames; i++) {
			await pause(began + (i * 1000) / fps - machineMs());
			for (const publisher of publishers) publisher.send();
		}
		for (const publisher of publishers) publisher.drain();
		return handlers.sent(null) - before;
	},
	/** Packets sent since the start, by all together. */
	sent(_: null): number {
		return publishers.reduce((sum, publisher) => sum + publisher.sent, 0);
	},
	stop(_: null): void {
		clearTimeout(timer);
		for (const publisher of publishers) publisher.close();
		publishers = [];
	},
};

export type PublishersHandlers = typeof handlers;

answer(handlers);
