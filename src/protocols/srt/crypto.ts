import { createCipheriv, createDecipheriv, pbkdf2, pbkdf2Sync, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { openSslOrReason } from "../../net/openssl.ts";
import { type CounterCipher, counterCipher } from "../../net/openssl-ciphers.ts";
import type { KeyFlag } from "./packet.ts";

/** Encryption of SRT, draft-sharabayko-srt section 6: AES in counter mode with keys that are wrapped by a passphrase's. */

const HEAD_BYTES = 16;
const SALT_BYTES = 16;
const WRAP_BYTES = 8;
const ITERATIONS = 2048;
/** S, V = 1, PT = 2, and the sign "HAI" (section 3.2.2). */
const SIGN = 0x12_2029;
const AES_CTR = 2;
const SRT_STREAM = 2;
/** RFC 3394 section 2.2.3.1. */
const WRAP_IV = Buffer.alloc(8, 0xa6);

const EVEN = 1;
const ODD = 2;
export const BOTH_KEYS = 3;

const derive = promisify(pbkdf2);

/** A key-material message (section 3.2.2), still wrapped. */
interface WrappedKeys {
	readonly which: KeyFlag;
	readonly keyBytes: number;
	readonly salt: Buffer;
	readonly wrapped: Buffer;
}

/** Parses a key-material message; undefined where it is damaged or of a cipher that is not known. */
export function parseKeys(bytes: Buffer): WrappedKeys | undefined {
	if (bytes.length < HEAD_BYTES + SALT_BYTES || bytes.readUIntBE(0, 3) !== SIGN) return undefined;
	const which = (bytes[3]! & 3) as KeyFlag;
	const keyBytes = 4 * bytes[15]!;
	const saltBytes = 4 * bytes[14]!;
	const fits = saltBytes === SALT_BYTES && (keyBytes === 16 || keyBytes === 24 || keyBytes === 32);
	if (which === 0 || bytes[8] !== AES_CTR || bytes[9] !== 0 || !fits) return undefined;
	const count = which === BOTH_KEYS ? 2 : 1;
	const end = HEAD_BYTES + SALT_BYTES + WRAP_BYTES + count * keyBytes;
	if (bytes.length < end) return undefined;
	const salt = Buffer.from(bytes.subarray(HEAD_BYTES, HEAD_BYTES + SALT_BYTES));
	return { which, keyBytes, salt, wrapped: Buffer.from(bytes.subarray(HEAD_BYTES + SALT_BYTES, end)) };
}

/** The keys of one connection. Both directions begin with the caller's. */
export class Keys {
	readonly salt: Buffer;
	readonly keyBytes: number;
	readonly #counter = Buffer.alloc(16);
	readonly #kek: Buffer;
	#even: Buffer | undefined;
	#odd: Buffer | undefined;

	private constructor(kek: Buffer, salt: Buffer, keyBytes: number) {
		this.#kek = kek;
		this.salt = salt;
		this.keyBytes = keyBytes;
	}

	/** Opens what a caller sent, without holding anybody up; undefined where the passphrase is not the one. */
	static async open(message: Buffer, passphrase: string): Promise<Keys | undefined> {
		const wrapped = parseKeys(message);
		if (!wrapped) return undefined;
		const { salt, keyBytes } = wrapped;
		// Section 6.1.4: the last 64 bits of the salt.
		const kek = await derive(passphrase, salt.subarray(8), ITERATIONS, keyBytes, "sha1");
		const keys = new Keys(kek, salt, keyBytes);
		return keys.take(message) ? keys : undefined;
	}

	/** New keys, of a caller. */
	static create(passphrase: string, keyBytes: 16 | 24 | 32): Keys {
		const salt = randomBytes(SALT_BYTES);
		const kek = pbkdf2Sync(passphrase, salt.subarray(8), ITERATIONS, keyBytes, "sha1");
		const keys = new Keys(kek, salt, keyBytes);
		keys.renew(EVEN);
		return keys;
	}

	/** The same keys, to go their own way: each direction is refreshed on its own (section 6.1.6). */
	clone(): Keys {
		const twin = new Keys(this.#kek, this.salt, this.keyBytes);
		twin.#even = this.#even;
		twin.#odd = this.#odd;
		return twin;
	}

	/** Takes the keys of a refresh; false where they cannot be opened. */
	take(message: Buffer): boolean {
		const found = parseKeys(message);
		if (!found || found.keyBytes !== this.keyBytes || !found.salt.equals(this.salt)) return false;
		const plain = unwrap(this.#kek, found.wrapped);
		if (!plain) return false;
		if (found.which & EVEN) this.#even = plain.subarray(0, this.keyBytes);
		if (found.which & ODD) this.#odd = plain.subarray(plain.length - this.keyBytes);
		return true;
	}

	/** Makes a new key in place of the even or the odd one. */
	renew(which: KeyFlag): void {
		if (which === EVEN) this.#even = randomBytes(this.keyBytes);
		else this.#odd = randomBytes(this.keyBytes);
	}

	/** The key-material message that tells the other side. */
	message(which: KeyFlag): Buffer {
		const plain = Buffer.concat([
			which & EVEN ? this.#even! : Buffer.alloc(0),
			which & ODD ? this.#odd! : Buffer.alloc(0),
		]);
		const head = Buffer.alloc(HEAD_BYTES);
		head.writeUIntBE(SIGN, 0, 3);
		head[3] = which;
		head[8] = AES_CTR;
		head[10] = SRT_STREAM;
		head[14] = SALT_BYTES / 4;
		head[15] = this.keyBytes / 4;
		return Buffer.concat([head, this.salt, wrap(this.#kek, plain)]);
	}

	/** Which of the keys are there: the flag of the only one, or of the even one. */
	get first(): KeyFlag {
		return this.#even ? EVEN : ODD;
	}

	/** Encrypts or decrypts the payload of a packet; undefined where there is no such key. */
	crypt(payload: Uint8Array, which: KeyFlag, sequence: number): Buffer | undefined {
		const key = which === EVEN ? this.#even : which === ODD ? this.#odd : undefined;
		if (!key) return undefined;
		// Section 6.2.2: the salt's first 112 bits, with the packet's number over bits 80 to 111; then the block counter.
		const counter = this.#counter;
		this.salt.copy(counter);
		counter.writeUInt32BE((counter.readUInt32BE(10) ^ sequence) >>> 0, 10);
		counter.writeUInt16BE(0, 14);
		const out = Buffer.allocUnsafe(payload.length);
		cipher ??= openCounter();
		cipher(key, counter, payload, out);
		return out;
	}
}

let cipher: CounterCipher | undefined;

/** OpenSSL itself where it can be called: `node:crypto` makes an object for each packet, which costs ten times as much. */
function openCounter(): CounterCipher {
	const found = openSslOrReason();
	if ("openSsl" in found) return counterCipher(found.openSsl);
	return (key, iv, data, out) => {
		createCipheriv(`aes-${8 * key.length}-ctr`, key, iv)
			.update(data)
			.copy(out);
	};
}

/** RFC 3394 section 2.2.1. */
function wrap(kek: Buffer, plain: Buffer): Buffer {
	const cipher = createCipheriv(`id-aes${8 * kek.length}-wrap`, kek, WRAP_IV);
	return Buffer.concat([cipher.update(plain), cipher.final()]);
}

/** RFC 3394 section 2.2.2; undefined where the integrity check fails. */
function unwrap(kek: Buffer, wrapped: Buffer): Buffer | undefined {
	try {
		const cipher = createDecipheriv(`id-aes${8 * kek.length}-wrap`, kek, WRAP_IV);
		return Buffer.concat([cipher.update(wrapped), cipher.final()]);
	} catch {
		return undefined;
	}
}
