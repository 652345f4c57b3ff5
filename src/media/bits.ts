/**
 * Reads bits from the most significant one on, past the emulation prevention bytes of a NAL unit (H.264 7.3.1); of other
 * codecs there are none (`plain`).
 */
export class BitReader {
	readonly #bytes: Uint8Array;
	readonly #isPlain: boolean;
	#at: number;
	#bit = 0;
	#zeros = 0;

	constructor(bytes: Uint8Array, at = 0, coding: "nal" | "plain" = "nal") {
		this.#bytes = bytes;
		this.#isPlain = coding === "plain";
		this.#at = at;
	}

	/** The next `count` bits (at most 32) as an unsigned number. Throws a RangeError at the end of the bytes. */
	bits(count: number): number {
		let value = 0;
		for (let i = 0; i < count; i++) value = value * 2 + this.#next();
		return value;
	}

	flag(): boolean {
		return this.#next() === 1;
	}

	/** Exp-Golomb code without sign (H.264 9.1). */
	ue(): number {
		let zeros = 0;
		while (this.#next() === 0) if (++zeros > 31) throw new RangeError("an Exp-Golomb code of more than 32 bits");
		return 2 ** zeros - 1 + this.bits(zeros);
	}

	/** Exp-Golomb code with sign (H.264 9.1.1). */
	se(): number {
		const code = this.ue();
		return code & 1 ? (code + 1) / 2 : -code / 2;
	}

	skip(count: number): void {
		for (let i = 0; i < count; i++) this.#next();
	}

	#next(): number {
		const byte = this.#bytes[this.#at];
		if (byte === undefined) throw new RangeError("the description ends too early");
		const bit = (byte >> (7 - this.#bit)) & 1;
		if (++this.#bit === 8) this.#advance(byte);
		return bit;
	}

	#advance(byte: number): void {
		this.#bit = 0;
		this.#at++;
		this.#zeros = byte === 0 ? this.#zeros + 1 : 0;
		if (this.#zeros === 2 && !this.#isPlain && this.#bytes[this.#at] === 3) {
			this.#at++;
			this.#zeros = 0;
		}
	}
}
