import type { Millis } from "../../media/time.ts";
import type { Keys } from "./crypto.ts";
import type { Link } from "./link.ts";
import {
	acknowledgementBody,
	control,
	extension,
	HEAD_BYTES,
	infoOf,
	isRetransmitted,
	keyFlagOf,
	lossList,
	type SequenceRange,
	sequenceOf,
	timestampOf,
} from "./packet.ts";
import { PlayoutClock } from "./playout-clock.ts";
import { ReceiveBuffer } from "./receive-buffer.ts";
import { sequenceAfter, sequenceDistance } from "./sequence.ts";

/** Section 4.8.1: a full acknowledgement at most every 10 ms. */
const ACK_MS = 10;
/** Acknowledgements whose answers are still waited for. */
const MAX_ASKED = 128;
/** Section 4.8.2. Of a round trip: reports get lost too, and who sends again does not do so for each of them. */
const LEAST_NAK_MS = 20;
const NAK_SHARE = 1 / 4;
/** Between two ticks: more is a pause. */
const PAUSE_MS = 40;

/** What a session receives: put in order, decrypted, held back until it is due, acknowledged, asked for again. Pure. */
export class Incoming {
	readonly #link: Link;
	readonly #received: ReceiveBuffer;
	readonly #playout: PlayoutClock;
	readonly #keys: Keys | undefined;
	/** When acknowledgements were sent, by their number. */
	readonly #asked = new Map<number, Millis>();
	#ackNumber = 0;
	#ackedAt: Millis = Number.NEGATIVE_INFINITY;
	#acked: number;
	#nakAt: Millis;
	#tickedAt: Millis;
	#isPaused = false;
	#rate = { at: 0, packets: 0, bytes: 0, packetRate: 0, byteRate: 0 };

	constructor(link: Link, now: Millis) {
		const { initialSequence, peerTimestamp, peerAt, receiveDelay, keys } = link.settings;
		this.#link = link;
		this.#received = new ReceiveBuffer(initialSequence);
		this.#acked = initialSequence;
		this.#playout = new PlayoutClock(peerTimestamp, peerAt, receiveDelay);
		this.#keys = keys;
		this.#nakAt = now;
		this.#tickedAt = now;
		this.#rate.at = now;
	}

	/** Packets that wait until they are due. */
	get held(): number {
		return this.#received.held;
	}

	/** Packets that there is room for. */
	get room(): number {
		return this.#received.room;
	}

	/** A data packet. */
	data(bytes: Buffer, now: Millis): void {
		const { statistics } = this.#link;
		const sequence = sequenceOf(bytes);
		const end = this.#received.end;
		const taken = this.#received.push(sequence, this.#open(bytes, sequence), this.#playout.due(timestampOf(bytes)));
		statistics.packetsReceived++;
		statistics.bytesReceived += bytes.length;
		if (isRetransmitted(bytes)) statistics.packetsReceivedAgain++;
		if (taken === "late") statistics.packetsBelated++;
		if (taken !== "new") return;
		statistics.packetsReceivedUnique++;
		const gap = sequenceDistance(end, sequence);
		if (gap > 0) {
			statistics.packetsMissed += gap;
			this.#report([{ from: end, to: sequenceAfter(sequence, -1) }], now);
		}
		this.#deliver(now, false);
	}

	/** To be called every 10 ms, followed by `tell`: gives out what is due. */
	deliver(now: Millis): void {
		// After a pause of ours, what seems to be missing may only be unread: it gets one more turn.
		this.#isPaused = !this.#isPaused && now - this.#tickedAt >= PAUSE_MS;
		this.#tickedAt = now;
		this.#deliver(now, !this.#isPaused);
	}

	/** Tells the peer what has come, and what has not. */
	tell(now: Millis): void {
		this.#acknowledge(now);
		this.#askAgain(now);
	}

	/** Section 3.2.8. */
	acknowledgedAck(bytes: Buffer, now: Millis): void {
		const number = infoOf(bytes);
		const sentAt = this.#asked.get(number);
		if (sentAt === undefined) return;
		for (const one of this.#asked.keys()) {
			this.#asked.delete(one);
			if (one === number) break;
		}
		const { roundTrip } = this.#link;
		roundTrip.sample(now - sentAt);
		this.#playout.sample(timestampOf(bytes), now, roundTrip.smooth);
	}

	/** Section 3.2.9. */
	dropped(bytes: Buffer): void {
		if (bytes.length < HEAD_BYTES + 8) return;
		const [from, to] = [bytes.readUInt32BE(HEAD_BYTES), bytes.readUInt32BE(HEAD_BYTES + 4)];
		if (((from | to) & 0x8000_0000) === 0) this.#received.forget({ from, to });
		this.#link.statistics.packetsReceiveDropped = this.#received.dropped;
	}

	/** New keys of the peer (section 6.1.6). */
	renewKeys(message: Buffer, now: Millis): void {
		if (this.#keys?.take(message)) this.#link.control(control.user, extension.keyResponse, 0, now, message);
	}

	/** The plain payload; empty, which holds the place, where there is no key for it. */
	#open(bytes: Buffer, sequence: number): Uint8Array {
		const flag = keyFlagOf(bytes);
		const payload = bytes.subarray(HEAD_BYTES);
		const plain = flag === 0 && !this.#keys ? payload : this.#keys?.crypt(payload, flag, sequence);
		if (!plain) this.#link.statistics.packetsUndecrypted++;
		return plain ?? bytes.subarray(0, 0);
	}

	#deliver(now: Millis, maySkip: boolean): void {
		this.#received.take(now, maySkip, this.#link.events.data);
		this.#link.statistics.packetsReceiveDropped = this.#received.dropped;
	}

	#acknowledge(now: Millis): void {
		const { roundTrip, statistics } = this.#link;
		const { smooth, variance } = roundTrip;
		const { missing, room } = this.#received;
		if (now - this.#ackedAt < ACK_MS || (missing === this.#acked && this.#asked.size === 0)) return;
		if (missing === this.#acked && now - this.#ackedAt < smooth + 4 * variance) return;
		this.#ackedAt = now;
		this.#acked = missing;
		this.#ackNumber = (this.#ackNumber + 1) >>> 0 || 1;
		if (this.#asked.size >= MAX_ASKED) this.#asked.clear();
		this.#asked.set(this.#ackNumber, now);
		const { packetRate, byteRate } = this.#measure(now);
		const body = acknowledgementBody(missing, 1000 * smooth, 1000 * variance, room, packetRate, byteRate);
		statistics.acksSent++;
		this.#link.control(control.ack, 0, this.#ackNumber, now, body);
	}

	#measure(now: Millis): { packetRate: number; byteRate: number } {
		const { packetsReceived: packets, bytesReceived: bytes } = this.#link.statistics;
		const seconds = (now - this.#rate.at) / 1000;
		if (seconds >= 1) {
			const packetRate = (packets - this.#rate.packets) / seconds;
			const byteRate = (bytes - this.#rate.bytes) / seconds;
			this.#rate = { at: now, packets, bytes, packetRate, byteRate };
		}
		return this.#rate;
	}

	/** Section 4.8.2: periodic reports, for reports and packets that were lost themselves. */
	#askAgain(now: Millis): void {
		if (this.#received.missing === this.#received.end) return;
		if (now - this.#nakAt < Math.max(LEAST_NAK_MS, this.#link.roundTrip.smooth * NAK_SHARE)) return;
		this.#nakAt = now;
		this.#report(this.#received.gaps(), now);
	}

	#report(ranges: readonly SequenceRange[], now: Millis): void {
		if (ranges.length === 0) return;
		this.#link.statistics.naksSent++;
		this.#link.control(control.nak, 0, 0, now, lossList(ranges));
	}
}
