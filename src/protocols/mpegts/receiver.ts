import type { Hub } from "../../hub/hub.ts";
import { MpegTsIngest } from "../../hub/mpegts-ingest.ts";
import { newId } from "../../hub/path.ts";
import { Refused } from "../../hub/refused.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import { SenderLatch } from "../../net/latch.ts";

/** A sender that is silent for so long has ended its stream. */
const SILENCE_MS = 5000;
/** Where the hub refuses the stream, it is asked again after so long. */
const RETRY_MS = 1000;
/** Every packet of a transport stream begins with it, and so do the datagrams of a sender that begins. */
const SYNC = 0x47;

/** What the receiver tells its caller. */
export interface ReceiverEvents {
	/** A datagram that was dropped: of somebody else than the sender, or not a transport stream. */
	onStray(): void;
	/** The hub does not take the stream. */
	onRefused(reason: string): void;
	/** Streams of the program that are left out, by name. */
	onLeftOut(names: readonly string[]): void;
}

/**
 * Takes the datagrams of one source, whoever sends them, and publishes the transport stream of one sender at a time.
 * Opens no socket.
 */
export class MpegTsReceiver {
	readonly #hub: Hub;
	readonly #path: PathName;
	readonly #maxFrameBytes: number;
	readonly #events: ReceiverEvents;
	readonly #latch: SenderLatch;
	#ingest: MpegTsIngest | undefined;
	#retryAt = Number.NEGATIVE_INFINITY;

	/** `allowed` says who may send. */
	constructor(
		hub: Hub,
		path: PathName,
		maxFrameBytes: number,
		allowed: (address: string) => boolean,
		events: ReceiverEvents,
	) {
		this.#hub = hub;
		this.#path = path;
		this.#maxFrameBytes = maxFrameBytes;
		this.#events = events;
		this.#latch = new SenderLatch(allowed);
	}

	datagram(bytes: Uint8Array, address: string, port: number): void {
		const now = this.#hub.clock.now();
		const fits = bytes[0] === SYNC || address === this.#latch.address;
		const admission = fits ? this.#latch.admit(0, address, port, 0, now) : "refused";
		if (admission === "refused") {
			this.#events.onStray();
			return;
		}
		if (admission === "new") this.#end("another stream begins");
		if (now < this.#retryAt) return;
		this.#ingest ??= this.#begin();
		this.#push(this.#ingest, bytes, now);
	}

	/** To be called about once a second. */
	tick(now: Millis): void {
		if (now - this.#latch.last > SILENCE_MS) this.#release(`no packet for ${SILENCE_MS / 1000} s`);
	}

	close(reason: string): void {
		this.#release(reason);
	}

	#begin(): MpegTsIngest {
		const { address: remoteAddress } = this.#latch;
		const info = { type: "mpegtsSource", id: newId(), remoteAddress, identity: `source ${this.#path}` };
		return new MpegTsIngest(this.#hub, this.#path, this.#maxFrameBytes, info, {
			onEnd: (reason) => this.#release(reason),
			onLeftOut: (names) => this.#events.onLeftOut(names),
		});
	}

	#push(ingest: MpegTsIngest, bytes: Uint8Array, now: Millis): void {
		try {
			ingest.push(bytes);
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			this.#retryAt = now + RETRY_MS;
			this.#end("refused");
			this.#events.onRefused(error.message);
		}
	}

	#end(reason: string): void {
		const ingest = this.#ingest;
		this.#ingest = undefined;
		ingest?.close(reason);
	}

	/** The stream is over; the next one may come from anybody who may send. */
	#release(reason: string): void {
		this.#latch.release();
		this.#end(reason);
	}
}
