import type { Reader } from "../../hub/reader.ts";
import type { Millis } from "../../media/time.ts";
import { ENTRY_INFO, ENTRY_OFFSET, ENTRY_SEQUENCE, RTP_HEADER_BYTES } from "../../net/ring.ts";
import { setRtpPayloadType, setRtpSequence } from "../../wire/rtp.ts";
import type { SrtpSender } from "../../wire/srtp.ts";
import type { Carrier, SentCount, ViewerTrack } from "./carrier.ts";
import { frameDatagram } from "./framing.ts";
import type { Route } from "./ice.ts";
import { TcpRoute } from "./tcp-route.ts";

const nothing = Buffer.alloc(0);
/** Bytes that one write takes at most. */
const WRITE_BYTES = 256 * 1024;

/** A track's own sequence numbers: gaps of the stream stay, what was left out for this viewer makes none. */
class Numbering {
	/** Extended sequence number after the last one that was used. */
	next: number;
	packets = 0;
	octets = 0;
	#base = 0;
	#fresh = true;

	constructor(next: number) {
		this.next = next;
	}

	/** Some packets were left out: the next one gets the number after the last one. */
	skip(): void {
		this.#fresh = true;
	}

	/** The viewer's extended sequence number for the stream's. */
	index(sequence: number): number {
		if (this.#fresh) this.#base = sequence - this.next;
		this.#fresh = false;
		const index = sequence - this.#base;
		this.next = index + 1;
		return index;
	}
}

/**
 * Hands a stream to one viewer over its TCP connection (RFC 6544): one write per batch. While the socket is full the
 * reader's cursor waits in the stream; nothing is queued up here, and what is too old is left out by the hub.
 */
export class TcpCarrier implements Carrier {
	readonly #reader: Reader;
	readonly #srtp: SrtpSender;
	readonly #clock: () => Millis;
	readonly #tracks: (ViewerTrack | undefined)[] = [];
	readonly #numbering: (Numbering | undefined)[] = [];
	#route: TcpRoute;
	#blocked = false;
	#cuts = 0;
	#closed = false;

	/** `first`: the extended sequence number of each track's first packet. */
	constructor(
		reader: Reader,
		route: TcpRoute,
		tracks: readonly { track: ViewerTrack; first: number }[],
		srtp: SrtpSender,
		clock: () => Millis,
	) {
		this.#reader = reader;
		this.#route = route;
		this.#srtp = srtp;
		this.#clock = clock;
		for (const { track, first } of tracks) {
			this.#tracks[track.index] = track;
			this.#numbering[track.index] = new Numbering(first);
		}
	}

	/** Writes what the stream has for the viewer, as far as the socket takes it. */
	pump(now: Millis): void {
		const reader = this.#reader;
		while (!this.#blocked && !this.#closed && reader.active && !this.#route.socket.destroyed && reader.take(now)) {
			if (reader.counters.cuts !== this.#cuts) for (const one of this.#numbering) one?.skip();
			this.#cuts = reader.counters.cuts;
			const { bytes, end } = this.#batch(reader.from, reader.to);
			reader.sent(end, bytes.length, now);
			if (bytes.length > 0) this.#write(bytes);
		}
	}

	#write(bytes: Buffer): void {
		const route = this.#route;
		route.socket.write(bytes);
		if (route.socket.writableLength === 0) return;
		// The kernel has not taken everything: an empty write behind it tells when it has.
		this.#blocked = true;
		route.socket.write(nothing, () => {
			if (route !== this.#route) return;
			this.#blocked = false;
			this.pump(this.#clock());
		});
	}

	#batch(from: number, to: number): { bytes: Buffer; end: number } {
		const { ring } = this.#reader.stream;
		const { words, bytes: pool } = ring.pool;
		const frames: Buffer[] = [];
		let size = 0;
		let number = from;
		for (; number < to && size < WRITE_BYTES; number++) {
			const entry = ring.entry(number);
			const info = words[entry + ENTRY_INFO]!;
			const at = words[entry + ENTRY_OFFSET]!;
			const index = (info >>> 16) & 0xff;
			const frame = this.#protect(index, pool.subarray(at, at + (info & 0xffff)), words[entry + ENTRY_SEQUENCE]!);
			if (!frame) continue;
			frames.push(frame);
			size += frame.length;
		}
		return { bytes: Buffer.concat(frames, size), end: number };
	}

	#protect(index: number, shared: Uint8Array, sequence: number): Buffer | undefined {
		const track = this.#tracks[index];
		const numbering = this.#numbering[index];
		if (!track || !numbering) return undefined;
		const packet = Uint8Array.from(shared);
		const number = numbering.index(sequence);
		setRtpPayloadType(packet, 0, track.payloadType);
		setRtpSequence(packet, 0, number & 0xffff);
		const sealed = this.#srtp.rtp(packet, Math.floor(number / 65_536));
		numbering.packets++;
		numbering.octets += packet.length - RTP_HEADER_BYTES;
		return sealed && frameDatagram(sealed);
	}

	sent(track: ViewerTrack): SentCount {
		return this.#numbering[track.index] ?? { packets: 0, octets: 0 };
	}

	next(track: ViewerTrack): number {
		return this.#numbering[track.index]?.next ?? 0;
	}

	/** The hub counts what it hands over by `sent`. */
	account(): void {}

	/** TCP loses nothing: what is missing was never sent. */
	resend(): void {}

	/** The same packets under new numbers would look like old pictures; the next key frame helps. */
	replay(): void {}

	moved(route: Route): boolean {
		if (!(route instanceof TcpRoute)) return false;
		this.#route = route;
		this.#blocked = false;
		this.pump(this.#clock());
		return true;
	}

	close(): void {
		this.#closed = true;
	}
}
