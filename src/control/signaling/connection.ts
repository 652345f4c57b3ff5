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

/** Who makes an offer. */
interface Caller {
	/** What proves who it is; undefined for what came with the connection. */
	readonly token: string | undefined;
	/** Aborts when it wants no answer any more. */
	readonly gone: AbortSignal;
	/** Told when the session is over, with the reason. */
	onEnd(reason: string): void;
}

/** What a connection needs of the room behind it. */
export interface Switchboard {
	/** Takes an offer. Rejects with an error whose message is a sentence for people. */
	call(offer: Offer, caller: Caller): Promise<Call>;
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
	/** The last offer; aborted by a newer one, or the end: what is answered then belongs to nobody. */
	#offered = new AbortController();
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
		this.#offered = new AbortController();
		const gone = this.#offered.signal;
		const onEnd = (reason: string): void => {
			if (gone.aborted) return;
			this.#call = undefined;
			this.#say({ what: "over", message: reason });
		};
		try {
			const call = await this.#board.call(offer, { token: this.#token, gone, onEnd });
			if (gone.aborted) return call.end();
			this.#call = call;
			this.#say({ what: "answer", direction: offer.direction, sdp: call.sdp, session: call.session });
			for (const candidate of candidatesOf(call.sdp)) this.#say({ what: "candidate", candidate });
		} catch (error) {
			if (gone.aborted) return;
			const message = error instanceof Error ? error.message : String(error);
			this.#say({ what: "refused", direction: offer.direction, message });
		}
	}

	#stop(): void {
		this.#offered.abort();
		const call = this.#call;
		this.#call = undefined;
		call?.end();
	}

	#say(telling: Telling): void {
		if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(say(this.#language, telling));
	}
}
