import { crc32 } from "node:zlib";
import { addressBytes, addressText } from "./stun-address.ts";

/** STUN as ICE uses it: RFC 8489 messages, RFC 8445 section 7 attributes. Pure; HMAC-SHA1 is given by the caller. */

const MAX_STUN_BYTES = 1_500;
const MAX_USERNAME_BYTES = 513;
const HEADER_BYTES = 20;
const COOKIE = 0x2112a442;
const FINGERPRINT_XOR = 0x5354554e;
const INTEGRITY_BYTES = 20;

/** HMAC-SHA1 of `data`: 20 bytes. */
export type HmacSha1 = (key: Uint8Array, data: Uint8Array) => Uint8Array;

const attributeTypes = {
	username: 0x0006,
	integrity: 0x0008,
	errorCode: 0x0009,
	unknown: 0x000a,
	mapped: 0x0020,
	priority: 0x0024,
	useCandidate: 0x0025,
	fingerprint: 0x8028,
	controlled: 0x8029,
	controlling: 0x802a,
} as const;

const kinds = ["request", "indication", "success", "error"] as const;

export interface StunMessage {
	readonly kind: (typeof kinds)[number];
	/** 1 is Binding. */
	readonly method: number;
	/** 12 bytes, a view into the message. */
	readonly transaction: Uint8Array;
	username: string;
	/** PRIORITY, RFC 8445 section 7.1.1; 0 where there is none. */
	priority: number;
	useCandidate: boolean;
	role: "controlling" | "controlled" | undefined;
	/** XOR-MAPPED-ADDRESS. */
	mapped: { readonly address: string; readonly port: number } | undefined;
	/** ERROR-CODE, 300 to 699; 0 where there is none. */
	errorCode: number;
	/** Attributes that must be understood and are not (RFC 8489 section 6.3.1). */
	unknown: number[];
	/** Where MESSAGE-INTEGRITY begins; −1 where there is none. */
	integrityAt: number;
}

/** Whether a datagram is STUN, RFC 7983 section 7 and RFC 8489 section 5. */
export function isStun(bytes: Uint8Array): boolean {
	return bytes.length >= HEADER_BYTES && bytes[0]! < 4 && u32(bytes, 4) === COOKIE;
}

function u16(bytes: Uint8Array, at: number): number {
	return (bytes[at]! << 8) | bytes[at + 1]!;
}

function u32(bytes: Uint8Array, at: number): number {
	return ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;
}

function putU16(bytes: Uint8Array, at: number, value: number): void {
	bytes[at] = value >> 8;
	bytes[at + 1] = value;
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
	putU16(bytes, at, value >>> 16);
	putU16(bytes, at + 2, value & 0xffff);
}

function readMapped(bytes: Uint8Array, at: number, length: number): StunMessage["mapped"] {
	const size = bytes[at + 1] === 1 ? 4 : bytes[at + 1] === 2 ? 16 : 0;
	if (size === 0 || length !== 4 + size) return undefined;
	const address = new Uint8Array(size);
	for (let index = 0; index < size; index++) address[index] = bytes[at + 4 + index]! ^ bytes[4 + index]!;
	return { address: addressText(address), port: u16(bytes, at + 2) ^ (COOKIE >>> 16) };
}

/** Reads one attribute into the message. False where its length is not what its type asks for. */
function readAttribute(message: StunMessage, bytes: Uint8Array, type: number, at: number, length: number): boolean {
	switch (type) {
		case attributeTypes.username:
			if (length > MAX_USERNAME_BYTES) return false;
			message.username = new TextDecoder().decode(bytes.subarray(at, at + length));
			return true;
		case attributeTypes.priority:
			if (length !== 4) return false;
			message.priority = u32(bytes, at);
			return true;
		case attributeTypes.useCandidate:
			message.useCandidate = true;
			return length === 0;
		case attributeTypes.controlled:
		case attributeTypes.controlling:
			message.role = type === attributeTypes.controlled ? "controlled" : "controlling";
			return length === 8;
		case attributeTypes.mapped:
			message.mapped = readMapped(bytes, at, length);
			return message.mapped !== undefined;
		case attributeTypes.errorCode:
			if (length < 4) return false;
			message.errorCode = (bytes[at + 2]! & 7) * 100 + bytes[at + 3]!;
			return true;
		default:
			if (type < 0x8000 && message.unknown.length < 16) message.unknown.push(type);
			return true;
	}
}

/**
 * Parses a message up to MESSAGE-INTEGRITY (what follows is not protected and is left unread, but for FINGERPRINT, which
 * must be right where it is there). Undefined where it is not STUN or its lengths do not add up.
 */
export function parseStun(bytes: Uint8Array): StunMessage | undefined {
	if (!isStun(bytes) || bytes.length > MAX_STUN_BYTES || u16(bytes, 2) !== bytes.length - HEADER_BYTES)
		return undefined;
	const type = u16(bytes, 0);
	const message: StunMessage = {
		kind: kinds[((type >> 7) & 2) | ((type >> 4) & 1)]!,
		method: (type & 0xf) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80),
		transaction: bytes.subarray(8, HEADER_BYTES),
		username: "",
		priority: 0,
		useCandidate: false,
		role: undefined,
		mapped: undefined,
		errorCode: 0,
		unknown: [],
		integrityAt: -1,
	};
	for (let at = HEADER_BYTES; at < bytes.length; ) {
		if (at + 4 > bytes.length) return undefined;
		const attribute = u16(bytes, at);
		const length = u16(bytes, at + 2);
		if (at + 4 + ((length + 3) & ~3) > bytes.length) return undefined;
		if (attribute === attributeTypes.fingerprint) {
			const expected = (crc32(bytes.subarray(0, at)) ^ FINGERPRINT_XOR) >>> 0;
			if (length !== 4 || at + 8 !== bytes.length || u32(bytes, at + 4) !== expected) return undefined;
		} else if (message.integrityAt < 0) {
			if (attribute === attributeTypes.integrity) {
				if (length !== INTEGRITY_BYTES) return undefined;
				message.integrityAt = at;
			} else if (!readAttribute(message, bytes, attribute, at + 4, length)) return undefined;
		}
		at += 4 + ((length + 3) & ~3);
	}
	return message;
}

/**
 * The part of a request's USERNAME before its colon, by which a server finds the session (RFC 8445 section 7.2.2);
 * empty where the message is no request or has none. Looks at nothing else.
 */
export function stunUser(bytes: Uint8Array): string {
	if (!isStun(bytes) || u16(bytes, 0) !== 1) return "";
	for (let at = HEADER_BYTES; at + 4 <= bytes.length; ) {
		const length = u16(bytes, at + 2);
		const end = at + 4 + length;
		if (end > bytes.length || length > MAX_USERNAME_BYTES) return "";
		if (u16(bytes, at) === attributeTypes.username) {
			const colon = bytes.indexOf(0x3a, at + 4);
			return colon < 0 || colon >= end ? "" : String.fromCharCode(...bytes.subarray(at + 4, colon));
		}
		at += 4 + ((length + 3) & ~3);
	}
	return "";
}

/** Whether MESSAGE-INTEGRITY was made with `key` (RFC 8489 section 14.5); false where there is none. */
export function verifyStun(bytes: Uint8Array, message: StunMessage, key: Uint8Array, hmac: HmacSha1): boolean {
	const at = message.integrityAt;
	if (at < 0) return false;
	const covered = bytes.slice(0, at);
	putU16(covered, 2, at + 4 + INTEGRITY_BYTES - HEADER_BYTES);
	const digest = hmac(key, covered);
	let difference = 0;
	for (let index = 0; index < INTEGRITY_BYTES; index++) difference |= digest[index]! ^ bytes[at + 4 + index]!;
	return difference === 0;
}

/** Writes one message, attribute by attribute. */
class Writer {
	readonly #bytes = new Uint8Array(MAX_STUN_BYTES);
	#at = HEADER_BYTES;

	constructor(type: number, transaction: Uint8Array) {
		putU16(this.#bytes, 0, type);
		putU32(this.#bytes, 4, COOKIE);
		this.#bytes.set(transaction.subarray(0, 12), 8);
	}

	add(type: number, value: Uint8Array): void {
		putU16(this.#bytes, this.#at, type);
		putU16(this.#bytes, this.#at + 2, value.length);
		this.#bytes.set(value, this.#at + 4);
		this.#at += 4 + ((value.length + 3) & ~3);
	}

	address(address: string, port: number): void {
		const bytes = addressBytes(address) ?? new Uint8Array(4);
		const value = new Uint8Array(4 + bytes.length);
		value[1] = bytes.length === 4 ? 1 : 2;
		putU16(value, 2, port ^ (COOKIE >>> 16));
		for (const [index, byte] of bytes.entries()) value[4 + index] = byte ^ this.#bytes[4 + index]!;
		this.add(attributeTypes.mapped, value);
	}

	/** Ends the message with MESSAGE-INTEGRITY, where there is a key, and FINGERPRINT. */
	finish(key: Uint8Array | undefined, hmac: HmacSha1): Uint8Array {
		if (key) {
			putU16(this.#bytes, 2, this.#at + 4 + INTEGRITY_BYTES - HEADER_BYTES);
			this.add(attributeTypes.integrity, hmac(key, this.#bytes.subarray(0, this.#at)));
		}
		putU16(this.#bytes, 2, this.#at + 8 - HEADER_BYTES);
		const value = new Uint8Array(4);
		putU32(value, 0, (crc32(this.#bytes.subarray(0, this.#at)) ^ FINGERPRINT_XOR) >>> 0);
		this.add(attributeTypes.fingerprint, value);
		return this.#bytes.slice(0, this.#at);
	}
}

/** A success response that tells the asker the address it is seen at, RFC 8445 section 7.3.1. */
export function bindingSuccess(
	transaction: Uint8Array,
	from: { readonly address: string; readonly port: number },
	key: Uint8Array,
	hmac: HmacSha1,
): Uint8Array {
	const writer = new Writer(0x0101, transaction);
	writer.address(from.address, from.port);
	return writer.finish(key, hmac);
}

/**
 * An error response, RFC 8489 section 14.8: 400 and 401 are sent without a key, 420 names what was not understood, 487
 * is a role conflict.
 */
export function bindingError(
	transaction: Uint8Array,
	code: number,
	reason: string,
	hmac: HmacSha1,
	{ key, unknown = [] }: { key?: Uint8Array; unknown?: readonly number[] } = {},
): Uint8Array {
	const writer = new Writer(0x0111, transaction);
	const text = new TextEncoder().encode(reason).subarray(0, 127);
	writer.add(attributeTypes.errorCode, Uint8Array.from([0, 0, Math.floor(code / 100), code % 100, ...text]));
	if (unknown.length > 0) {
		writer.add(attributeTypes.unknown, Uint8Array.from(unknown.flatMap((type) => [type >> 8, type & 255])));
	}
	return writer.finish(key, hmac);
}

/** Our own check of the other side's address, as the controlled agent: RFC 8445 section 7.2. */
export function bindingRequest(
	transaction: Uint8Array,
	{ username, priority, tieBreaker }: { username: string; priority: number; tieBreaker: Uint8Array },
	key: Uint8Array,
	hmac: HmacSha1,
): Uint8Array {
	const writer = new Writer(0x0001, transaction);
	writer.add(attributeTypes.username, new TextEncoder().encode(username).subarray(0, MAX_USERNAME_BYTES));
	const value = new Uint8Array(4);
	putU32(value, 0, priority);
	writer.add(attributeTypes.priority, value);
	writer.add(attributeTypes.controlled, tieBreaker.subarray(0, 8));
	return writer.finish(key, hmac);
}
