import type { Destination, Nonce } from "./destination.ts";
import type { Evp } from "./evp.ts";
import { PROTECTION_CM, PROTECTION_GCM, RECORD, THREAD } from "./layout.ts";
import type { Memory } from "./memory.ts";

const RTP_HEADER_BYTES = 12;
const SHA1_BLOCK_BYTES = 64;
const SHA1_WORDS = 5;
/** In SHA_CTX: five words of state, two of length, a block, and how much of the block is filled. */
const SHA_CTX_FILLED = 92;

/** In the thread's scratch memory. */
const SCRATCH = { sha: 0, block: 128, params: 256, tagName: 384 } as const;

/**
 * SRTP packets, encrypted from the ring straight into the arena. The contexts are OpenSSL's; one per destination,
 * made and freed by the thread that uses it.
 */
export class Sealer {
	readonly #memory: Memory;
	readonly #evp: Evp;
	readonly #scratch: number;
	/** Word index of the address in the OSSL_PARAM that says where a tag is written. */
	readonly #tagAddress: number;
	readonly #params: number;

	/** @param block offset of the thread's block in the media memory */
	constructor(memory: Memory, evp: Evp, block: number) {
		this.#memory = memory;
		this.#evp = evp;
		const scratch = block + THREAD.scratch;
		this.#scratch = scratch;
		this.#params = memory.address + scratch + SCRATCH.params;
		this.#tagAddress = (scratch + SCRATCH.params + 16) >> 2;
		this.#prepareParams();
	}

	/** Takes a destination's key out of its record, which is erased there. False where OpenSSL refuses. */
	open(destination: Destination): boolean {
		if (destination.protection !== PROTECTION_GCM && destination.protection !== PROTECTION_CM) return true;
		const evp = this.#evp;
		const { address, bytes } = this.#memory;
		const { record } = destination;
		const cipher = destination.protection === PROTECTION_GCM ? evp.gcm : evp.ctr;
		destination.context = evp.newContext();
		if (destination.context === 0) return false;
		const iv = address + this.#scratch + SCRATCH.block;
		const started = evp.start(destination.context, cipher, 0, address + record + RECORD.key, iv) === 1;
		if (destination.protection === PROTECTION_CM) this.#digestKey(record);
		bytes.fill(0, record + RECORD.key, record + RECORD.inner);
		return started;
	}

	close(destination: Destination): void {
		if (destination.context !== 0) this.#evp.freeContext(destination.context);
		destination.context = 0;
	}

	/**
	 * AEAD_AES_128_GCM (RFC 7714 section 9): the header at `at` is authenticated, `length` bytes at `payload` are
	 * encrypted behind it, and 16 bytes of tag follow. False where OpenSSL refuses: then nothing may be sent.
	 */
	gcm(context: number, nonce: Nonce, index: number, at: number, payload: number, length: number): boolean {
		const evp = this.#evp;
		const { address, low, words } = this.#memory;
		const output = address + at + RTP_HEADER_BYTES;
		nonce.set(index);
		evp.next(context, 0, 0, 0, nonce.address);
		evp.additional(context, 0, address + at, RTP_HEADER_BYTES);
		// EVP_Cipher with no input ends the message, so an empty payload is not passed on.
		const written = length === 0 ? 0 : evp.cipher(context, output, address + payload, length);
		const ended = evp.cipher(context, output + length, 0, 0);
		words[this.#tagAddress] = low + at + RTP_HEADER_BYTES + length;
		return evp.params(context, this.#params) === 1 && written === length && ended >= 0;
	}

	/**
	 * AES_CM_128_HMAC_SHA1_80 (RFC 3711 sections 4.1.1 and 4.2): as `gcm`, with 10 bytes of tag. Up to 140 bytes behind
	 * the payload are overwritten.
	 */
	cm(destination: Destination, nonce: Nonce, index: number, at: number, payload: number, length: number): boolean {
		const evp = this.#evp;
		const { address } = this.#memory;
		nonce.set(index);
		evp.next(destination.context, 0, 0, 0, nonce.address);
		const output = at + RTP_HEADER_BYTES;
		const written = length === 0 ? 0 : evp.cipher(destination.context, address + output, address + payload, length);
		this.#authenticate(destination.record, at, RTP_HEADER_BYTES + length, nonce.rollover);
		return written === length;
	}

	/**
	 * HMAC-SHA1 over the packet and its roll-over counter: from the states after the key's two blocks, with SHA-1's
	 * padding written here, it is one call for the packet and one for the outer block.
	 */
	#authenticate(record: number, at: number, length: number, rollover: number): void {
		const { address, bytes, view, words } = this.#memory;
		const sha = this.#scratch + SCRATCH.sha;
		const end = at + length;
		view.setUint32(end, rollover);
		const message = length + 4;
		const padded = (message + 9 + SHA1_BLOCK_BYTES - 1) & -SHA1_BLOCK_BYTES;
		bytes[end + 4] = 0x80;
		bytes.fill(0, end + 5, at + padded - 4);
		view.setUint32(at + padded - 4, (SHA1_BLOCK_BYTES + message) * 8);
		this.#restore(record + RECORD.inner);
		this.#evp.sha1Update(address + sha, address + at, padded);
		const block = this.#scratch + SCRATCH.block;
		for (let i = 0; i < SHA1_WORDS; i++) view.setUint32(block + 4 * i, words[(sha >> 2) + i]!);
		view.setUint32(block + 20, 0x8000_0000);
		view.setUint32(block + 60, (SHA1_BLOCK_BYTES + 20) * 8);
		this.#restore(record + RECORD.outer);
		this.#evp.sha1Block(address + sha, address + block);
		view.setUint32(end, words[sha >> 2]!);
		view.setUint32(end + 4, words[(sha >> 2) + 1]!);
		view.setUint16(end + 8, words[(sha >> 2) + 2]! >>> 16);
	}

	#restore(state: number): void {
		const { words } = this.#memory;
		const sha = (this.#scratch + SCRATCH.sha) >> 2;
		for (let i = 0; i < SHA1_WORDS; i++) words[sha + i] = words[(state >> 2) + i]!;
		words[sha + SHA_CTX_FILLED / 4] = 0;
	}

	/** The SHA-1 states after the key's inner and outer block (RFC 2104 section 2). */
	#digestKey(record: number): void {
		for (const [state, pad] of [
			[RECORD.inner, 0x36],
			[RECORD.outer, 0x5c],
		] as const) {
			const { address, bytes, words } = this.#memory;
			const sha = this.#scratch + SCRATCH.sha;
			const block = this.#scratch + SCRATCH.block;
			bytes.fill(pad, block, block + SHA1_BLOCK_BYTES);
			for (let i = 0; i < 20; i++) bytes[block + i]! ^= bytes[record + RECORD.authKey + i]!;
			this.#evp.sha1Init(address + sha);
			this.#evp.sha1Block(address + sha, address + block);
			for (let i = 0; i < SHA1_WORDS; i++) words[(record + state + 4 * i) >> 2] = words[(sha >> 2) + i]!;
			bytes.fill(0, block, block + SHA1_BLOCK_BYTES);
		}
	}

	/** `{ "tag", OSSL_PARAM_OCTET_STRING, address, 16 bytes }` and the end of the list (openssl/core.h). */
	#prepareParams(): void {
		const { bytes, high, low, words } = this.#memory;
		const name = this.#scratch + SCRATCH.tagName;
		bytes.set([0x74, 0x61, 0x67, 0], name);
		const at = (this.#scratch + SCRATCH.params) >> 2;
		words.fill(0, at, at + 20);
		words[at] = low + name;
		words[at + 1] = high;
		words[at + 2] = 5;
		words[at + 5] = high;
		words[at + 6] = 16;
		words[at + 8] = 0xffff_ffff;
		words[at + 9] = 0xffff_ffff;
	}
}
