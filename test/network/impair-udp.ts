import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Direction, type Impairment, seeded } from "./impair.ts";

/** Timers know whole milliseconds. */
const TIMER_MS = 1;

/** A datagram on its way: when it arrives, in milliseconds, and what it does then. */
interface Travelling {
	readonly at: number;
	readonly send: () => void;
}

/** A bad network in front of a UDP port of the loopback, for any number of clients. */
export class ImpairedUdp implements AsyncDisposable {
	/** From the clients to the port, and back. */
	readonly there: Direction;
	readonly back: Direction;
	readonly #front: Socket;
	readonly #target: number;
	readonly #clients = new Map<number, Socket>();
	/** What is on its way, in the order of its arrival: so it comes also when this process stood still. */
	readonly #travelling: Travelling[] = [];
	#timer: NodeJS.Timeout | undefined;

	private constructor(front: Socket, target: number, there: Direction, back: Direction) {
		this.#front = front;
		this.#target = target;
		this.there = there;
		this.back = back;
		front.on("message", (bytes, { port }) => {
			this.#later(this.there, bytes, () => this.#client(port).send(bytes, target, "127.0.0.1"));
		});
	}

	/** The same `seed` loses the same datagrams, as long as they come in the same order. */
	static async open(target: number, seed: number, there: Impairment, back: Impairment): Promise<ImpairedUdp> {
		const random = seeded(seed);
		const front = createSocket("udp4").bind(0, "127.0.0.1");
		await once(front, "listening");
		return new ImpairedUdp(front, target, new Direction(there, random), new Direction(back, random));
	}

	/** The port that clients use in place of the real one. */
	get port(): number {
		return this.#front.address().port;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		clearTimeout(this.#timer);
		for (const socket of [this.#front, ...this.#clients.values()]) socket.close();
	}

	#client(port: number): Socket {
		const known = this.#clients.get(port);
		if (known) return known;
		const socket = createSocket("udp4").bind(0, "127.0.0.1");
		socket.on("message", (bytes, from) => {
			if (from.port !== this.#target) return;
			this.#later(this.back, bytes, () => this.#front.send(bytes, port, "127.0.0.1"));
		});
		this.#clients.set(port, socket);
		return socket;
	}

	#later(direction: Direction, bytes: Buffer, send: () => void): void {
		const at = direction.datagram(bytes.length, performance.now());
		if (at === undefined) return;
		const behind = this.#travelling.findLastIndex((one) => one.at <= at);
		this.#travelling.splice(behind + 1, 0, { at, send });
		if (behind === -1) this.#wait();
	}

	/** Waits for the next arrival. */
	#wait(): void {
		clearTimeout(this.#timer);
		const next = this.#travelling[0];
		if (next) this.#timer = setTimeout(() => this.#arrive(), Math.max(0, next.at - performance.now()));
	}

	#arrive(): void {
		const now = performance.now() + TIMER_MS / 2;
		while (this.#travelling[0] && this.#travelling[0].at <= now) this.#travelling.shift()!.send();
		this.#wait();
	}
}
