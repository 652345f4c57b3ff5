import type { Millis } from "../../media/time.ts";
import { Incoming } from "./incoming.ts";
import { Link, type SessionEvents, type SessionSettings } from "./link.ts";
import { Outgoing } from "./outgoing.ts";
import { control, controlTypeOf, extension, HEAD_BYTES, isControl, subtypeOf } from "./packet.ts";
import type { Statistics } from "./statistics.ts";

/** Section 3.2.3. */
const KEEP_ALIVE_MS = 1000;
/** A peer that says nothing for so long has gone. */
const SILENCE_MS = 5000;

/** What a control packet is given. */
interface Parts {
	readonly incoming: Incoming;
	readonly outgoing: Outgoing;
	/** Ends the session. */
	end(reason: string): void;
}

/**
 * An SRT connection after its handshake, in live mode (draft-sharabayko-srt sections 3 and 4). Pure: datagrams and
 * `tick` in, datagrams and messages out; times in milliseconds on the caller's clock.
 */
export class Session {
	readonly settings: SessionSettings;
	readonly statistics: Statistics;
	readonly #link: Link;
	readonly #incoming: Incoming;
	readonly #outgoing: Outgoing;
	readonly #parts: Parts;
	#heardAt: Millis;
	#over = false;

	constructor(settings: SessionSettings, events: SessionEvents, now: Millis) {
		this.#link = new Link(settings, events, now);
		this.settings = settings;
		this.statistics = this.#link.statistics;
		this.#incoming = new Incoming(this.#link, now);
		this.#outgoing = new Outgoing(this.#link, now);
		const end = (reason: string): void => this.#end(reason);
		this.#parts = { incoming: this.#incoming, outgoing: this.#outgoing, end };
		this.#heardAt = now;
	}

	/** Round-trip time in milliseconds. */
	get roundTrip(): Millis {
		return this.#link.roundTrip.smooth;
	}

	/** Packets that each side holds, and that it has room for. */
	get held(): { readonly sent: number; readonly received: number; readonly peerRoom: number; readonly room: number } {
		const { held: sent, peerRoom } = this.#outgoing;
		const { held: received, room } = this.#incoming;
		return { sent, received, peerRoom, room };
	}

	/** A datagram of the peer. */
	datagram(bytes: Buffer, now: Millis): void {
		if (this.#over || bytes.length < HEAD_BYTES) return;
		this.#heardAt = now;
		if (isControl(bytes)) handlers[controlTypeOf(bytes)]?.(this.#parts, bytes, now);
		else this.#incoming.data(bytes, now);
	}

	/**
	 * Sends one message, of at most 1456 bytes, which must not change any more. False where there is no room, and it was
	 * not sent.
	 */
	write(payload: Uint8Array, now: Millis): boolean {
		return !this.#over && this.#outgoing.write(payload, now);
	}

	/** To be called every 10 ms. */
	tick(now: Millis): void {
		if (this.#over) return;
		if (now - this.#heardAt > SILENCE_MS) {
			this.#end(`the peer has been silent for ${SILENCE_MS / 1000} s`);
			return;
		}
		this.#incoming.deliver(now);
		// Who gets the data may have closed the session.
		if (this.#over) return;
		this.#incoming.tell(now);
		this.#outgoing.tick(now);
		if (now - this.#link.spokeAt >= KEEP_ALIVE_MS) this.#link.control(control.keepAlive, 0, 0, now);
	}

	/** Leaves: tells the peer. */
	close(now: Millis): void {
		if (this.#over) return;
		this.#link.control(control.shutdown, 0, 0, now, Buffer.alloc(4));
		this.#over = true;
	}

	#end(reason: string): void {
		if (this.#over) return;
		this.#over = true;
		this.#link.events.closed(reason);
	}
}

type Handler = (parts: Parts, bytes: Buffer, now: Millis) => void;

/** What each control packet does (section 3.2, table 1). What is not in it is ignored. */
const handlers: Readonly<Record<number, Handler>> = {
	[control.ack]: ({ outgoing }, bytes, now) => outgoing.acknowledged(bytes, now),
	[control.nak]: ({ outgoing }, bytes, now) => outgoing.missed(bytes, now),
	[control.ackAck]: ({ incoming }, bytes, now) => incoming.acknowledgedAck(bytes, now),
	[control.dropRequest]: ({ incoming }, bytes) => incoming.dropped(bytes),
	[control.shutdown]: ({ end }) => end("the peer closed the connection"),
	[control.user]: ({ incoming, outgoing }, bytes, now) => {
		const message = bytes.subarray(HEAD_BYTES);
		if (subtypeOf(bytes) === extension.keyRequest) incoming.renewKeys(message, now);
		if (subtypeOf(bytes) === extension.keyResponse) outgoing.keysAnswered(message);
	},
};
