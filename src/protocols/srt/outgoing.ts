import type { Millis } from "../../media/time.ts";
import type { Link } from "./link.ts";
import {
	control,
	extension,
	HEAD_BYTES,
	infoOf,
	type KeyFlag,
	MESSAGE_MASK,
	parseAcknowledgement,
	parseLossList,
	type SequenceRange,
} from "./packet.ts";
import { WINDOW_PACKETS } from "./receive-buffer.ts";
import { type Kept, SendBuffer } from "./send-buffer.ts";
import { SendKeys } from "./send-keys.ts";
import { sequenceAfter, sequenceDistance } from "./sequence.ts";

/** Section 4.6: what is sent is kept at least so long, whatever the latency. */
const LEAST_KEPT_MS = 1000;
const KEPT_MARGIN_MS = 20;
/** A peer acknowledges so often, and may be a turn late. */
const ACK_MARGIN_MS = 20;
/** Packets that are looked at in 10 ms, whatever the peer says that it misses. */
const MAX_RESENT = 2048;
/** In round trips: what has only so much time left is sent again for each report, but not more often than that. */
const LAST_SHARE = 1.5;
const LAST_PAUSE_SHARE = 1 / 4;
const LEAST_PAUSE_SHARE = 1 / 2;

/** What a session sends: numbered, encrypted, kept until it is acknowledged, sent again where it is missed. Pure. */
export class Outgoing {
	readonly #link: Link;
	readonly #sent: SendBuffer;
	readonly #keys: SendKeys | undefined;
	#message = 1;
	/** When the peer last told of something new. */
	#progressAt: Millis;
	#peerRoom = WINDOW_PACKETS;
	#resendBudget = MAX_RESENT;

	constructor(link: Link, now: Millis) {
		const { initialSequence, keys, refresh } = link.settings;
		this.#link = link;
		this.#sent = new SendBuffer(initialSequence);
		const tell = (message: Buffer, at: Millis): void =>
			link.control(control.user, extension.keyRequest, 0, at, message);
		this.#keys = keys && new SendKeys(keys.clone(), refresh, tell);
		this.#progressAt = now;
	}

	/** Packets on the way. */
	get held(): number {
		return this.#sent.length;
	}

	/** Packets that the peer has room for. */
	get peerRoom(): number {
		return this.#peerRoom;
	}

	/** Sends one message. False where there is no room, and it was not sent. */
	write(payload: Uint8Array, now: Millis): boolean {
		if (this.#sent.length >= Math.min(WINDOW_PACKETS - 1, this.#peerRoom)) return false;
		if (this.#sent.length === 0) this.#progressAt = now;
		const sequence = this.#sent.next;
		const key: KeyFlag = this.#keys?.turn(now) ?? 0;
		const body = this.#keys ? this.#keys.crypt(payload, key, sequence) : payload;
		if (!body) return false;
		const timestamp = this.#link.timestamp(now);
		const kept: Kept = { payload: body, key, message: this.#message, timestamp, at: now, sentAt: now };
		this.#sent.push(kept);
		this.#message = this.#message === MESSAGE_MASK ? 1 : this.#message + 1;
		this.#link.statistics.packetsSent++;
		this.#link.statistics.bytesSent += HEAD_BYTES + body.length;
		this.#link.data(kept, sequence, false, now);
		return true;
	}

	/** To be called every 10 ms. */
	tick(now: Millis): void {
		const { statistics, settings } = this.#link;
		this.#resendBudget = MAX_RESENT;
		this.#sent.dropBefore(now - Math.max(LEAST_KEPT_MS, settings.sendDelay) - KEPT_MARGIN_MS);
		statistics.packetsSendDropped = this.#sent.dropped;
		this.#pushOn(now);
		this.#keys?.tick(now);
	}

	/** Section 3.2.4. */
	acknowledged(bytes: Buffer, now: Millis): void {
		const ack = parseAcknowledgement(bytes);
		if (!ack) return;
		const { statistics, roundTrip } = this.#link;
		const number = infoOf(bytes);
		// A light acknowledgement has no number and gets no answer.
		if (number !== 0) this.#link.control(control.ackAck, 0, number, now);
		const before = this.#sent.length;
		if (!this.#sent.acknowledge(ack.next)) return;
		if (this.#sent.length < before) this.#progressAt = now;
		statistics.acksReceived++;
		if (ack.rtt === undefined) return;
		this.#peerRoom = ack.room;
		if (statistics.packetsReceived === 0) roundTrip.adopt(ack.rtt / 1000, ack.rttVariance / 1000);
	}

	/** Section 3.2.5: sends again what the peer misses, and tells it what is not there any more. */
	missed(bytes: Buffer, now: Millis): void {
		this.#link.statistics.naksReceived++;
		// It will go on to ask for what it knows to be missing.
		this.#progressAt = now;
		for (const range of parseLossList(bytes)) {
			const gone = this.#sent.gone(range);
			if (gone && this.#resendBudget-- > 0) this.#tellGone(gone, now);
			const kept = this.#sent.kept(range);
			if (kept) this.#resend(kept, now);
		}
	}

	/** The peer's answer to our keys (section 6.1.6). */
	keysAnswered(message: Buffer): void {
		this.#keys?.answered(message);
	}

	#resend({ from, to }: SequenceRange, now: Millis): void {
		const { statistics } = this.#link;
		const steps = sequenceDistance(from, to);
		for (let i = 0; i <= steps && this.#resendBudget > 0; i++) {
			this.#resendBudget--;
			const sequence = sequenceAfter(from, i);
			const kept = this.#sent.find(sequence);
			if (!kept || this.#isUnderWay(kept, now)) continue;
			kept.sentAt = now;
			statistics.packetsSentAgain++;
			statistics.bytesSentAgain += HEAD_BYTES + kept.payload.length;
			this.#link.data(kept, sequence, true, now);
		}
	}

	/** What was sent again a moment ago may be on the way. Where this is the last time that it can help, not for long. */
	#isUnderWay({ at, sentAt }: Kept, now: Millis): boolean {
		if (sentAt === at) return false;
		const { smooth, variance } = this.#link.roundTrip;
		const isLast = now - at + LAST_SHARE * smooth > this.#link.settings.sendDelay;
		const pause = isLast ? smooth * LAST_PAUSE_SHARE : Math.max(smooth * LEAST_PAUSE_SHARE, smooth - 4 * variance);
		return now - sentAt < pause;
	}

	/** Nothing was acknowledged for long: the last packets may be lost, which nobody can report. */
	#pushOn(now: Millis): void {
		const { smooth, variance } = this.#link.roundTrip;
		if (this.#sent.length === 0 || now - this.#progressAt < smooth + 4 * variance + ACK_MARGIN_MS) return;
		this.#progressAt = now;
		// With the newest one there, the receiver sees what else is missing, and asks for it.
		const newest = sequenceAfter(this.#sent.next, -1);
		this.#resend({ from: newest, to: newest }, now);
	}

	#tellGone({ from, to }: SequenceRange, now: Millis): void {
		const body = Buffer.allocUnsafe(8);
		body.writeUInt32BE(from, 0);
		body.writeUInt32BE(to, 4);
		this.#link.control(control.dropRequest, 0, 0, now, body);
	}
}
