import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Direction, type Impairment, seeded } from "./impair.ts";

/** What may wait in one direction of a connection before its sender has to. */
const HELD_BYTES = 65_536;

/** Acts that happen one after the other, each when its time has come and not before the one before it. */
class Queue {
	readonly #acts: { at: number; act: () => void }[] = [];
	#timer: NodeJS.Timeout | undefined;

	/** `at` (ms) is not before that of the last act. */
	add(at: number, act: () => void): void {
		this.#acts.push({ at, act });
		if (this.#acts.length === 1) this.#wait();
	}

	clear(): void {
		clearTimeout(this.#timer);
		this.#acts.length = 0;
	}

	#wait(): void {
		const [next] = this.#acts;
		if (next) this.#timer = setTimeout(() => this.#run(), Math.max(0, next.at - performance.now()));
	}

	#run(): void {
		const now = performance.now();
		for (let next = this.#acts[0]; next && next.at <= now; next = this.#acts[0]) {
			this.#acts.shift();
			next.act();
		}
		this.#wait();
	}
}

/** A bad network in front of a TCP port of the loopback, for any number of clients. */
export class ImpairedTcp implements AsyncDisposable {
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	readonly #queues = new Set<Queue>();
	readonly #random: () => number;
	#cut = false;

	private constructor(server: Server, target: number, seed: number, there: Impairment, back: Impairment) {
		this.#server = server;
		this.#random = seeded(seed);
		server.on("connection", (client) => {
			const relay = connect(target, "127.0.0.1");
			this.#carry(client, relay, there);
			this.#carry(relay, client, back);
		});
	}

	static async open(target: number, seed: number, there: Impairment, back: Impairment): Promise<ImpairedTcp> {
		const server = createServer().listen(0, "127.0.0.1");
		await once(server, "listening");
		return new ImpairedTcp(server, target, seed, there, back);
	}

	/** The port that clients use in place of the real one. */
	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	/** From now on nothing passes, and nobody is told. */
	cut(): void {
		this.#cut = true;
		for (const socket of this.#sockets) socket.pause();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const queue of this.#queues) queue.clear();
		for (const socket of this.#sockets) socket.destroy();
		this.#server.close();
		await once(this.#server, "close");
	}

	#carry(from: Socket, to: Socket, impairment: Impairment): void {
		const direction = new Direction(impairment, this.#random);
		const queue = new Queue();
		let held = 0;
		this.#queues.add(queue);
		this.#sockets.add(from);
		from.setNoDelay(true);
		from.on("data", (bytes) => {
			held += bytes.length;
			if (held > HELD_BYTES) from.pause();
			queue.add(direction.piece(bytes.length, performance.now()), () => {
				if (this.#cut) return;
				to.write(bytes);
				held -= bytes.length;
				if (held <= HELD_BYTES) from.resume();
			});
		});
		from.on("end", () => queue.add(direction.piece(0, performance.now()), () => to.end()));
		from.on("error", () => to.destroy());
		from.on("close", () => this.#sockets.delete(from));
	}
}
