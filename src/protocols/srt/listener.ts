import { createHmac, randomInt } from "node:crypto";
import type { Millis } from "../../media/time.ts";
import type { Keys } from "./crypto.ts";
import {
	agreedDelays,
	flag,
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
import { control, controlTypeOf, HEAD_BYTES, isControl, timestampOf, writeControl } from "./packet.ts";

/** Older peers do not know the handshake of version 5 (section 3.2.1.1.1). */
const LEAST_VERSION = 0x01_03_00;
/** A cookie is good for one to two of these. */
const COOKIE_MS = 60_000;
/** An answer is kept so long, for a caller who did not get it. */
const KEEP_ANSWER_MS = 10_000;
/** Callers whose answers are being worked out or kept. */
const MAX_CALLERS = 20_000;
/** Of one address: nobody takes the place of all others. */
const MAX_FROM_ONE = 2000;
const MAX_WINDOW = 8192;

/** Where a datagram came from: a caller, as the listener knows it. */
export interface Remote {
	readonly address: string;
	readonly port: number;
	/** Sends a datagram back. The head means nothing after the call, the payload behind it never changes. */
	send(head: Buffer, payload?: Uint8Array): void;
}

/** A caller that has shown that it is where it says. To be answered once, by `accept` or `refuse`. */
export interface Call {
	readonly handshake: Handshake;
	readonly caller: Remote;
	/** Timestamp of the caller's packet, and when it came. */
	readonly timestamp: number;
	readonly at: Millis;
}

interface Answer {
	readonly address: string;
	readonly bytes: Buffer | undefined;
	/** When it was first sent: timestamps count from then. */
	readonly at: Millis;
}

/**
 * The listening side of the handshake (draft-sharabayko-srt section 4.3.1). Keeps nothing of callers before their cookie
 * came back. Pure: datagrams in, datagrams and calls out.
 */
export class Listener {
	readonly #secret: Buffer;
	readonly #onCall: (call: Call) => void;
	readonly #answers = new Map<string, Answer>();
	/** Answers to each address. */
	readonly #from = new Map<string, number>();

	constructor(secret: Buffer, onCall: (call: Call) => void) {
		this.#secret = secret;
		this.#onCall = onCall;
	}

	/** A datagram for no socket. False where it is no handshake. */
	datagram(bytes: Buffer, caller: Remote, now: Millis): boolean {
		if (bytes.length < HEAD_BYTES || !isControl(bytes) || controlTypeOf(bytes) !== control.handshake) return false;
		const handshake = parseHandshake(bytes.subarray(HEAD_BYTES));
		if (!handshake) return false;
		if (handshake.type === handshakeType.induction) this.#greet(handshake, caller, now);
		else if (handshake.type === handshakeType.conclusion) {
			this.#conclude({ handshake, caller, timestamp: timestampOf(bytes), at: now });
		} else if (handshake.type === handshakeType.waveAHand) this.#turnAway(handshake, caller);
		else return false;
		return true;
	}

	/** Lets a caller in. Gives what its session needs. */
	accept(call: Call, latency: Millis, keys: Keys | undefined, now: Millis): SessionSettings {
		const { handshake } = call;
		const delays = agreedDelays(latency, handshake.hello!);
		const socketId = randomInt(1, 0x4000_0000);
		this.#answer(
			call,
			{
				...handshake,
				encryption: keys ? keys.keyBytes / 8 : 0,
				extension: has.handshake | (keys ? has.key : 0),
				flowWindow: Math.min(MAX_WINDOW, handshake.flowWindow),
				socketId,
				hello: ownHello(keys !== undefined, delays),
				streamId: undefined,
			},
			now,
		);
		return {
			socketId,
			peerSocketId: handshake.socketId,
			initialSequence: handshake.initialSequence,
			startedAt: now,
			peerTimestamp: call.timestamp,
			peerAt: call.at,
			...delays,
			keys,
		};
	}

	/** Turns a caller away, by a code of `rejection`. */
	refuse(call: Call, code: number): void {
		const { hello: _, keys: __, streamId: ___, ...fixed } = call.handshake;
		this.#answer(call, { ...fixed, extension: 0, type: code, socketId: 0 }, call.at);
	}

	/** To be called about once a second: forgets what nobody asks for any more. */
	tick(now: Millis): void {
		for (const [key, { address, bytes, at }] of this.#answers) {
			if (!bytes || now - at <= KEEP_ANSWER_MS) continue;
			this.#answers.delete(key);
			const others = this.#from.get(address)! - 1;
			if (others > 0) this.#from.set(address, others);
			else this.#from.delete(address);
		}
	}

	#greet(handshake: Handshake, caller: Remote, now: Millis): void {
		const cookie = this.#cookie(caller, Math.floor(now / COOKIE_MS));
		const answer = { ...handshake, version: 5, encryption: 0, extension: MAGIC, cookie };
		this.#send(caller, handshake.socketId, answer);
	}

	/** Two callers that call each other (rendezvous, section 4.3.2): here is a listener. */
	#turnAway({ hello: _, keys: __, streamId: ___, ...fixed }: Handshake, caller: Remote): void {
		this.#send(caller, fixed.socketId, { ...fixed, extension: 0, type: rejection.rogue, socketId: 0 });
	}

	#conclude(call: Call): void {
		const { handshake, caller, at } = call;
		const turn = Math.floor(at / COOKIE_MS);
		const isFresh = [turn, turn - 1].some((one) => this.#cookie(caller, one) === handshake.cookie);
		// Without its cookie a caller may be anybody: it gets no answer.
		if (!isFresh) return;
		const known = this.#answers.get(keyOf(call));
		if (known) {
			this.#repeat(known, call);
			return;
		}
		const others = this.#from.get(caller.address) ?? 0;
		if (this.#answers.size >= MAX_CALLERS || others >= MAX_FROM_ONE) return;
		this.#from.set(caller.address, others + 1);
		this.#answers.set(keyOf(call), { address: caller.address, bytes: undefined, at });
		const fault = faultOf(handshake);
		if (fault) this.refuse(call, fault);
		else this.#onCall(call);
	}

	#answer(call: Call, handshake: Handshake, at: Millis): void {
		const { caller } = call;
		const bytes = this.#send(caller, call.handshake.socketId, handshake);
		this.#answers.set(keyOf(call), { address: caller.address, bytes, at });
	}

	/** The answer was lost. The caller's clock begins with the one that it gets: that one says how late it is. */
	#repeat({ bytes, at }: Answer, { caller, at: now }: Call): void {
		if (!bytes) return;
		bytes.writeUInt32BE(Math.round(1000 * (now - at)) >>> 0, 8);
		caller.send(bytes);
	}

	#send(caller: Remote, socketId: number, handshake: Handshake): Buffer {
		const bytes = writeControl(control.handshake, 0, 0, 0, socketId, writeHandshake(handshake, true));
		caller.send(bytes);
		return bytes;
	}

	#cookie({ address, port }: Remote, turn: number): number {
		return createHmac("sha256", this.#secret).update(`${address} ${port} ${turn}`).digest().readUInt32BE(0);
	}
}

function keyOf({ caller, handshake }: Call): string {
	return `${caller.address} ${caller.port} ${handshake.socketId} ${handshake.cookie}`;
}

/** What a conclusion cannot be accepted with; 0 for nothing. */
function faultOf({ version, hello, congestion, socketId }: Handshake): number {
	if (version !== 5 || !hello || hello.version < LEAST_VERSION) return rejection.version;
	if (socketId === 0) return rejection.rogue;
	if (hello.flags & flag.stream) return rejection.messageApi;
	if (congestion !== undefined && congestion !== "live") return rejection.congestion;
	return 0;
}
