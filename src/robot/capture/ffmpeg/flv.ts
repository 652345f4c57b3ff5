import { splitLengths } from "../units.ts";

/** File header and the first back pointer (Adobe FLV 10.1, annex E.2 and E.3). */
const FILE_HEADER_BYTES = 13;
const TAG_HEADER_BYTES = 11;
const BACK_POINTER_BYTES = 4;
const VIDEO_TAG = 9;
const AVC = 7;
/** Frame type and codec, packet type, composition time (E.4.3.1). */
const VIDEO_HEADER_BYTES = 5;

/** One access unit, or the parameter sets that come before all. */
export interface FlvPicture {
	readonly timeMs: number;
	readonly units: readonly Uint8Array[];
	/** Whether these are the parameter sets only. */
	readonly configuration: boolean;
}

/** Takes ffmpeg's FLV from a pipe and hands on the H.264 in it, each access unit as soon as its last byte is there. */
export class FlvReader {
	readonly #onPicture: (picture: FlvPicture) => void;
	#state: "file" | "tag" | "body" = "file";
	#target = Buffer.alloc(FILE_HEADER_BYTES);
	#filled = 0;
	#type = 0;
	#timeMs = 0;

	constructor(onPicture: (picture: FlvPicture) => void) {
		this.#onPicture = onPicture;
	}

	/** Takes the next bytes. */
	push(chunk: Buffer): void {
		let at = 0;
		while (at < chunk.length) {
			const taken = chunk.copy(this.#target, this.#filled, at);
			at += taken;
			this.#filled += taken;
			if (this.#filled < this.#target.length) return;
			this.#filled = 0;
			this.#take(this.#target);
		}
	}

	#take(bytes: Buffer): void {
		if (this.#state === "tag") {
			this.#type = bytes[0]! & 0x1f;
			this.#timeMs = bytes.readUIntBE(4, 3) + bytes[7]! * 2 ** 24;
			this.#target = Buffer.allocUnsafeSlow(bytes.readUIntBE(1, 3) + BACK_POINTER_BYTES);
			this.#state = "body";
			return;
		}
		if (this.#state === "body") this.#picture(bytes.subarray(0, bytes.length - BACK_POINTER_BYTES));
		this.#target = Buffer.alloc(TAG_HEADER_BYTES);
		this.#state = "tag";
	}

	#picture(body: Buffer): void {
		if (this.#type !== VIDEO_TAG || body.length <= VIDEO_HEADER_BYTES || (body[0]! & 0x0f) !== AVC) return;
		const data = body.subarray(VIDEO_HEADER_BYTES);
		const packet = body[1]!;
		if (packet === 0) this.#onPicture({ timeMs: this.#timeMs, units: parameterSets(data), configuration: true });
		if (packet === 1) this.#onPicture({ timeMs: this.#timeMs, units: splitLengths(data), configuration: false });
	}
}

/** The parameter sets of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.2.4.1). */
function parameterSets(record: Buffer): Uint8Array[] {
	const sets: Uint8Array[] = [];
	let at = 5;
	for (const mask of [0x1f, 0xff]) {
		const count = (record[at] ?? 0) & mask;
		at += 1;
		for (let i = 0; i < count && at + 2 <= record.length; i++) {
			const length = record.readUInt16BE(at);
			sets.push(record.subarray(at + 2, at + 2 + length));
			at += 2 + length;
		}
	}
	return sets;
}
