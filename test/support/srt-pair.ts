import type { Keys } from "../../src/protocols/srt/crypto.ts";
import { isControl, keyFlagOf } from "../../src/protocols/srt/packet.ts";
import type { KeyRefresh } from "../../src/protocols/srt/send-keys.ts";
import { Session } from "../../src/protocols/srt/session.ts";
import { seeded } from "../network/impair.ts";

const TICK_MS = 10;

export interface PairOptions {
	/** Share of datagrams that are lost, and that come twice. */
	readonly loss?: number;
	readonly twice?: number;
	readonly delay?: number;
	/** Added to the delay, evenly spread: datagrams overtake each other. */
	readonly jitter?: number;
	readonly latency?: number;
	readonly keys?: Keys | undefined;
	readonly seed?: number;
	/** Number of the first packet. */
	readonly first?: number;
	/** When the sender's clock began, before now: its timestamps count from then. */
	readonly age?: number;
	readonly refresh?: KeyRefresh;
}

/** Two SRT sessions with a bad network between them, on a clock of their own that begins at 0. */
export class SessionPair {
	now = 0;
	/** The numbers of the messages that came out, and how long after they were written. */
	readonly got: number[] = [];
	readonly latencies: number[] = [];
	readonly ends: string[] = [];
	readonly flags = new Set<number>();
	readonly sender: Session;
	readonly receiver: Session;
	/** What the network loses besides. */
	loses: (bytes: Buffer, fromSender: boolean) => boolean = () => false;
	/** The network, to be made better or worse. */
	readonly network: { loss: number; twice: number; delay: number; jitter: number };
	readonly #random: () => number;
	#way: { at: number; bytes: Buffer; to: () => Session }[] = [];
	#ticked = 0;

	constructor(options: PairOptions) {
		const { loss = 0, twice = 0, delay = 50, jitter = 0, latency = 500, keys, seed = 1 } = options;
		const { first = 0x7fff_fff0, age = 0, refresh } = options;
		this.#random = seeded(seed);
		this.network = { loss, twice, delay, jitter };
		const common = { initialSequence: first, receiveDelay: latency, sendDelay: latency, refresh };
		const ends = { closed: (reason: string) => void this.ends.push(reason) };
		this.sender = new Session(
			{ ...common, startedAt: -age, peerTimestamp: 0, peerAt: delay, socketId: 1, peerSocketId: 2, keys },
			{ ...ends, data: () => {}, send: (...parts) => this.#carry(parts, true, () => this.receiver) },
			0,
		);
		const peerTimestamp = (age * 1000) % 2 ** 32;
		this.receiver = new Session(
			{ ...common, startedAt: 0, peerTimestamp, peerAt: delay, socketId: 2, peerSocketId: 1, keys: keys?.clone() },
			{
				...ends,
				data: (payload) => this.#take(payload),
				send: (...parts) => this.#carry(parts, false, () => this.sender),
			},
			0,
		);
	}

	/** Runs for so long, in steps of 1 ms or of what `step` says; calls `each` before each. */
	run(ms: number, each: (now: number) => void = () => {}, step: () => number = () => 1): void {
		for (const end = this.now + ms; this.now < end; this.now += step()) {
			each(this.now);
			const due = this.#way.filter(({ at }) => at <= this.now).sort((a, b) => a.at - b.at);
			this.#way = this.#way.filter(({ at }) => at > this.now);
			// Timers come first, as in the event loop.
			if (this.now - this.#ticked >= TICK_MS || this.now === 0) {
				this.#ticked = this.now - (this.now % TICK_MS);
				this.sender.tick(this.now);
				this.receiver.tick(this.now);
			}
			for (const { bytes, to } of due) to().datagram(bytes, this.now);
		}
	}

	/** Sends a message with a number, and when it was sent. */
	write(number: number): boolean {
		const payload = Buffer.alloc(1316, number & 0xff);
		payload.writeUInt32BE(number, 0);
		payload.writeDoubleBE(this.now, 4);
		return this.sender.write(payload, this.now);
	}

	#take(payload: Uint8Array): void {
		const bytes = Buffer.from(payload);
		this.got.push(bytes.readUInt32BE(0));
		this.latencies.push(this.now - bytes.readDoubleBE(4));
	}

	#carry([head, payload]: [Buffer, (Uint8Array | undefined)?], fromSender: boolean, to: () => Session): void {
		const bytes = payload ? Buffer.concat([head, payload]) : Buffer.from(head);
		if (!isControl(bytes)) this.flags.add(keyFlagOf(bytes));
		const { loss, twice, delay, jitter } = this.network;
		for (let copies = this.#random() < twice ? 2 : 1; copies > 0; copies--) {
			if (this.#random() < loss || this.loses(bytes, fromSender)) continue;
			this.#way.push({ at: this.now + delay + jitter * this.#random(), bytes, to });
		}
	}
}
