import type { Millis } from "../../media/time.ts";
import type { Keys } from "./crypto.ts";
import {
	acknowledgementBody,
	control,
	controlTypeOf,
	extension,
	HEAD_BYTES,
	infoOf,
	isControl,
	isRetransmitted,
	type KeyFlag,
	keyFlagOf,
	lossList,
	parseAcknowledgement,
	parseLossList,
	type SequenceRange,
	sequenceOf,
	subtypeOf,
	timestampOf,
	writeControl,
	writeDataHead,
} from "./packet.ts";
import { PlayoutClock } from "./playout-clock.ts";
import { ReceiveBuffer, WINDOW_PACKETS } from "./receive-buffer.ts";
import { RoundTrip } from "./round-trip.ts";
import { type Kept, SendBuffer } from "./send-buffer.ts";
import { type KeyRefresh, SendKeys } from "./send-keys.ts";
import { sequenceAfter, sequenceDistance } from "./sequence.ts";
import { noStatistics, type Statistics } from "./statistics.ts";

/** Section 4.8.1: a full acknowledgement at most every 10 ms. */
const ACK_MS = 10;
/** Section 4.8.2. */
const LEAST_NAK_MS = 20;
/** Section 3.2.3. */
const KEEP_ALIVE_MS = 1000;
/** A peer that says nothing for so long has gone. */
const SILENCE_MS = 5000;
/** Section 4.6: what is sent is kept at least so long, whatever the latency. */
const LEAST_KEPT_MS = 1000;
const KEPT_MARGIN_MS = 20;
/** Acknowledgements whose answers are still waited for. */
const MAX_ASKED = 128;
/** Packets that are looked at in 10 ms, whatever the peer says that it misses. */
const MAX_RESENT = 2048;
const MESSAGE_MASK = 0x03ff_ffff;
const TIMESTAMP_US = 1000;

/** What a handshake has agreed on. */
export interface SessionSettings {
	readonly socketId: number;
	readonly peerSocketId: number;
	/** Number of the first packet each way. */
	readonly initialSequence: number;
	/** When our socket began: its timestamps count from then. */
	readonly startedAt: Millis;
	/** Timestamp of the peer's handshake packet, and when it came. */
	readonly peerTimestamp: number;
	readonly peerAt: Millis;
	/** How long what comes is held back. */
	readonly receiveDelay: Millis;
	/** How long the peer holds back what we send. */
	readonly sendDelay: Millis;
	readonly keys: Keys | undefined;
	readonly refresh?: KeyRefresh | undefined;
}

/** What a session tells its owner. Must not throw. */
export interface SessionEvents {
	/** A datagram for the peer. The head means nothing after the call, the payload behind it never changes. */
	send(head: Buffer, payload?: Uint8Array): void;
	/** The next message of the stream. */
	data(payload: Uint8Array): void;
	/** The session is over: the peer left, or is silent. Called once; not after `close`. */
	closed(reason: string): void;
}

type Handler = (session: Session, bytes: Buffer, now: Millis) => void;

/**
 * An SRT connection after its handshake, in live mode (draft-sharabayko-srt sections 3 and 4). Pure: datagrams and
 * `tick` in, datagrams and messages out; times in milliseconds on the caller's clock.
 */
export class Session {
	readonly settings: SessionSettings;
	readonly statistics: Statistics = noStatistics();
	readonly #events: SessionEvents;
	readonly #received: ReceiveBuffer;
	readonly #sent: SendBuffer;
	readonly #playout: PlayoutClock;
	readonly #roundTrip = new RoundTrip();
	readonly #receiveKeys: Keys | undefined;
	readonly #sendKeys: SendKeys | undefined;
	/** When acknowledgements were sent, by their number. */
	readonly #asked = new Map<number, Millis>();
	/** Of the data packet that is being sent. */
	readonly #head = Buffer.alloc(HEAD_BYTES);
	#message = 1;
	#ackNumber = 0;
	#ackedAt: Millis = Number.NEGATIVE_INFINITY;
	#acked: number;
	#nakAt: Millis;
	#heardAt: Millis;
	#spokeAt: Millis;
	#progressAt: Millis;
	#peerRoom = WINDOW_PACKETS;
	#resendBudget = MAX_RESENT;
	#rate = { at: 0, packets: 0, bytes: 0, packetRate: 0, byteRate: 0 };
	#over = false;

	constructor(settings: SessionSettings, events: SessionEvents, now: Millis) {
		this.settings = settings;
		this.#events = events;
		this.#received = new ReceiveBuffer(settings.initialSequence);
		this.#sent = new SendBuffer(settings.initialSequence);
		this.#acked = settings.initialSequence;
		this.#playout = new PlayoutClock(settings.peerTimestamp, settings.peerAt, settings.receiveDelay);
		this.#receiveKeys = settings.keys;
		const tell = (message: Buffer, at: Millis): void => {
			this.#control(control.user, extension.keyRequest, 0, at, message);
		};
		this.#sendKeys = settings.keys && new SendKeys(settings.keys.clone(), settings.refresh, tell);
		this.#nakAt = now;
		this.#heardAt = now;
		this.#spokeAt = now;
		this.#progressAt = now;
		this.#rate.at = now;
	}

	/** Round-trip time in milliseconds. */
	get roundTrip(): Millis {
		return this.#roundTrip.smooth;
	}

	/** What each side holds. */
	get held(): { readonly sent: number; readonly received: number; readonly peerRoom: number; readonly room: number } {
		const { room, held: received } = this.#received;
		return { sent: this.#sent.length, received, peerRoom: this.#peerRoom, room };
	}

	/** Packets that `write` takes now. */
	get room(): number {
		return Math.max(0, Math.min(WINDOW_PACKETS - 1, this.#peerRoom) - this.#sent.length);
	}

	/** A datagram of the peer. */
	datagram(bytes: Buffer, now: Millis): void {
		if (this.#over || bytes.length < HEAD_BYTES) return;
		this.#heardAt = now;
		if (isControl(bytes)) handlers[controlTypeOf(bytes)]?.(this, bytes, now);
		else this.#data(bytes, now);
	}

	/**
	 * Sends one message, of at most 1456 bytes, which must not change any more. False where there is no room, and it was
	 * not sent.
	 */
	write(payload: Uint8Array, now: Millis): boolean {
		if (this.#over || this.room === 0) return false;
		if (this.#sent.length === 0) this.#progressAt = now;
		const sequence = this.#sent.next;
		const key: KeyFlag = this.#sendKeys?.turn(now) ?? 0;
		const body = this.#sendKeys ? this.#sendKeys.crypt(payload, key, sequence) : payload;
		if (!body) return false;
		const timestamp = this.#timestamp(now);
		const kept: Kept = { payload: body, key, message: this.#message, timestamp, at: now, sentAt: now };
		this.#sent.push(kept);
		this.#message = this.#message === MESSAGE_MASK ? 1 : this.#message + 1;
		this.statistics.packetsSent++;
		this.statistics.bytesSent += HEAD_BYTES + body.length;
		this.#sendData(kept, sequence, false, now);
		return true;
	}

	/** To be called every 10 ms. */
	tick(now: Millis): void {
		if (this.#over) return;
		if (now - this.#heardAt > SILENCE_MS) {
			this.#end(`the peer has been silent for ${SILENCE_MS / 1000} s`);
			return;
		}
		this.#resendBudget = MAX_RESENT;
		this.#deliver(now);
		if (this.#over) return;
		this.#acknowledge(now);
		this.#askAgain(now);
		this.#sent.dropBefore(now - Math.max(LEAST_KEPT_MS, this.settings.sendDelay) - KEPT_MARGIN_MS);
		this.statistics.packetsSendDropped = this.#sent.dropped;
		this.#pushOn(now);
		this.#sendKeys?.tick(now);
		if (now - this.#spokeAt >= KEEP_ALIVE_MS) this.#control(control.keepAlive, 0, 0, now);
	}

	/** Leaves: tells the peer. */
	close(now: Millis): void {
		if (this.#over) return;
		this.#control(control.shutdown, 0, 0, now, Buffer.alloc(4));
		this.#over = true;
	}

	/** The peer left. */
	left(): void {
		this.#end("the peer closed the connection");
	}

	/** Section 3.2.4. */
	acknowledged(bytes: Buffer, now: Millis): void {
		const ack = parseAcknowledgement(bytes);
		if (!ack) return;
		const number = infoOf(bytes);
		// A light acknowledgement has no number and gets no answer.
		if (number !== 0) this.#control(control.ackAck, 0, number, now);
		const before = this.#sent.length;
		if (!this.#sent.acknowledge(ack.next)) return;
		if (this.#sent.length < before) this.#progressAt = now;
		this.statistics.acksReceived++;
		if (ack.rtt === undefined) return;
		this.#peerRoom = ack.room;
		if (this.statistics.packetsReceived === 0) this.#roundTrip.adopt(ack.rtt / 1000, ack.rttVariance / 1000);
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
		this.#roundTrip.sample(now - sentAt);
		this.#playout.sample(timestampOf(bytes), now, this.#roundTrip.smooth);
	}

	/** Section 3.2.5: sends again what the peer misses, and tells it what is not there any more. */
	missed(bytes: Buffer, now: Millis): void {
		this.statistics.naksReceived++;
		// It will go on to ask for what it knows to be missing.
		this.#progressAt = now;
		for (const range of parseLossList(bytes)) {
			const gone = this.#sent.gone(range);
			if (gone && this.#resendBudget-- > 0) this.#tellGone(gone, now);
			const kept = this.#sent.kept(range);
			if (kept) this.#resend(kept, now);
		}
	}

	/** Section 3.2.9. */
	dropped(bytes: Buffer): void {
		if (bytes.length < HEAD_BYTES + 8) return;
		const [from, to] = [bytes.readUInt32BE(HEAD_BYTES), bytes.readUInt32BE(HEAD_BYTES + 4)];
		if (((from | to) & 0x8000_0000) === 0) this.#received.forget({ from, to });
		this.statistics.packetsReceiveDropped = this.#received.dropped;
	}

	/** New keys of the peer, or its answer to ours (section 6.1.6). */
	keyMaterial(bytes: Buffer, now: Millis): void {
		const subtype = subtypeOf(bytes);
		const message = bytes.subarray(HEAD_BYTES);
		if (subtype === extension.keyRequest && this.#receiveKeys?.take(message)) {
			this.#control(control.user, extension.keyResponse, 0, now, message);
		}
		if (subtype === extension.keyResponse) this.#sendKeys?.answered(message);
	}

	#data(bytes: Buffer, now: Millis): void {
		const { statistics } = this;
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
		this.#deliver(now);
	}

	/** The plain payload; empty, which holds the place, where there is no key for it. */
	#open(bytes: Buffer, sequence: number): Uint8Array {
		const flag = keyFlagOf(bytes);
		const payload = bytes.subarray(HEAD_BYTES);
		const plain = flag === 0 && !this.#receiveKeys ? payload : this.#receiveKeys?.crypt(payload, flag, sequence);
		if (!plain) this.statistics.packetsUndecrypted++;
		return plain ?? bytes.subarray(0, 0);
	}

	#deliver(now: Millis): void {
		this.#received.take(now, this.#events.data);
		this.statistics.packetsReceiveDropped = this.#received.dropped;
	}

	#acknowledge(now: Millis): void {
		const { missing, room } = this.#received;
		if (now - this.#ackedAt < ACK_MS || (missing === this.#acked && this.#asked.size === 0)) return;
		if (missing === this.#acked && now - this.#ackedAt < this.#roundTrip.smooth + 4 * this.#roundTrip.variance) return;
		this.#ackedAt = now;
		this.#acked = missing;
		this.#ackNumber = (this.#ackNumber + 1) >>> 0 || 1;
		if (this.#asked.size >= MAX_ASKED) this.#asked.clear();
		this.#asked.set(this.#ackNumber, now);
		const { packetRate, byteRate } = this.#measure(now);
		const { smooth, variance } = this.#roundTrip;
		const body = acknowledgementBody(missing, 1000 * smooth, 1000 * variance, room, packetRate, byteRate);
		this.statistics.acksSent++;
		this.#control(control.ack, 0, this.#ackNumber, now, body);
	}

	#measure(now: Millis): { packetRate: number; byteRate: number } {
		const { packetsReceived: packets, bytesReceived: bytes } = this.statistics;
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
		const { smooth, variance } = this.#roundTrip;
		if (now - this.#nakAt < Math.max(LEAST_NAK_MS, (smooth + 4 * variance) / 2)) return;
		this.#nakAt = now;
		this.#report(this.#received.gaps(), now);
	}

	#report(ranges: readonly SequenceRange[], now: Millis): void {
		if (ranges.length === 0) return;
		this.statistics.naksSent++;
		this.#control(control.nak, 0, 0, now, lossList(ranges));
	}

	#resend({ from, to }: SequenceRange, now: Millis): void {
		const steps = sequenceDistance(from, to);
		for (let i = 0; i <= steps && this.#resendBudget > 0; i++) {
			this.#resendBudget--;
			const sequence = sequenceAfter(from, i);
			const kept = this.#sent.find(sequence);
			// What was sent again a moment ago may be on the way.
			if (!kept || (kept.sentAt !== kept.at && now - kept.sentAt < this.#roundTrip.smooth)) continue;
			kept.sentAt = now;
			this.statistics.packetsSentAgain++;
			this.statistics.bytesSentAgain += HEAD_BYTES + kept.payload.length;
			this.#sendData(kept, sequence, true, now);
		}
	}

	/** Nothing was acknowledged for long: the last packets may be lost, which nobody can report. */
	#pushOn(now: Millis): void {
		const { smooth, variance } = this.#roundTrip;
		if (this.#sent.length === 0 || now - this.#progressAt < smooth + 4 * variance + 2 * ACK_MS) return;
		this.#progressAt = now;
		// With the newest one there, the receiver sees what else is missing, and asks for it.
		const newest = sequenceAfter(this.#sent.next, -1);
		this.#resend({ from: newest, to: newest }, now);
	}

	#tellGone({ from, to }: SequenceRange, now: Millis): void {
		const body = Buffer.allocUnsafe(8);
		body.writeUInt32BE(from, 0);
		body.writeUInt32BE(to, 4);
		this.#control(control.dropRequest, 0, 0, now, body);
	}

	#control(type: number, subtype: number, info: number, now: Millis, body?: Uint8Array): void {
		this.#send(writeControl(type, subtype, info, this.#timestamp(now), this.settings.peerSocketId, body), now);
	}

	#sendData({ payload, key, message, timestamp }: Kept, sequence: number, isAgain: boolean, now: Millis): void {
		writeDataHead(this.#head, sequence, message, key, timestamp, this.settings.peerSocketId, isAgain);
		this.#spokeAt = now;
		this.#events.send(this.#head, payload);
	}

	#send(bytes: Buffer, now: Millis): void {
		this.#spokeAt = now;
		this.#events.send(bytes);
	}

	#timestamp(now: Millis): number {
		return Math.floor((now - this.settings.startedAt) * TIMESTAMP_US) >>> 0;
	}

	#end(reason: string): void {
		if (this.#over) return;
		this.#over = true;
		this.#events.closed(reason);
	}
}

/** What each control packet does (section 3.2, table 1). What is not in it is ignored. */
const handlers: Readonly<Record<number, Handler>> = {
	[control.ack]: (session, bytes, now) => session.acknowledged(bytes, now),
	[control.nak]: (session, bytes, now) => session.missed(bytes, now),
	[control.ackAck]: (session, bytes, now) => session.acknowledgedAck(bytes, now),
	[control.dropRequest]: (session, bytes) => session.dropped(bytes),
	[control.shutdown]: (session) => session.left(),
	[control.user]: (session, bytes, now) => session.keyMaterial(bytes, now),
};
