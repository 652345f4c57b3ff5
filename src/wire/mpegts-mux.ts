import type { Frame } from "../media/frame.ts";
import { type Codec, parseFmtp, type Track } from "../media/track.ts";
import { crc32 } from "./mpegts-tables.ts";

/** Writes MPEG transport streams, ISO/IEC 13818-1. Pure: frames in, packets of 188 bytes out. */

const PACKET_BYTES = 188;
const SYNC = 0x47;
const PMT_PID = 0x1000;
const FIRST_PID = 0x0100;
const NO_PCR = 0x1fff;
/** The clock reference runs so far ahead of the decoding time: what a receiver may take to get a picture whole. */
const CLOCK_AHEAD_TICKS = 3600;
/** Added to all times, so that none is negative. */
export const WRITE_FIRST_TICKS = 90_000;
/** The tables are repeated with each key frame, and after so much time. */
const TABLES_TICKS = 9000;
const WRAP_TICKS = 2 ** 33;
const VIDEO_STREAM = 0xe0;
const AUDIO_STREAM = 0xc0;
const PRIVATE_STREAM = 0xbd;
const ADTS_BYTES = 7;
const MAX_ADTS_BYTES = 8191;

/** One track on its way out. */
interface Lane {
	readonly track: Track;
	readonly pid: number;
	/** Table 2-34. */
	readonly type: number;
	readonly streamId: number;
	readonly descriptors: Buffer;
	/** The fixed part of the ADTS head; undefined for other codecs. */
	readonly adts: Buffer | undefined;
	counter: number;
}

const carried: ReadonlySet<Codec> = new Set(["h264", "h265", "opus", "mp3"]);

/** Whether a transport stream carries the track here. */
export function canMux({ codec, fmtp }: Track): boolean {
	return carried.has(codec) || (codec === "aac" && adtsOf(fmtp) !== undefined);
}

/** Makes one program of some tracks. */
export class MpegTsWriter {
	readonly #lanes: readonly (Lane | undefined)[];
	readonly #clockLane: Lane;
	readonly #tables: Buffer;
	readonly #sets: (track: number) => readonly Uint8Array[];
	#tablesAt = Number.NEGATIVE_INFINITY;
	#tableCounter = 0;
	#pcr = 0;
	#out = Buffer.alloc(0);
	#at = 0;

	/**
	 * `tracks` by index, undefined where one is left out; at least one must be there, and all such that `canMux`.
	 * `sets` gives a track's parameter sets, which go before key frames without any.
	 */
	constructor(tracks: readonly (Track | undefined)[], sets: (track: number) => readonly Uint8Array[]) {
		this.#lanes = tracks.map((track, index) => track && laneOf(track, FIRST_PID + index));
		const lanes = this.#lanes.filter((lane) => lane !== undefined);
		this.#clockLane = lanes.find(({ track }) => track.kind === "video") ?? lanes[0]!;
		this.#sets = sets;
		this.#tables = Buffer.concat([tablePacket(0, pat()), tablePacket(PMT_PID, pmt(lanes, this.#clockLane.pid))]);
	}

	/** The packets of a frame that is shown at `ptsMs` and decoded at `dtsMs`, on one clock for all tracks. */
	frame(frame: Frame, ptsMs: number, dtsMs: number): Buffer {
		const lane = this.#lanes[frame.track];
		if (!lane) return Buffer.alloc(0);
		const pts = WRITE_FIRST_TICKS + Math.round(90 * ptsMs);
		const dts = Math.min(pts, WRITE_FIRST_TICKS + Math.round(90 * dtsMs));
		const body = bodyOf(lane, frame, this.#sets);
		if (body.length === 0) return body;
		const isClock = lane === this.#clockLane;
		const withTables = dts - this.#tablesAt >= TABLES_TICKS || (isClock && frame.key && lane.track.kind === "video");
		const pes = Buffer.concat([pesHead(lane, body.length, pts, dts), body]);
		const packets = Math.ceil((pes.length + 10) / (PACKET_BYTES - 4)) + (withTables ? 2 : 0);
		this.#out = Buffer.allocUnsafe(packets * PACKET_BYTES);
		this.#at = 0;
		if (withTables) this.#writeTables(dts);
		this.#writePes(lane, pes, isClock ? this.#clock(dts) : -1, frame.key);
		return this.#out.subarray(0, this.#at);
	}

	/** Renumbers packets of this writer, which has made all that are wanted, so that those that `next` makes follow them. */
	leadInto(next: MpegTsWriter, packets: Buffer): void {
		for (let at = 0; at < packets.length; at += PACKET_BYTES) {
			const lane = (packets.readUInt16BE(at + 1) & 0x1fff) - FIRST_PID;
			const [from, to] = [this.#lanes[lane]?.counter, next.#lanes[lane]?.counter];
			const shift = (to ?? next.#tableCounter) - (from ?? this.#tableCounter);
			packets[at + 3] = (packets[at + 3]! & 0xf0) | ((packets[at + 3]! + shift) & 0x0f);
		}
	}

	/** Runs on where pictures without a decoding time are shown in another order; follows a publisher's jump. */
	#clock(dts: number): number {
		const pcr = dts - CLOCK_AHEAD_TICKS;
		const isReordered = pcr < this.#pcr && this.#pcr - pcr < WRITE_FIRST_TICKS;
		if (!isReordered) this.#pcr = pcr;
		return this.#pcr;
	}

	#writeTables(dts: number): void {
		this.#tablesAt = dts;
		const at = this.#at;
		this.#tables.copy(this.#out, at);
		for (const start of [at, at + PACKET_BYTES]) this.#out[start + 3] = 0x10 | this.#tableCounter;
		this.#tableCounter = (this.#tableCounter + 1) & 0x0f;
		this.#at += 2 * PACKET_BYTES;
	}

	#writePes(lane: Lane, pes: Buffer, pcr: number, key: boolean): void {
		for (let from = 0; from < pes.length; ) {
			const isFirst = from === 0;
			const field = isFirst && pcr >= 0 ? 8 : isFirst && key ? 2 : 0;
			const room = PACKET_BYTES - 4 - field;
			const take = Math.min(room, pes.length - from);
			this.#writeHead(lane, isFirst, field, room - take, isFirst && key);
			if (field === 8) this.#writeClock(pcr);
			pes.copy(this.#out, this.#at + PACKET_BYTES - take, from, from + take);
			from += take;
			this.#at += PACKET_BYTES;
		}
	}

	/** Head and adaptation field (sections 2.4.3.2 and 2.4.3.4), with `stuffing` bytes more than the `field` itself. */
	#writeHead(lane: Lane, isFirst: boolean, field: number, stuffing: number, key: boolean): void {
		const out = this.#out;
		const at = this.#at;
		const size = field + stuffing;
		out[at] = SYNC;
		out[at + 1] = (isFirst ? 0x40 : 0) | (lane.pid >> 8);
		out[at + 2] = lane.pid & 0xff;
		out[at + 3] = (size > 0 ? 0x30 : 0x10) | lane.counter;
		lane.counter = (lane.counter + 1) & 0x0f;
		if (size === 0) return;
		out[at + 4] = size - 1;
		if (size === 1) return;
		out[at + 5] = (key ? 0x40 : 0) | (field === 8 ? 0x10 : 0);
		out.fill(0xff, at + 4 + Math.max(2, field), at + 4 + size);
	}

	/** Section 2.4.3.5: 33 bits of 90 kHz, 6 bits of nothing, 9 bits of 27 MHz that are 0. */
	#writeClock(pcr: number): void {
		const base = pcr % WRAP_TICKS;
		this.#out.writeUInt32BE(Math.floor(base / 2), this.#at + 6);
		this.#out[this.#at + 10] = ((base % 2) << 7) | 0x7e;
		this.#out[this.#at + 11] = 0;
	}
}

/** Table 2-34, and the identifiers of table 2-22. */
function laneOf(track: Track, pid: number): Lane {
	const lane = { track, pid, descriptors: Buffer.alloc(0), adts: undefined, counter: 0 };
	switch (track.codec) {
		case "h264":
			return { ...lane, type: 0x1b, streamId: VIDEO_STREAM };
		case "h265":
			return { ...lane, type: 0x24, streamId: VIDEO_STREAM };
		case "aac":
			return { ...lane, type: 0x0f, streamId: AUDIO_STREAM, adts: adtsOf(track.fmtp) };
		case "mp3":
			return { ...lane, type: 0x03, streamId: AUDIO_STREAM };
		default: {
			// Opus in MPEG-2 transport streams: registration "Opus", and the extension that tells the channels.
			const channels = parseFmtp(track.fmtp).get("sprop-stereo") === "1" ? 2 : 1;
			const descriptors = Buffer.of(0x05, 4, 0x4f, 0x70, 0x75, 0x73, 0x7f, 2, 0x80, channels);
			return { ...lane, type: 0x06, streamId: PRIVATE_STREAM, descriptors };
		}
	}
}

const startCode = Buffer.of(0, 0, 0, 1);
const h264Delimiter = Buffer.of(0, 0, 0, 1, 0x09, 0xf0);
const h265Delimiter = Buffer.of(0, 0, 0, 1, 0x46, 0x01, 0x50);

function bodyOf(lane: Lane, frame: Frame, sets: (track: number) => readonly Uint8Array[]): Buffer {
	switch (lane.track.codec) {
		case "h264":
			return byteStream(h264Delimiter, frame, (first) => (first & 0x1f) === 7, sets);
		case "h265":
			return byteStream(h265Delimiter, frame, (first) => ((first >> 1) & 0x3f) === 33, sets);
		case "aac":
			return adtsBlock(lane.adts!, frame.units[0]!);
		case "mp3":
			return Buffer.from(frame.units[0]!);
		default:
			return opusBlock(frame.units[0]!);
	}
}

/** Annex B, with a delimiter first (H.264: 13818-1 section 2.14.1), and parameter sets in every key frame. */
function byteStream(
	delimiter: Buffer,
	frame: Frame,
	isSet: (first: number) => boolean,
	sets: (track: number) => readonly Uint8Array[],
): Buffer {
	const parts: Uint8Array[] = [delimiter];
	const wantsSets = frame.key && !frame.units.some((unit) => isSet(unit[0]!));
	for (const unit of wantsSets ? sets(frame.track) : []) parts.push(startCode, unit);
	for (const unit of frame.units) parts.push(startCode, unit);
	return Buffer.concat(parts);
}

const adtsRates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350];

/** The ADTS head (ISO/IEC 14496-3 table 1.A.6) for an AudioSpecificConfig; undefined where it can have none. */
function adtsOf(fmtp: string): Buffer | undefined {
	const config = Buffer.from(parseFmtp(fmtp).get("config") ?? "", "hex");
	if (config.length < 2) return undefined;
	const bits = config.readUInt16BE(0);
	let object = bits >> 11;
	const rate = (bits >> 7) & 0x0f;
	const channels = (bits >> 3) & 0x0f;
	// What extends AAC-LC (SBR, PS) is found in the blocks themselves.
	if (object === 5 || object === 29) object = 2;
	if (object < 1 || object > 4 || rate >= adtsRates.length || channels === 0 || channels > 7) return undefined;
	return Buffer.of(0xff, 0xf1, ((object - 1) << 6) | (rate << 2) | (channels >> 2), (channels & 3) << 6, 0, 0x1f, 0xfc);
}

function adtsBlock(head: Buffer, block: Uint8Array): Buffer {
	const size = ADTS_BYTES + block.length;
	if (size > MAX_ADTS_BYTES) return Buffer.alloc(0);
	const bytes = Buffer.concat([head, block]);
	bytes[3] = bytes[3]! | (size >> 11);
	bytes[4] = (size >> 3) & 0xff;
	bytes[5] = ((size & 7) << 5) | 0x1f;
	return bytes;
}

/** The control head: prefix of 11 bits, no trimming, then the size in bytes of up to 255 each. */
function opusBlock(packet: Uint8Array): Buffer {
	const full = Math.floor(packet.length / 255);
	const head = Buffer.alloc(3 + full, 0xff);
	head.writeUInt16BE(0x7fe0, 0);
	head[2 + full] = packet.length % 255;
	return Buffer.concat([head, packet]);
}

/** Section 2.4.3.6. Video has no length: it may be longer than 16 bits tell. */
function pesHead({ streamId, track }: Lane, bytes: number, pts: number, dts: number): Buffer {
	const withDts = dts !== pts;
	const rest = withDts ? 10 : 5;
	const head = Buffer.alloc(9 + rest);
	const length = 3 + rest + bytes;
	head.writeUInt32BE(0x100 | streamId, 0);
	head.writeUInt16BE(track.kind === "video" || length > 0xffff ? 0 : length, 4);
	head[6] = 0x84;
	head[7] = withDts ? 0xc0 : 0x80;
	head[8] = rest;
	writeTime(head, 9, withDts ? 3 : 2, pts);
	if (withDts) writeTime(head, 14, 1, dts);
	return head;
}

function writeTime(into: Buffer, at: number, prefix: number, ticks: number): void {
	const time = ((ticks % WRAP_TICKS) + WRAP_TICKS) % WRAP_TICKS;
	const low = time % 2 ** 30;
	into[at] = (prefix << 4) | (Math.floor(time / 2 ** 30) << 1) | 1;
	into.writeUInt16BE((((low >>> 15) & 0x7fff) << 1) | 1, at + 1);
	into.writeUInt16BE(((low & 0x7fff) << 1) | 1, at + 3);
}

function pat(): Buffer {
	return section(0, 1, Buffer.of(0, 1, 0xe0 | (PMT_PID >> 8), PMT_PID & 0xff));
}

function pmt(lanes: readonly Lane[], clockPid: number): Buffer {
	const streams = lanes.map(({ type, pid, descriptors }) => {
		const head = Buffer.of(type, 0xe0 | (pid >> 8), pid & 0xff, 0xf0, descriptors.length);
		return Buffer.concat([head, descriptors]);
	});
	const pcr = clockPid & NO_PCR;
	return section(2, 1, Buffer.concat([Buffer.of(0xe0 | (pcr >> 8), pcr & 0xff, 0xf0, 0), ...streams]));
}

/** Section 2.4.4: head, body, CRC. */
function section(table: number, id: number, body: Buffer): Buffer {
	const length = 5 + body.length + 4;
	const bytes = Buffer.alloc(3 + length);
	bytes.set([table, 0xb0 | (length >> 8), length & 0xff, id >> 8, id & 0xff, 0xc1, 0, 0]);
	bytes.set(body, 8);
	bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
	return bytes;
}

/** A section in a packet of its own. */
function tablePacket(pid: number, bytes: Buffer): Buffer {
	const packet = Buffer.alloc(PACKET_BYTES, 0xff);
	packet.set([SYNC, 0x40 | (pid >> 8), pid & 0xff, 0x10, 0]);
	packet.set(bytes, 5);
	return packet;
}
