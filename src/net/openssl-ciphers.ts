import type { OpenSsl } from "./openssl.ts";

const TAG_BYTES = 16;
const KEY_BYTES = 16;
const SHA1_BYTES = 20;
const GET_TAG = 0x10;
const SET_TAG = 0x11;

/** AES in counter mode, with a key of 16, 24 or 32 bytes. `iv` has 16 bytes; `out` may be `data`. */
export type CounterCipher = (key: Uint8Array, iv: Uint8Array, data: Uint8Array, out: Uint8Array) => void;

/** Whole packets encrypted, decrypted and signed one by one: 1 to 2 µs each, where `node:crypto` takes 10 to 20. */
export interface PacketCiphers {
	/** AES-128-GCM: writes `plain.length` + 16 bytes to `out`. `iv` has 12 bytes. */
	seal(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, plain: Uint8Array, out: Uint8Array): void;
	/** Writes `sealed.length` − 16 bytes to `out`; false where the tag is wrong, and then `out` means nothing. */
	open(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array, out: Uint8Array): boolean;
	readonly counter: CounterCipher;
	/** HMAC-SHA1: 20 bytes, good until the next call. */
	hmacSha1(key: Uint8Array, data: Uint8Array): Uint8Array;
}

function must(result: number, call: string): void {
	if (result !== 1) throw new Error(`OpenSSL: ${call} failed`);
}

function mustHold(bytes: Uint8Array, length: number, name: string): void {
	if (bytes.length < length) throw new RangeError(`${name} has ${bytes.length} bytes, not ${length}`);
}

function aead(ssl: OpenSsl): Pick<PacketCiphers, "seal" | "open"> {
	const [sealing, opening] = [ssl.EVP_CIPHER_CTX_new(), ssl.EVP_CIPHER_CTX_new()];
	// The cipher is looked up once; later only key and vector change.
	must(ssl.EVP_CipherInit_ex(sealing, ssl.EVP_aes_128_gcm(), 0, null, null, 1), "EVP_CipherInit_ex");
	must(ssl.EVP_CipherInit_ex(opening, ssl.EVP_aes_128_gcm(), 0, null, null, 0), "EVP_CipherInit_ex");
	const length = new Uint8Array(8);
	const tail = new Uint8Array(32);
	const tag = new Uint8Array(TAG_BYTES);
	const begin = (context: number, key: Uint8Array, iv: Uint8Array, aad: Uint8Array, encrypt: number) => {
		mustHold(key, KEY_BYTES, "the key");
		mustHold(iv, 12, "the vector");
		must(ssl.EVP_CipherInit_ex(context, 0, 0, key, iv, encrypt), "EVP_CipherInit_ex");
		must(ssl.EVP_CipherUpdate(context, null, length, aad, aad.length), "EVP_CipherUpdate");
	};
	return {
		seal(key, iv, aad, plain, out) {
			mustHold(out, plain.length + TAG_BYTES, "the output");
			begin(sealing, key, iv, aad, 1);
			if (plain.length > 0) must(ssl.EVP_CipherUpdate(sealing, out, length, plain, plain.length), "EVP_CipherUpdate");
			must(ssl.EVP_CipherFinal_ex(sealing, tail, length), "EVP_CipherFinal_ex");
			must(ssl.EVP_CIPHER_CTX_ctrl(sealing, GET_TAG, TAG_BYTES, tag), "EVP_CIPHER_CTX_ctrl");
			out.set(tag, plain.length);
		},
		open(key, iv, aad, sealed, out) {
			const size = sealed.length - TAG_BYTES;
			if (size < 0) return false;
			mustHold(out, size, "the output");
			begin(opening, key, iv, aad, 0);
			tag.set(sealed.subarray(size));
			if (size > 0) must(ssl.EVP_CipherUpdate(opening, out, length, sealed, size), "EVP_CipherUpdate");
			must(ssl.EVP_CIPHER_CTX_ctrl(opening, SET_TAG, TAG_BYTES, tag), "EVP_CIPHER_CTX_ctrl");
			return ssl.EVP_CipherFinal_ex(opening, tail, length) === 1;
		},
	};
}

/** The counter mode of this thread. Its contexts live as long as the process: ask once. */
export function counterCipher(ssl: OpenSsl): CounterCipher {
	// Of each the cipher is looked up once; later only key and vector change.
	const context = (cipher: number): number => {
		const made = ssl.EVP_CIPHER_CTX_new();
		must(ssl.EVP_CipherInit_ex(made, cipher, 0, null, null, 1), "EVP_CipherInit_ex");
		return made;
	};
	const contexts = new Map([
		[16, context(ssl.EVP_aes_128_ctr())],
		[24, context(ssl.EVP_aes_192_ctr())],
		[32, context(ssl.EVP_aes_256_ctr())],
	]);
	const length = new Uint8Array(8);
	return (key, iv, data, out) => {
		const own = contexts.get(key.length);
		if (own === undefined) throw new RangeError(`the key has ${key.length} bytes, not 16, 24 or 32`);
		mustHold(iv, 16, "the vector");
		mustHold(out, data.length, "the output");
		must(ssl.EVP_CipherInit_ex(own, 0, 0, key, iv, 1), "EVP_CipherInit_ex");
		if (data.length > 0) must(ssl.EVP_CipherUpdate(own, out, length, data, data.length), "EVP_CipherUpdate");
	};
}

function hmac(ssl: OpenSsl): PacketCiphers["hmacSha1"] {
	const context = ssl.HMAC_CTX_new();
	const digest = new Uint8Array(64);
	const length = new Uint8Array(8);
	return (key, data) => {
		must(ssl.HMAC_Init_ex(context, key, key.length, ssl.EVP_sha1(), 0), "HMAC_Init_ex");
		must(ssl.HMAC_Update(context, data, data.length), "HMAC_Update");
		must(ssl.HMAC_Final(context, digest, length), "HMAC_Final");
		return digest.subarray(0, SHA1_BYTES);
	};
}

/** The packet ciphers of this thread. Their contexts live as long as the process: ask once. */
export function packetCiphers(ssl: OpenSsl): PacketCiphers {
	return { ...aead(ssl), counter: counterCipher(ssl), hmacSha1: hmac(ssl) };
}
