import type { WebSocket } from "../../net/web-socket.ts";
import { candidatesOf, type Heard, hear, type Language, type Said, say, type Telling } from "./words.ts";

type Offer = Extract<Said, { what: "offer" }>;

/** A session that a connection has. */
export interface Call {
	readonly session: string;
	readonly sdp: string;
	/** Ends it. */
	end(): void;
}

/** What a connection needs of the room behind it. */
export interface Switchboard {
	/**
	 * Takes an offer from somebody who shows `token`, or what came with the connection. Rejects with an error whose message is
	 * a sentence for people. `onEnd` is told when the session is over for another reason than its end being asked for.
	 */
	call(offer: Offer, token: string | undefined, onEnd: (reason: string) => void): Promise<Call>;
}

const MOST_IN_PERIOD = 200;
const PERIOD_MS = 10_000;
/** Close code of a client that does not keep to the rules (RFC 6455 section 7.4.1). */
const POLICY = 1008;

/** One client of signaling, from its first message to its last: at most one session at a time. */
export class Connection {
	readonly #socket: WebSocket;
	readonly #board: Switchboard;
	#language: Language = "type";
	#token: string | undefined;
	#call: Call | undefined;
	/** Counts offers: an answer that comes after a newer offer, or after the end, belongs to nobody. */
	#turn = 0;
	#heard = 0;
	#since = performance.now();

	constructor(socket: WebSocket, board: Switchboard) {
		this.#socket = socket;
		this.#board = board;
		socket.on("message", (data) => this.#take(String(data)));
		socket.on("close", () => this.#stop());
		socket.on("error", () => socket.terminate());
	}

	#take(text: string): void {
		const now = performance.now();
		if (now - this.#since > PERIOD_MS) {
			this.#since = now;
			this.#heard = 0;
		}
		this.#heard += 1;
		if (this.#heard > MOST_IN_PERIOD) this.#socket.close(POLICY, "too many messages");
		else this.#answer(hear(text));
	}

	#answer({ language, said, token }: Heard): void {
		this.#language = language;
		this.#token = token ?? this.#token;
		switch (said.what) {
			case "offer":
				void this.#offer(said);
				return;
			case "stop":
				this.#stop();
				return;
			case "ping":
				this.#say({ what: "pong" });
				return;
			case "wrong":
				this.#say({ what: "error", message: said.message });
				return;
			// An ICE-lite server needs no candidates of the client: it answers where it is asked from.
			case "candidate":
			case "token":
		}
	}

	async #offer(offer: Offer): Promise<void> {
		this.#stop();
		const turn = this.#turn;
		const isCurrent = (): boolean => turn === this.#turn;
		try {
			const call = await this.#board.call(offer, this.#token, (reason) => {
				if (!isCurrent()) return;
				this.#call = undefined;
				this.#say({ what: "over", message: reason });
			});
			if (!isCurrent()) return call.end();
			this.#call = call;
			this.#say({ what: "answer", direction: offer.direction, sdp: call.sdp, session: call.session });
			for (const candidate of candidatesOf(call.sdp)) this.#say({ what: "candidate", candidate });
		} catch (error) {
			if (!isCurrent()) return;
			const message = error instanceof Error ? error.message : String(error);
			this.#say({ what: "refused", direction: offer.direction, message });
		}
	}

	#stop(): void {
		this.#turn += 1;
		const call = this.#call;
		this.#call = undefined;
		call?.end();
	}

	#say(telling: Telling): void {
		if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(say(this.#language, telling));
	}
}
