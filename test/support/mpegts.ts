import { crc32 } from "../../src/wire/mpegts-tables.ts";

/** Transport streams by hand, for tests: ISO/IEC 13818-1. */

const PACKET_BYTES = 188;
const PMT_PID = 0x1000;
export const VIDEO_PID = 0x100;
export const AUDIO_PID = 0x101;

/** One elementary stream as the program's table has it. */
export interface TableEntry {
	readonly type: number;
	readonly pid: number;
	/** Descriptors as hex. */
	readonly descriptors?: string;
}

function section(table: number, id: number, body: Buffer): Buffer {
	const head = Buffer.from([table, 0, 0, id >> 8, id & 0xff, 0xc1, 0, 0]);
	head.writeUInt16BE(0xb000 | (body.length + 5 + 4), 1);
	const text = Buffer.concat([head, body]);
	const crc = Buffer.alloc(4);
	crc.writeUInt32BE(crc32(text));
	return Buffer.concat([text, crc]);
}

/** A program association table with one program, after the network's. */
function pat(): Buffer {
	return section(0, 1, Buffer.from([0, 0, 0xe0, 0x10, 0, 1, 0xe0 | (PMT_PID >> 8), PMT_PID & 0xff]));
}

/** A program map table. */
function pmt(entries: readonly TableEntry[]): Buffer {
	const rows = entries.map(({ type, pid, descriptors = "" }) => {
		const more = Buffer.from(descriptors, "hex");
		return Buffer.concat([Buffer.from([type, 0xe0 | (pid >> 8), pid & 0xff, 0xf0, more.length]), more]);
	});
	return section(2, 1, Buffer.concat([Buffer.from([0xe1, 0x00, 0xf0, 0x00]), ...rows]));
}

/** Writes packets and counts them as a multiplexer does. */
export class TsWriter {
	readonly #counters = new Map<number, number>();

	tables(entries: readonly TableEntry[]): Buffer {
		return Buffer.concat([this.#section(0, pat()), this.#section(PMT_PID, pmt(entries))]);
	}

	/** One unit with its time; `sized` where its head tells its length, with the first packet as full as `first` says. */
	pes(pid: number, pts: number, data: Buffer, sized = false, first = PACKET_BYTES - 4): Buffer {
		const head = Buffer.from([0, 0, 1, sized ? 0xc0 : 0xe0, 0, 0, 0x80, 0x80, 5, 0, 0, 0, 0, 0]);
		if (sized) head.writeUInt16BE(data.length + 8, 4);
		head[9] = 0x21 | ((Math.floor(pts / 2 ** 30) & 7) << 1);
		head.writeUInt16BE((((pts / 2 ** 15) & 0x7fff) << 1) | 1, 10);
		head.writeUInt16BE(((pts & 0x7fff) << 1) | 1, 12);
		return this.#packets(pid, Buffer.concat([head, data]), first);
	}

	/** A section, in several packets where it is long. */
	#section(pid: number, bytes: Buffer): Buffer {
		const room = PACKET_BYTES - 4;
		const all = Buffer.concat([Buffer.of(0), bytes]);
		const filled = Buffer.concat([all, Buffer.alloc((room - (all.length % room)) % room, 0xff)]);
		const count = filled.length / room;
		return Buffer.concat(
			Array.from({ length: count }, (_, i) => [
				this.#head(pid, i === 0, 0x10),
				filled.subarray(i * room, (i + 1) * room),
			]).flat(),
		);
	}

	#packets(pid: number, bytes: Buffer, first: number): Buffer {
		const out: Buffer[] = [];
		for (let at = 0; at < bytes.length; ) {
			const size = Math.min(at === 0 ? first : PACKET_BYTES - 4, bytes.length - at);
			const stuffing = PACKET_BYTES - 4 - size;
			out.push(
				this.#head(pid, at === 0, stuffing > 0 ? 0x30 : 0x10),
				adaptation(stuffing),
				bytes.subarray(at, at + size),
			);
			at += size;
		}
		return Buffer.concat(out);
	}

	#head(pid: number, start: boolean, control: number): Buffer {
		const counter = this.#counters.get(pid) ?? 0;
		this.#counters.set(pid, (counter + 1) & 0x0f);
		return Buffer.from([0x47, (start ? 0x40 : 0) | (pid >> 8), pid & 0xff, control | counter]);
	}
}

/** An adaptation field of so many bytes that holds nothing. */
function adaptation(bytes: number): Buffer {
	const field = Buffer.alloc(bytes, 0xff);
	if (bytes > 0) field[0] = bytes - 1;
	if (bytes > 1) field[1] = 0;
	return field;
}

/** H.264 of 320×240 as NAL units: parameter sets, the beginning of a key picture and of another one. */
export const h264 = {
	sps: Buffer.from("6742c00dda0507ec0440000003004000000f23c50aa8", "hex"),
	pps: Buffer.from("68ce0fc8", "hex"),
	key: Buffer.from("6588843a", "hex"),
	other: Buffer.from("419a2401", "hex"),
};

/** NAL units as a byte stream with start codes, an access unit delimiter before them. */
export function annexB(...units: readonly Uint8Array[]): Buffer {
	const delimited = [Buffer.from("09f0", "hex"), ...units];
	return Buffer.concat(delimited.flatMap((unit) => [Buffer.from("00000001", "hex"), unit]));
}

/** One AAC block of 44.1 kHz and two channels behind its ADTS head. */
export function adts(block: Uint8Array): Buffer {
	const whole = block.length + 7;
	const head = Buffer.from([
		0xff,
		0xf1,
		0x50,
		0x80 | (whole >> 11),
		(whole >> 3) & 0xff,
		((whole & 7) << 5) | 0x1f,
		0xfc,
	]);
	return Buffer.concat([head, block]);
}
