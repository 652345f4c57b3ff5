import type { Reader } from "../../hub/reader.ts";
import type { Millis } from "../../media/time.ts";
import { ENTRY_INFO, ENTRY_OFFSET, ENTRY_SEQUENCE, type PacketRing, RTP_HEADER_BYTES } from "../../net/ring.ts";
import { setRtpPayloadType, setRtpSequence } from "../../wire/rtp.ts";
import type { Carrier, Sealer, SentCount, ViewerTrack } from "./carrier.ts";
import { frameDatagram } from "./framing.ts";
import type { Route } from "./ice.ts";
import { TcpRoute } from "./tcp-route.ts";

const nothing = Buffer.alloc(0);
/** Bytes that are handed over at a time. */
const WRITE_BYTES = 256 * 1024;
/** Packets of a track that can be sent again. A power of two. */
const REMEMBERED = 2_048;

/** Where packets go. */
type Outlet = Pick<Route, "send">;

/** A track's own sequence numbers: gaps of the stream stay, what was left out for this viewer makes none. */
class Numbering {
	/** Extended sequence number after the last one that was used. */
	next: number;
	packets = 0;
	octets = 0;
	/** Numbers in the ring of the packets that were sent last, by their sequence numbers. */
	readonly #sent = new Float64Array(REMEMBERED).fill(-1);
	#base = 0;
	#fresh = true;

	constructor(next: number) {
		this.next = next;
	}

	/** Some packets were left out: the next one gets the number after the last one. */
	skip(): void {
		this.#fresh = true;
	}

	/** The viewer's extended sequence number for the stream's, of packet `number` in the ring. */
	index(sequence: number, number: number): number {
		if (this.#fresh) this.#base = sequence - this.next;
		this.#fresh = false;
		const index = sequence - this.#base;
		// What is missing between the two was never sent.
		for (let missing = this.next; missing < index; missing++) this.#sent[missing & (REMEMBERED - 1)] = -1;
		this.#sent[index & (REMEMBERED - 1)] = number;
		this.next = index + 1;
		return index;
	}

	/** What was sent under a 16-bit sequence number: the extended one and the packet's number in the ring. */
	find(sequence: number): { index: number; number: number } | undefined {
		const index = this.next - 1 - ((this.next - 1 - sequence) & 0xffff);
		if (index < 0 || this.next - index > REMEMBERED) return undefined;
		const number = this.#sent[index & (REMEMBERED - 1)]!;
		return number < 0 ? undefined : { index, number };
	}
}

function packetAt(ring: PacketRing, number: number): Uint8Array {
	const entry = ring.entry(number);
	const at = ring.pool.words[entry + ENTRY_OFFSET]!;
	return ring.pool.bytes.subarray(at, at + (ring.pool.words[entry + ENTRY_INFO]! & 0xffff));
}

/**
 * Hands a stream to one viewer by itself: over its TCP connection (RFC 6544), one write per batch, or over UDP where
 * the system has no way to send to many at once. While the connection is full the reader's cursor waits in the stream;
 * nothing is queued up here, and what is too old is left out by the hub.
 */
export class AloneCarrier implements Carrier {
	readonly #reader: Reader;
	readonly #srtp: Sealer;
	readonly #clock: () => Millis;
	readonly #tracks: (ViewerTrack | undefined)[] = [];
	readonly #numbering: (Numbering | undefined)[] = [];
	#route: Outlet;
	#blocked = false;
	#cuts = 0;
	#closed = false;

	/** `first`: the extended sequence number of each track's first packet. */
	constructor(
		reader: Reader,
		route: Outlet,
		tracks: readonly { track: ViewerTrack; first: number }[],
		srtp: Sealer,
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

	/** Sends what the stream has for the viewer, as far as its connection takes it. */
	pump(now: Millis): void {
		const reader = this.#reader;
		while (!this.#blocked && !this.#closed && reader.active && reader.take(now)) {
			if (reader.counters.cuts !== this.#cuts) for (const one of this.#numbering) one?.skip();
			this.#cuts = reader.counters.cuts;
			const { packets, bytes, end } = this.#batch(reader.from, reader.to);
			reader.sent(end, bytes, now);
			if (packets.length > 0) this.#send(packets);
		}
	}

	#send(packets: readonly Uint8Array[]): void {
		const route = this.#route;
		if (!(route instanceof TcpRoute)) {
			for (const packet of packets) route.send(packet);
			return;
		}
		const { socket } = route;
		if (socket.destroyed) return;
		socket.write(Buffer.concat(packets.map(frameDatagram)));
		if (socket.writableLength === 0) return;
		// The kernel has not taken everything: an empty write behind it tells when it has.
		this.#blocked = true;
		socket.write(nothing, () => {
			if (route !== this.#route) return;
			this.#blocked = false;
			this.pump(this.#clock());
		});
	}

	#batch(from: number, to: number): { packets: Uint8Array[]; bytes: number; end: number } {
		const { ring } = this.#reader.stream;
		const { words } = ring.pool;
		const packets: Uint8Array[] = [];
		let bytes = 0;
		let number = from;
		for (; number < to && bytes < WRITE_BYTES; number++) {
			const entry = ring.entry(number);
			const track = (words[entry + ENTRY_INFO]! >>> 16) & 0xff;
			const numbering = this.#numbering[track];
			if (!numbering) continue;
			const packet = this.#seal(track, number, numbering.index(words[entry + ENTRY_SEQUENCE]!, number));
			if (!packet) continue;
			numbering.packets++;
			numbering.octets += (words[entry + ENTRY_INFO]! & 0xffff) - RTP_HEADER_BYTES;
			packets.push(packet);
			bytes += packet.length;
		}
		return { packets, bytes, end: number };
	}

	/** Packet `number` of the ring under the viewer's `index`: the same bytes whenever it is asked for. */
	#seal(track: number, number: number, index: number): Uint8Array | undefined {
		const packet = Uint8Array.from(packetAt(this.#reader.stream.ring, number));
		setRtpPayloadType(packet, 0, this.#tracks[track]!.payloadType);
		setRtpSequence(packet, 0, index & 0xffff);
		return this.#srtp.rtp(packet, Math.floor(index / 65_536));
	}

	sent(track: ViewerTrack): SentCount {
		return this.#numbering[track.index] ?? { packets: 0, octets: 0 };
	}

	next(track: ViewerTrack): number {
		return this.#numbering[track.index]?.next ?? 0;
	}

	/** The hub counts what it hands over by `sent`. */
	account(): void {}

	/** TCP loses nothing: what is missing there was never sent. */
	resend(track: ViewerTrack, sequences: readonly number[]): void {
		const { ring } = this.#reader.stream;
		if (this.#closed || this.#route instanceof TcpRoute) return;
		for (const sequence of sequences) {
			const found = this.#numbering[track.index]?.find(sequence);
			if (!found || found.number < ring.tail) continue;
			const packet = this.#seal(track.index, found.number, found.index);
			if (packet) this.#route.send(packet);
		}
	}

	/** The same packets under new numbers would look like old pictures; the next key frame helps. */
	replay(): void {}

	moved(route: Route): boolean {
		if (route instanceof TcpRoute !== this.#route instanceof TcpRoute) return false;
		this.#route = route;
		this.#blocked = false;
		this.pump(this.#clock());
		return true;
	}

	close(): void {
		this.#closed = true;
	}
}
