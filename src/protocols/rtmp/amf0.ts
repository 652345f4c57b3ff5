/** Action Message Format 0 (Adobe amf0-file-format-specification). Pure. */

/** What AMF0 can say. An object reads as one whether it was an object or an ECMA array; a `Map` is written as the latter. */
export type AmfValue =
	| number
	| boolean
	| string
	| null
	| undefined
	| readonly AmfValue[]
	| ReadonlyMap<string, AmfValue>
	| { readonly [key: string]: AmfValue };

/** Deepest nesting and most entries of all objects in one message that are read. */
const MAX_DEPTH = 16;
const MAX_ENTRIES = 2048;

const NUMBER = 0;
const BOOLEAN = 1;
const STRING = 2;
const OBJECT = 3;
const NULL = 5;
const UNDEFINED = 6;
const ECMA_ARRAY = 8;
const OBJECT_END = 9;
const STRICT_ARRAY = 10;
const DATE = 11;
const LONG_STRING = 12;
/** What follows is AMF3. */
const AVM_PLUS = 0x11;

/** The bytes are not AMF0. */
export class AmfError extends Error {
	override readonly name = "AmfError";
}

class AmfReader {
	readonly #bytes: Buffer;
	#at = 0;
	#entries = 0;

	constructor(bytes: Buffer) {
		this.#bytes = bytes;
	}

	get more(): boolean {
		return this.#at < this.#bytes.length && this.#bytes[this.#at] !== AVM_PLUS;
	}

	value(depth: number): AmfValue {
		if (depth > MAX_DEPTH) throw new AmfError(`values are nested deeper than ${MAX_DEPTH}`);
		const marker = this.#bytes[this.#skip(1)];
		switch (marker) {
			case NUMBER:
				return this.#bytes.readDoubleBE(this.#skip(8));
			case BOOLEAN:
				return this.#bytes[this.#skip(1)] !== 0;
			case STRING:
				return this.#text(this.#bytes.readUInt16BE(this.#skip(2)));
			case LONG_STRING:
				return this.#text(this.#bytes.readUInt32BE(this.#skip(4)));
			case OBJECT:
				return this.#object(depth);
			case ECMA_ARRAY:
				// The count is a hint: senders put anything there.
				this.#skip(4);
				return this.#object(depth);
			case STRICT_ARRAY:
				return this.#array(depth);
			case DATE:
				return this.#date();
			case NULL:
				return null;
			case UNDEFINED:
				return undefined;
			default:
				throw new AmfError(`there is no type ${marker}`);
		}
	}

	#object(depth: number): AmfValue {
		const object: Record<string, AmfValue> = {};
		while (true) {
			const key = this.#text(this.#bytes.readUInt16BE(this.#skip(2)));
			if (key === "" && this.#bytes[this.#at] === OBJECT_END) {
				this.#at++;
				return object;
			}
			this.#count();
			const value = this.value(depth + 1);
			if (key !== "__proto__") object[key] = value;
		}
	}

	#array(depth: number): AmfValue {
		const length = this.#bytes.readUInt32BE(this.#skip(4));
		const values: AmfValue[] = [];
		for (let i = 0; i < length; i++) {
			this.#count();
			values.push(this.value(depth + 1));
		}
		return values;
	}

	/** Milliseconds since 1970; the time zone is reserved. */
	#date(): number {
		const value = this.#bytes.readDoubleBE(this.#skip(8));
		this.#skip(2);
		return value;
	}

	#text(length: number): string {
		const at = this.#skip(length);
		return this.#bytes.toString("utf8", at, at + length);
	}

	#count(): void {
		if (++this.#entries > MAX_ENTRIES) throw new AmfError(`a message has more than ${MAX_ENTRIES} entries`);
	}

	/** Goes on by `length` bytes and gives where they begin. */
	#skip(length: number): number {
		const at = this.#at;
		if (length > this.#bytes.length - at) throw new AmfError("a value ends too early");
		this.#at += length;
		return at;
	}
}

/** All values of a message, up to the first that is AMF3. Throws `AmfError`. */
export function decodeAmf(bytes: Buffer): AmfValue[] {
	const reader = new AmfReader(bytes);
	const values: AmfValue[] = [];
	while (reader.more) values.push(reader.value(0));
	return values;
}

/** Values one after the other. */
export function encodeAmf(...values: readonly AmfValue[]): Buffer {
	return Buffer.concat(values.map(encode));
}

function encode(value: AmfValue): Buffer {
	if (value === null) return Buffer.of(NULL);
	if (value === undefined) return Buffer.of(UNDEFINED);
	if (typeof value === "boolean") return Buffer.of(BOOLEAN, value ? 1 : 0);
	if (typeof value === "string") return encodeText(value);
	if (typeof value === "number") {
		const out = Buffer.alloc(9, NUMBER);
		out.writeDoubleBE(value, 1);
		return out;
	}
	if (isArray(value)) return Buffer.concat([head(STRICT_ARRAY, value.length), ...value.map(encode)]);
	if (value instanceof Map) return Buffer.concat([head(ECMA_ARRAY, value.size), entries([...value])]);
	return Buffer.concat([Buffer.of(OBJECT), entries(Object.entries(value))]);
}

function isArray(value: AmfValue): value is readonly AmfValue[] {
	return Array.isArray(value);
}

function encodeText(text: string): Buffer {
	const bytes = Buffer.from(text);
	if (bytes.length > 0xffff) return Buffer.concat([head(LONG_STRING, bytes.length), bytes]);
	return Buffer.concat([Buffer.of(STRING), withLength(bytes)]);
}

function entries(all: readonly (readonly [string, AmfValue])[]): Buffer {
	const parts = all.flatMap(([key, value]) => [withLength(Buffer.from(key)), encode(value)]);
	return Buffer.concat([...parts, Buffer.of(0, 0, OBJECT_END)]);
}

function withLength(bytes: Buffer): Buffer {
	return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function head(marker: number, length: number): Buffer {
	const out = Buffer.alloc(5, marker);
	out.writeUInt32BE(length, 1);
	return out;
}
