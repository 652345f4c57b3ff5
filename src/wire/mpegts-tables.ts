/** Program tables of MPEG transport streams, ISO/IEC 13818-1 section 2.4.4. Pure. */

/** The longest section that a program table may have (2.4.4.8), its head included. */
const SECTION_MAX_BYTES = 1024;
const SECTION_HEAD_BYTES = 3;
const CRC_BYTES = 4;
const PAT_TABLE = 0;
const PMT_TABLE = 2;
/** Streams of one program that are looked at. */
const MAX_STREAMS = 32;

/** The codecs that Vedette takes out of a transport stream. */
type TsCodec = "h264" | "h265" | "aac" | "opus";

/** One elementary stream of a program. */
export interface TsStream {
	readonly pid: number;
	/** Undefined where it is left out. */
	readonly codec: TsCodec | undefined;
	/** For people. */
	readonly name: string;
	/** As a descriptor tells it; 0 where none does. */
	readonly channels: number;
}

/** Puts the sections of one packet identifier together. */
export class SectionReader {
	readonly #bytes = Buffer.alloc(2 * SECTION_MAX_BYTES);
	#size = -1;

	/** Forgets a section of which a part is lost. */
	reset(): void {
		this.#size = -1;
	}

	/** The payload of one packet; `start` where a section begins in it. Calls `emit` with each section with a good CRC. */
	push(payload: Uint8Array, start: boolean, emit: (section: Uint8Array) => void): void {
		if (!start) {
			this.#append(payload, emit);
			return;
		}
		const begin = 1 + (payload[0] ?? 0);
		if (begin > payload.length) {
			this.reset();
			return;
		}
		this.#append(payload.subarray(1, begin), emit);
		this.#size = 0;
		this.#append(payload.subarray(begin), emit);
	}

	#append(bytes: Uint8Array, emit: (section: Uint8Array) => void): void {
		if (this.#size < 0) return;
		const room = this.#bytes.length - this.#size;
		this.#bytes.set(bytes.length > room ? bytes.subarray(0, room) : bytes, this.#size);
		this.#size += Math.min(room, bytes.length);
		while (this.#size >= SECTION_HEAD_BYTES) {
			const whole = SECTION_HEAD_BYTES + (this.#bytes.readUInt16BE(1) & 0x0fff);
			// 0xff is stuffing behind the last section.
			if (this.#bytes[0] === 0xff || whole > SECTION_MAX_BYTES) {
				this.reset();
				return;
			}
			if (this.#size < whole) return;
			const section = this.#bytes.subarray(0, whole);
			if (crc32(section) === 0) emit(section);
			this.#bytes.copyWithin(0, whole, this.#size);
			this.#size -= whole;
		}
	}
}

/** The packet identifier of the first program's table; undefined where the section is no present PAT (2.4.4.3). */
export function parsePat(section: Uint8Array): number | undefined {
	if (section[0] !== PAT_TABLE || !isPresent(section)) return undefined;
	for (let at = 8; at + 4 <= section.length - CRC_BYTES; at += 4) {
		// Program 0 is the network information table.
		if (read16(section, at) !== 0) return read16(section, at + 2) & 0x1fff;
	}
	return undefined;
}

/** The elementary streams of a program; undefined where the section is no present PMT (2.4.4.8). */
export function parsePmt(section: Uint8Array): TsStream[] | undefined {
	if (section[0] !== PMT_TABLE || section.length < 12 + CRC_BYTES || !isPresent(section)) return undefined;
	const end = section.length - CRC_BYTES;
	const streams: TsStream[] = [];
	let at = 12 + (read16(section, 10) & 0x0fff);
	while (at + 5 <= end && streams.length < MAX_STREAMS) {
		const next = at + 5 + (read16(section, at + 3) & 0x0fff);
		if (next > end) return undefined;
		streams.push(describe(read16(section, at + 1) & 0x1fff, section[at]!, section.subarray(at + 5, next)));
		at = next;
	}
	return streams;
}

/** Table 2-34 and what its users have added. */
const types: Readonly<Record<number, { codec?: TsCodec; name: string }>> = {
	1: { name: "MPEG-1 video" },
	2: { name: "MPEG-2 video" },
	3: { name: "MP3" },
	4: { name: "MP3" },
	15: { codec: "aac", name: "AAC" },
	16: { name: "MPEG-4 video" },
	17: { name: "AAC in LATM" },
	21: { name: "metadata" },
	27: { codec: "h264", name: "H.264" },
	36: { codec: "h265", name: "H.265" },
	51: { name: "H.266" },
	129: { name: "AC-3" },
	130: { name: "DTS" },
	135: { name: "E-AC-3" },
};

const PRIVATE_DATA = 6;
const REGISTRATION = 0x05;
const EXTENSION = 0x7f;
/** Opus in MPEG-2 transport streams: the extension descriptor that tells the channels. */
const OPUS_EXTENSION = 0x80;

const registrations: Readonly<Record<string, { codec?: TsCodec; name: string }>> = {
	Opus: { codec: "opus", name: "Opus" },
	HEVC: { codec: "h265", name: "H.265" },
	"AC-3": { name: "AC-3" },
	EAC3: { name: "E-AC-3" },
	AV01: { name: "AV1" },
	KLVA: { name: "KLV" },
};

function describe(pid: number, type: number, descriptors: Uint8Array): TsStream {
	let known = types[type];
	let channels = 0;
	for (let at = 0; at + 2 <= descriptors.length; at += 2 + descriptors[at + 1]!) {
		const body = descriptors.subarray(at + 2, at + 2 + descriptors[at + 1]!);
		if (descriptors[at] === REGISTRATION && type === PRIVATE_DATA) {
			const registration = Buffer.from(body.subarray(0, 4)).toString("latin1");
			if (Object.hasOwn(registrations, registration)) known = registrations[registration];
		}
		if (descriptors[at] === EXTENSION && body[0] === OPUS_EXTENSION) channels = body[1] === 0 ? 2 : (body[1] ?? 0);
	}
	const { codec, name = `type ${type}` } = known ?? {};
	if (codec === "opus" && channels > 2)
		return { pid, codec: undefined, name: `Opus of ${channels} channels`, channels };
	return { pid, codec, name, channels };
}

function isPresent(section: Uint8Array): boolean {
	return section.length > 8 && (section[1]! & 0x80) !== 0 && (section[5]! & 1) !== 0;
}

function read16(bytes: Uint8Array, at: number): number {
	return (bytes[at]! << 8) | bytes[at + 1]!;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
	let value = index << 24;
	for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
	return value;
});

/** The CRC of annex A. Over a section with its own CRC it is 0. */
export function crc32(bytes: Uint8Array): number {
	let crc = 0xffffffff;
	for (const byte of bytes) crc = (crc << 8) ^ crcTable[(crc >>> 24) ^ byte]!;
	return crc >>> 0;
}
