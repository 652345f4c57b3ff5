import type { Millis } from "../../media/time.ts";
import type { Keys } from "./crypto.ts";
import {
	agreedDelays,
	type Handshake,
	handshakeType,
	has,
	MAGIC,
	ownHello,
	parseHandshake,
	rejection,
	writeHandshake,
} from "./handshake.ts";
import type { SessionSettings } from "./link.ts";
import { control, controlTypeOf, destinationOf, HEAD_BYTES, isControl, timestampOf, writeControl } from "./packet.ts";
import { WINDOW_PACKETS } from "./receive-buffer.ts";

/** A packet that got no answer is sent again after so long. */
const RETRY_MS = 250;
const MTU_BYTES = 1500;
/** Handshake types from here on are refusals (section 4.3). */
const FIRST_REFUSAL = 1000;
const LAST_REFUSAL = 0x7fff_ffff;
const HTTP_REFUSALS = 2000;

/** What a caller asks for. */
export interface CallerOptions {
	readonly socketId: number;
	readonly initialSequence: number;
	readonly streamId: string;
	readonly latency: Millis;
	readonly keys: Keys | undefined;
}

/** What a caller tells its owner. */
export interface CallerEvents {
	send(bytes: Buffer): void;
	/** The listener has let it in. */
	connected(settings: SessionSettings): void;
	/** The listener has not, or cannot be understood. `status`: as HTTP numbers it, where the listener does. */
	refused(reason: string, status?: number): void;
}

type State = { readonly at: "inducing" | "over" } | { readonly at: "concluding"; readonly cookie: number };

/** The calling side of the handshake (draft-sharabayko-srt section 4.3.1). Pure: datagrams and `tick` in, datagrams out. */
export class Caller {
	readonly #options: CallerOptions;
	readonly #events: CallerEvents;
	readonly #startedAt: Millis;
	#state: State = { at: "inducing" };
	#sentAt = Number.NEGATIVE_INFINITY;

	constructor(options: CallerOptions, events: CallerEvents, now: Millis) {
		this.#options = options;
		this.#events = events;
		this.#startedAt = now;
	}

	/** To be called every 10 ms, and at once to begin. */
	tick(now: Millis): void {
		if (this.#state.at === "over" || now - this.#sentAt < RETRY_MS) return;
		this.#sentAt = now;
		const timestamp = Math.round(1000 * (now - this.#startedAt));
		const body = writeHandshake(this.#handshake(this.#state), false);
		this.#events.send(writeControl(control.handshake, 0, 0, timestamp, 0, body));
	}

	datagram(bytes: Buffer, now: Millis): void {
		if (this.#state.at === "over" || bytes.length < HEAD_BYTES || !isControl(bytes)) return;
		if (controlTypeOf(bytes) !== control.handshake || destinationOf(bytes) !== this.#options.socketId) return;
		const answer = parseHandshake(bytes.subarray(HEAD_BYTES));
		if (!answer) return;
		if (answer.type >= FIRST_REFUSAL && answer.type <= LAST_REFUSAL) {
			this.#refuse(refusalText(answer.type), statusOf(answer.type));
		} else if (answer.type === handshakeType.induction && this.#state.at === "inducing") this.#induced(answer, now);
		else if (answer.type === handshakeType.conclusion && this.#state.at === "concluding") {
			this.#concluded(answer, timestampOf(bytes), now);
		}
	}

	#induced(answer: Handshake, now: Millis): void {
		if (answer.version !== 5 || answer.extension !== MAGIC) {
			this.#refuse("the listener does not speak version 5 of the handshake");
			return;
		}
		this.#state = { at: "concluding", cookie: answer.cookie };
		this.#sentAt = Number.NEGATIVE_INFINITY;
		this.tick(now);
	}

	#concluded({ hello, keys: material, socketId }: Handshake, peerTimestamp: number, now: Millis): void {
		const { keys, latency, initialSequence } = this.#options;
		if (!hello) return;
		// The listener repeats the keys that it could open; else it says why not in one word (section 3.2.2).
		if (keys && !material?.equals(keys.message(keys.first))) {
			this.#refuse("the listener has another passphrase, or none");
			return;
		}
		this.#state = { at: "over" };
		this.#events.connected({
			socketId: this.#options.socketId,
			peerSocketId: socketId,
			initialSequence,
			startedAt: this.#startedAt,
			peerTimestamp,
			peerAt: now,
			...agreedDelays(latency, hello),
			keys,
		});
	}

	#handshake(state: State): Handshake {
		const { socketId, initialSequence, streamId, latency, keys } = this.#options;
		const common = { initialSequence, mtu: MTU_BYTES, flowWindow: WINDOW_PACKETS, socketId };
		if (state.at !== "concluding") {
			// Section 4.3.1.1: version 4, and "datagram" in the field that version 5 has for extensions.
			return { ...common, version: 4, encryption: 0, extension: 2, type: handshakeType.induction, cookie: 0 };
		}
		return {
			...common,
			version: 5,
			encryption: keys ? keys.keyBytes / 8 : 0,
			extension: has.handshake | (keys ? has.key : 0) | (streamId ? has.config : 0),
			type: handshakeType.conclusion,
			cookie: state.cookie,
			hello: ownHello(keys !== undefined, { receiveDelay: latency, sendDelay: latency }),
			keys: keys?.message(keys.first),
			streamId,
		};
	}

	#refuse(reason: string, status?: number): void {
		this.#state = { at: "over" };
		this.#events.refused(reason, status);
	}
}

const reasons: Readonly<Record<number, string>> = {
	[rejection.peer]: "the listener has turned the call away",
	[rejection.resource]: "the listener has no room",
	[rejection.version]: "the listener wants another version",
	[rejection.badSecret]: "the passphrase is wrong",
	[rejection.unsecure]: "a passphrase is wanted, or none",
	[rejection.badRequest]: "the stream id is not understood",
	[rejection.unauthorized]: "the login is wrong",
	[rejection.overload]: "the listener is busy",
	[rejection.forbidden]: "this is not allowed",
	[rejection.notFound]: "there is no such stream",
	[rejection.conflict]: "somebody else publishes there",
	[rejection.locked]: "nobody wants it now",
};

/** Those of libsrt's access control are HTTP's from 2000 on. */
function statusOf(code: number): number | undefined {
	return code >= HTTP_REFUSALS + 400 && code < HTTP_REFUSALS + 600 ? code - HTTP_REFUSALS : undefined;
}

function refusalText(code: number): string {
	const known = reasons[code] ?? "the listener has refused the call";
	return `${known} (SRT rejection ${code - FIRST_REFUSAL})`;
}
