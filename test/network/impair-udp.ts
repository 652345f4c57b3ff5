import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Direction, type Impairment, seeded } from "./impair.ts";

/** A bad network in front of a UDP port of the loopback, for any number of clients. */
export class ImpairedUdp implements AsyncDisposable {
	/** From the clients to the port, and back. */
	readonly there: Direction;
	readonly back: Direction;
	readonly #front: Socket;
	readonly #target: number;
	readonly #clients = new Map<number, Socket>();
	readonly #timers = new Set<NodeJS.Timeout>();

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
		for (const timer of this.#timers) clearTimeout(timer);
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
		const now = performance.now();
		const at = direction.datagram(bytes.length, now);
		if (at === undefined) return;
		const timer = setTimeout(
			() => {
				this.#timers.delete(timer);
				send();
			},
			Math.max(0, at - now),
		);
		this.#timers.add(timer);
	}
}
