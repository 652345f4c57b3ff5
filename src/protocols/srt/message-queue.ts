import type { Millis } from "../../media/time.ts";
import type { Session } from "./session.ts";

/** Seven packets of a transport stream: what SRT's live mode sends as one message. */
const MESSAGE_BYTES = 1316;
/** So many leave at once, which a socket of the usual 208 kB takes; the rest of a large picture follows in steps. */
const STEP_MESSAGES = 64;
const STEP_MS = 8;

/** Whole packets of a transport stream as messages. They are views of the bytes. */
export function messagesOf(bytes: Uint8Array): Uint8Array[] {
	const messages: Uint8Array[] = [];
	for (let at = 0; at < bytes.length; at += MESSAGE_BYTES) messages.push(bytes.subarray(at, at + MESSAGE_BYTES));
	return messages;
}

/** Messages on their way into a session, as it has room. */
export class MessageQueue {
	readonly #session: Session;
	#waiting: (readonly Uint8Array[])[] = [];
	/** Messages of the first lot that have gone. */
	#gone = 0;
	#bytes = 0;
	#stepAt = Number.NEGATIVE_INFINITY;
	#left = 0;

	constructor(session: Session) {
		this.#session = session;
	}

	/** Bytes that wait. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Adds messages, which must not change any more: they may be shared with other sessions. */
	push(messages: readonly Uint8Array[]): void {
		if (messages.length === 0) return;
		this.#waiting.push(messages);
		for (const { length } of messages) this.#bytes += length;
	}

	/** Sends what waits. False where something is left. */
	drain(now: Millis): boolean {
		if (now - this.#stepAt >= STEP_MS) {
			this.#stepAt = now;
			this.#left = STEP_MESSAGES;
		}
		for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
			while (this.#gone < first.length) {
				const message = first[this.#gone]!;
				if (this.#left === 0 || !this.#session.write(message, now)) return false;
				this.#left--;
				this.#gone++;
				this.#bytes -= message.length;
			}
			this.#waiting.shift();
			this.#gone = 0;
		}
		return true;
	}
}
