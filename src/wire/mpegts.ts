import type { Frame } from "../media/frame.ts";
import type { Track } from "../media/track.ts";
import { TsAac, TsOpus } from "./mpegts-audio.ts";
import { ProgramClock } from "./mpegts-clock.ts";
import type { Elementary } from "./mpegts-elementary.ts";
import { PesReader } from "./mpegts-pes.ts";
import { parsePat, parsePmt, SectionReader, type TsStream } from "./mpegts-tables.ts";
import { TsVideo } from "./mpegts-video.ts";

export const TS_PACKET_BYTES = 188;
const SYNC = 0x47;
const PAT_PID = 0;
const NULL_PID = 0x1fff;
/** Tracks that have shown nothing by then, in ticks of 90 kHz since the first, are left out; video has longer. */
const SOUND_WAIT_TICKS = 2 * 90_000;
const VIDEO_WAIT_TICKS = 12 * 90_000;
/** Payload types are given out from here on (RFC 3551 section 6: 96 to 127 are dynamic). */
const FIRST_PAYLOAD_TYPE = 96;

/** What comes out of a transport stream. */
export interface MpegTsEvents {
	/**
	 * The program's tracks, before the first frame and again when they change. `left` names what is left out. Timestamps
	 * of all tracks have one origin.
	 */
	onTracks(tracks: readonly Track[], left: readonly string[]): void;
	/** A whole frame, in the order of decoding. Video frames begin with a key frame, and again after a loss. */
	onFrame(frame: Frame): void;
	/** So many packets of a track are missing. */
	onLoss?(track: number, packets: number): void;
}

/** What a reader has counted. */
export interface MpegTsCounters {
	packets: number;
	/** Missing, by the continuity counters. */
	lost: number;
	/** No transport packets, damaged or encrypted. */
	invalid: number;
}

/** One packet identifier that is read. */
interface Lane {
	continuity: number;
	push(payload: Uint8Array, start: boolean, stuffed: boolean): void;
	lose(packets: number): void;
}

/** One elementary stream that is taken out. */
interface Member {
	readonly stream: TsStream;
	readonly elementary: Elementary;
	/** Its track's index once the tracks are told; −1 before, and where it is left out. */
	index: number;
}

/** A frame that waits until all tracks are known. */
interface Waiting {
	readonly member: Member;
	readonly pts: number;
	readonly key: boolean;
	readonly units: readonly Uint8Array[];
}

/**
 * Takes the frames out of an MPEG transport stream (ISO/IEC 13818-1): its first program's H.264, H.265, AAC with ADTS and
 * Opus. Pure: bytes in, frames out.
 */
export class MpegTsReader {
	readonly counters: MpegTsCounters = { packets: 0, lost: 0, invalid: 0 };
	readonly #events: MpegTsEvents;
	readonly #maxFrameBytes: number;
	readonly #carry = Buffer.alloc(TS_PACKET_BYTES);
	#carried = 0;
	readonly #lanes = new Map<number, Lane>();
	readonly #clock = new ProgramClock();
	#pmtPid = -1;
	#program = "";
	#members: readonly Member[] = [];
	#left: readonly string[] = [];
	#told = false;
	#since = -1;
	#waiting: Waiting[] = [];
	#waitingBytes = 0;

	/** A frame of more than `maxFrameBytes` is dropped. */
	constructor(events: MpegTsEvents, maxFrameBytes: number) {
		this.#events = events;
		this.#maxFrameBytes = maxFrameBytes;
		this.#lanes.set(
			PAT_PID,
			this.#tableLane((section) => this.#pat(section)),
		);
	}

	/** The next bytes; packets need not begin where the bytes do. Nothing of them is kept. */
	push(bytes: Uint8Array): void {
		let at = this.#complete(bytes);
		while (at < bytes.length) {
			if (bytes[at] !== SYNC) {
				at = this.#resync(bytes, at);
			} else if (at + TS_PACKET_BYTES > bytes.length) {
				this.#carried = bytes.length - at;
				this.#carry.set(bytes.subarray(at));
				return;
			} else {
				this.#packet(bytes, at);
				at += TS_PACKET_BYTES;
			}
		}
	}

	/** Fills up the packet whose beginning came before. Gives where the next one begins. */
	#complete(bytes: Uint8Array): number {
		if (this.#carried === 0) return 0;
		const rest = Math.min(TS_PACKET_BYTES - this.#carried, bytes.length);
		this.#carry.set(bytes.subarray(0, rest), this.#carried);
		this.#carried += rest;
		if (this.#carried === TS_PACKET_BYTES) {
			this.#carried = 0;
			this.#packet(this.#carry, 0);
		}
		return rest;
	}

	/** The next place that looks like a packet: a sync byte with another one, or the end of the bytes, behind it. */
	#resync(bytes: Uint8Array, from: number): number {
		this.counters.invalid++;
		for (let at = bytes.indexOf(SYNC, from); at >= 0; at = bytes.indexOf(SYNC, at + 1)) {
			const next = at + TS_PACKET_BYTES;
			if (next >= bytes.length || bytes[next] === SYNC) return at;
		}
		return bytes.length;
	}

	/** Section 2.4.3.2. */
	#packet(bytes: Uint8Array, at: number): void {
		this.counters.packets++;
		const flags = bytes[at + 1]!;
		const pid = ((flags & 0x1f) << 8) | bytes[at + 2]!;
		const control = bytes[at + 3]!;
		const lane = pid === NULL_PID ? undefined : this.#lanes.get(pid);
		if (!lane) return;
		if (flags & 0x80 || control & 0xc0) {
			this.counters.invalid++;
			return;
		}
		if (!(control & 0x10)) return;
		const adaptation = control & 0x20 ? bytes[at + 4]! + 1 : 0;
		const head = 4 + adaptation;
		if (head > TS_PACKET_BYTES) {
			this.counters.invalid++;
			return;
		}
		const fresh = adaptation > 1 && (bytes[at + 5]! & 0x80) !== 0;
		if (!this.#follows(lane, control & 0x0f, fresh)) return;
		const stuffed = adaptation > 0 && adaptation > usedBytes(bytes, at + 4);
		lane.push(bytes.subarray(at + head, at + TS_PACKET_BYTES), (flags & 0x40) !== 0, stuffed);
	}

	/** Section 2.4.3.3: the counter of 4 bits. False for a packet that came twice. */
	#follows(lane: Lane, counter: number, fresh: boolean): boolean {
		const before = lane.continuity;
		lane.continuity = counter;
		if (before < 0 || fresh) return true;
		if (counter === before) return false;
		const missing = (counter - before - 1) & 0x0f;
		if (missing > 0) {
			this.counters.lost += missing;
			lane.lose(missing);
		}
		return true;
	}

	#tableLane(read: (section: Uint8Array) => void): Lane {
		const sections = new SectionReader();
		return {
			continuity: -1,
			push: (payload, start) => sections.push(payload, start, read),
			lose: () => sections.reset(),
		};
	}

	#pat(section: Uint8Array): void {
		const pid = parsePat(section);
		if (pid === undefined || pid === this.#pmtPid || pid === PAT_PID) return;
		this.#pmtPid = pid;
		this.#program = "";
		this.#members = [];
		this.#relane();
	}

	#pmt(section: Uint8Array): void {
		const streams = parsePmt(section);
		const program = JSON.stringify(streams);
		if (!streams || program === this.#program) return;
		this.#program = program;
		this.#members = streams.flatMap((stream) => this.#member(stream) ?? []);
		this.#left = streams.filter(({ codec }) => codec === undefined).map(({ name }) => name);
		this.#relane();
	}

	/** Reads what the tables name and nothing else. */
	#relane(): void {
		this.#told = false;
		this.#since = -1;
		this.#forget();
		for (const pid of [...this.#lanes.keys()]) if (pid !== PAT_PID && pid !== this.#pmtPid) this.#lanes.delete(pid);
		for (const member of this.#members) {
			const { pid } = member.stream;
			if (!this.#lanes.has(pid)) this.#lanes.set(pid, this.#mediaLane(member));
		}
		if (this.#pmtPid < 0 || this.#lanes.has(this.#pmtPid)) return;
		this.#lanes.set(
			this.#pmtPid,
			this.#tableLane((section) => this.#pmt(section)),
		);
	}

	#member(stream: TsStream): Member | undefined {
		const emit = (units: readonly Uint8Array[], pts: number, key: boolean): void => {
			this.#frame({ member, pts, key, units });
		};
		const elementary = elementaryOf(stream, emit);
		if (!elementary) return undefined;
		const member: Member = { stream, elementary, index: -1 };
		return member;
	}

	#mediaLane(member: Member): Lane {
		const { elementary } = member;
		let ticks = -1;
		const unit = (data: Buffer, pts: number | undefined): void => {
			if (pts !== undefined) ticks = this.#clock.ticks(pts);
			if (ticks < 0) return;
			if (this.#since < 0) this.#since = ticks;
			elementary.unit(data, ticks);
			if (!this.#complies()) this.#tell(ticks);
		};
		const pes = new PesReader(
			this.#maxFrameBytes,
			({ data, pts }) => unit(data, pts),
			() => elementary.lose(),
		);
		return {
			continuity: -1,
			push: (payload, start, stuffed) => pes.push(payload, start, stuffed),
			lose: (packets) => {
				pes.lose();
				if (member.index >= 0) this.#events.onLoss?.(member.index, packets);
			},
		};
	}

	/** Whether the tracks that were told are all that are known. */
	#complies(): boolean {
		return this.#told && this.#members.every(({ elementary, index }) => index >= 0 || !elementary.track);
	}

	/** Tells the tracks once all are known, or have had their time. */
	#tell(ticks: number): void {
		const known = this.#members.filter(({ elementary }) => elementary.track);
		const missing = this.#members.filter(({ elementary }) => !elementary.track);
		const waited = ticks - this.#since;
		const video = missing.some(({ stream: { codec } }) => codec === "h264" || codec === "h265");
		const patience = video ? VIDEO_WAIT_TICKS : SOUND_WAIT_TICKS;
		if (known.length === 0 || (missing.length > 0 && waited < patience)) return;
		for (const member of this.#members) member.index = known.indexOf(member);
		this.#told = true;
		const tracks = known.map(({ elementary: { track } }, i) => ({ ...track!, payloadType: FIRST_PAYLOAD_TYPE + i }));
		this.#events.onTracks(tracks, [...this.#left, ...missing.map(({ stream }) => stream.name)]);
		const waiting = this.#waiting;
		this.#forget();
		for (const one of waiting) this.#frame(one);
	}

	#frame(frame: Waiting): void {
		const { member, pts, key, units } = frame;
		if (member.index >= 0 && this.#told) {
			this.#events.onFrame({ track: member.index, pts, key, units });
			return;
		}
		for (const unit of units) this.#waitingBytes += unit.length;
		this.#waiting.push(frame);
		// Video that is dropped here would leave readers without its key frame.
		if (this.#waitingBytes <= 2 * this.#maxFrameBytes) return;
		this.#forget();
		for (const { elementary } of this.#members) elementary.lose();
	}

	#forget(): void {
		this.#waiting = [];
		this.#waitingBytes = 0;
	}
}

function elementaryOf(
	{ codec, channels }: TsStream,
	emit: ConstructorParameters<typeof TsAac>[0],
): Elementary | undefined {
	switch (codec) {
		case "h264":
		case "h265":
			return new TsVideo(codec, emit);
		case "aac":
			return new TsAac(emit);
		case "opus":
			return new TsOpus(channels, emit);
		case undefined:
			return undefined;
		default:
			return codec satisfies never;
	}
}

/** Bytes of an adaptation field that mean something, its length byte included (section 2.4.3.4). */
function usedBytes(bytes: Uint8Array, at: number): number {
	if (bytes[at] === 0) return 1;
	const flags = bytes[at + 1]!;
	let used = 2;
	if (flags & 0x10) used += 6;
	if (flags & 0x08) used += 6;
	if (flags & 0x04) used += 1;
	if (flags & 0x02) used += 1 + (bytes[at + used] ?? 0);
	if (flags & 0x01) used += 1 + (bytes[at + used] ?? 0);
	return used;
}
