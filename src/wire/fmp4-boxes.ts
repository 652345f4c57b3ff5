/*
 * Boxes of ISO base media files (ISO/IEC 14496-12 section 4.2), read. Pure; what does not add up is an Error.
 */

/** Most boxes of one container. */
const MAX_BOXES = 10_000;

/** One box. */
export interface Box {
	/** Four characters. */
	readonly type: string;
	/** What stands behind its header. */
	readonly body: Buffer;
	/** Where the box begins in the bytes it was read from. */
	readonly at: number;
}

/** The boxes in `bytes` from `from` on, one after the other. Throws where one is longer than what there is. */
export function* boxes(bytes: Buffer, from = 0): Iterable<Box> {
	let count = 0;
	for (let at = from; at + 8 <= bytes.length; ) {
		if (++count > MAX_BOXES) throw new Error(`more than ${MAX_BOXES} boxes in one`);
		const type = bytes.toString("latin1", at + 4, at + 8);
		const { head, size } = extent(bytes, at);
		if (size < head || at + size > bytes.length)
			throw new Error(`a box "${type}" of ${size} bytes, ${bytes.length - at} are there`);
		yield { type, body: bytes.subarray(at + head, at + size), at };
		at += size;
	}
}

function extent(bytes: Buffer, at: number): { readonly head: number; readonly size: number } {
	const size = bytes.readUInt32BE(at);
	if (size === 0) return { head: 8, size: bytes.length - at };
	if (size !== 1) return { head: 8, size };
	if (at + 16 > bytes.length) throw new Error("a box whose size is cut off");
	return { head: 16, size: Number(bytes.readBigUInt64BE(at + 8)) };
}

/** The first box at the end of a path of types; undefined where there is none. */
export function boxAt(bytes: Buffer, ...path: readonly string[]): Box | undefined {
	const [type, ...rest] = path;
	for (const box of boxes(bytes)) {
		if (box.type !== type) continue;
		return rest.length === 0 ? box : boxAt(box.body, ...rest);
	}
	return undefined;
}

/** Reads the numbers of a full box one after the other. Throws at its end. */
export class Fields {
	readonly version: number;
	readonly flags: number;
	readonly #bytes: Buffer;
	#at = 4;

	constructor({ type, body }: Box) {
		if (body.length < 4) throw new Error(`a box "${type}" of ${body.length} bytes`);
		this.#bytes = body;
		this.version = body[0]!;
		this.flags = body.readUIntBE(1, 3);
	}

	/** Bytes that have not been read. */
	get left(): number {
		return this.#bytes.length - this.#at;
	}

	u32(): number {
		const value = this.#bytes.readUInt32BE(this.#at);
		this.#at += 4;
		return value;
	}

	i32(): number {
		const value = this.#bytes.readInt32BE(this.#at);
		this.#at += 4;
		return value;
	}

	u64(): number {
		return this.u32() * 2 ** 32 + this.u32();
	}

	i64(): number {
		return this.i32() * 2 ** 32 + this.u32();
	}

	/** 64 bits in version 1 of the box, else 32. */
	long(): number {
		return this.version === 1 ? this.u64() : this.u32();
	}

	signedLong(): number {
		return this.version === 1 ? this.i64() : this.i32();
	}

	skip(bytes: number): void {
		this.#at += bytes;
	}
}
