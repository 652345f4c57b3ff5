/**
 * The way of access units from a capture process to the robot: records in a byte stream, each a header of little-endian
 * numbers and an Annex B access unit.
 *
 * | bytes | |
 * |---|---|
 * | 4 | length of the access unit |
 * | 8 | time since the capture's start in nanoseconds (double) |
 * | 8 | capture time in Unix milliseconds (double), NaN where it is not known |
 */
const HEADER_BYTES = 20;
/** No encoder makes access units of this size: a larger length means that the stream is broken. */
const MAX_UNIT_BYTES = 16 * 1024 * 1024;

/** One access unit on its way. */
export interface UnitRecord {
	readonly timeNs: number;
	readonly capturedAt: number | undefined;
	readonly bytes: Buffer;
}

/** The header of a record; the access unit's bytes follow it. */
export function recordHeader(length: number, timeNs: number, capturedAt: number | undefined): Buffer {
	const header = Buffer.allocUnsafe(HEADER_BYTES);
	header.writeUInt32LE(length, 0);
	header.writeDoubleLE(timeNs, 4);
	header.writeDoubleLE(capturedAt ?? Number.NaN, 12);
	return header;
}

/** Puts records together from the pieces that a pipe gives. Each record's bytes are memory of their own. */
export class RecordReader {
	readonly #onRecord: (record: UnitRecord) => void;
	readonly #header = Buffer.alloc(HEADER_BYTES);
	#body: Buffer | undefined;
	#filled = 0;

	constructor(onRecord: (record: UnitRecord) => void) {
		this.#onRecord = onRecord;
	}

	/** Takes the next bytes. Throws where a length is beyond any access unit. */
	push(chunk: Buffer): void {
		let at = 0;
		while (at < chunk.length) {
			const target = this.#body ?? this.#header;
			const taken = chunk.copy(target, this.#filled, at);
			at += taken;
			this.#filled += taken;
			if (this.#filled < target.length) return;
			this.#filled = 0;
			if (this.#body) this.#finish(this.#body);
			else this.#begin();
		}
	}

	#begin(): void {
		const length = this.#header.readUInt32LE(0);
		if (length > MAX_UNIT_BYTES) throw new Error(`an access unit of ${length} bytes, at most ${MAX_UNIT_BYTES}`);
		if (length > 0) this.#body = Buffer.allocUnsafeSlow(length);
	}

	#finish(bytes: Buffer): void {
		this.#body = undefined;
		const capturedAt = this.#header.readDoubleLE(12);
		this.#onRecord({
			timeNs: this.#header.readDoubleLE(4),
			capturedAt: Number.isNaN(capturedAt) ? undefined : capturedAt,
			bytes,
		});
	}
}
