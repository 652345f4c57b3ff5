import type { Millis } from "../../media/time.ts";
import type { Session } from "./session.ts";

/** Seven packets of a transport stream: what SRT's live mode sends as one message. */
const MESSAGE_BYTES = 1316;

/** Bytes on their way into a session, in messages, as it has room. */
export class MessageQueue {
	readonly #session: Session;
	#waiting: Buffer[] = [];
	#bytes = 0;

	constructor(session: Session) {
		this.#session = session;
	}

	/** Bytes that wait. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Adds whole packets of a transport stream. Messages do not go across. */
	push(bytes: Buffer): void {
		if (bytes.length === 0) return;
		this.#waiting.push(bytes);
		this.#bytes += bytes.length;
	}

	/** Sends what waits. False where something is left. */
	drain(now: Millis): boolean {
		for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
			const rest = this.#send(first, now);
			this.#bytes -= first.length - rest.length;
			if (rest.length > 0) {
				this.#waiting[0] = rest;
				return false;
			}
			this.#waiting.shift();
		}
		return true;
	}

	/** Gives what is left. */
	#send(bytes: Buffer, now: Millis): Buffer {
		let rest = bytes;
		while (rest.length > 0 && this.#session.write(rest.subarray(0, MESSAGE_BYTES), now)) {
			rest = rest.subarray(MESSAGE_BYTES);
		}
		return rest;
	}
}
