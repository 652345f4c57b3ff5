import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** A network between a peer and the relay: it loses datagrams by a seed, and can change the peer's address. */
export class Network implements AsyncDisposable {
	/** Share of datagrams lost in each direction, 0 to 1. */
	lossIn = 0;
	lossOut = 0;
	/** Nothing passes at all. */
	cut = false;
	lost = 0;
	readonly #front: Socket;
	readonly #target: number;
	#back: Socket;
	#peer: { address: string; port: number } | undefined;
	#seed: number;

	private constructor(front: Socket, back: Socket, target: number, seed: number) {
		this.#front = front;
		this.#back = back;
		this.#target = target;
		this.#seed = seed;
		front.on("message", (bytes, from) => {
			this.#peer = from;
			if (this.#passes(this.lossIn)) this.#back.send(bytes, this.#target, "127.0.0.1");
		});
		this.#listen();
	}

	/** A network to the relay's UDP port `target`. */
	static async open(target: number, seed: number): Promise<Network> {
		return new Network(await bound(), await bound(), target, seed);
	}

	/** The port that peers use in place of the relay's. */
	get port(): number {
		return this.#front.address().port;
	}

	/** From now on the relay sees the peer at another port, as after a change of network or of a NAT's mind. */
	async move(): Promise<void> {
		const old = this.#back;
		this.#back = await bound();
		this.#listen();
		old.close();
	}

	#listen(): void {
		this.#back.on("message", (bytes) => {
			const peer = this.#peer;
			if (peer && this.#passes(this.lossOut)) this.#front.send(bytes, peer.port, peer.address);
		});
	}

	#passes(loss: number): boolean {
		this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
		const passes = !this.cut && this.#seed / 2 ** 32 >= loss;
		if (!passes) this.lost++;
		return passes;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#front.close();
		this.#back.close();
	}
}

async function bound(): Promise<Socket> {
	const socket = createSocket("udp4");
	socket.bind(0, "127.0.0.1");
	await once(socket, "listening");
	return socket;
}
