import { type Foreign, type Library, native } from "../native.ts";

type Address = number;

/**
 * The few OpenSSL functions of the packet path, with addresses as Numbers. Fetched ciphers and digests live as long as
 * the process.
 */
export interface Evp {
	readonly gcm: Address;
	readonly ctr: Address;
	readonly newContext: Foreign<[], Address>;
	readonly freeContext: Foreign<[Address], void>;
	/** context, cipher, engine (0), key, IV; 1 is success. */
	readonly start: Foreign<[Address, Address, Address, Address, Address], number>;
	/** context, cipher (0), engine (0), key (0), IV: the next packet under the same key. */
	readonly next: Foreign<[Address, 0, 0, 0, Address], void>;
	/** context, output, input, bytes; output 0 takes the input as additional data, input 0 ends the message. */
	readonly cipher: Foreign<[Address, Address, Address, number], number>;
	readonly additional: Foreign<[Address, 0, Address, number], void>;
	/** context, array of OSSL_PARAM; 1 is success. */
	readonly params: Foreign<[Address, Address], number>;
	readonly sha1Init: Foreign<[Address], number>;
	/** SHA_CTX, data, bytes. */
	readonly sha1Update: Foreign<[Address, Address, number], void>;
	/** SHA_CTX, block of 64 bytes. */
	readonly sha1Block: Foreign<[Address, Address], void>;
}

const U = "uint64_t";

function connect(library: Library): Evp {
	return {
		gcm: library.bind<[], Address>("EVP_aes_128_gcm", U, [])(),
		ctr: library.bind<[], Address>("EVP_aes_128_ctr", U, [])(),
		newContext: library.bind("EVP_CIPHER_CTX_new", U, []),
		freeContext: library.bind("EVP_CIPHER_CTX_free", "void", [U]),
		start: library.bind("EVP_EncryptInit_ex", "int", [U, U, U, U, U]),
		next: library.bind("EVP_EncryptInit_ex", "void", [U, U, U, U, U]),
		cipher: library.bind("EVP_Cipher", "int", [U, U, U, "uint32_t"]),
		additional: library.bind("EVP_Cipher", "void", [U, U, U, "uint32_t"]),
		params: library.bind("EVP_CIPHER_CTX_get_params", "int", [U, U]),
		sha1Init: library.bind("SHA1_Init", "int", [U]),
		sha1Update: library.bind("SHA1_Update", "void", [U, U, "size_t"]),
		sha1Block: library.bind("SHA1_Transform", "void", [U, U]),
	};
}

let found: Evp | null | undefined;

/** OpenSSL as Node carries it, or the system's where Node is linked to that; undefined without foreign functions. */
export function openEvp(): Evp | undefined {
	if (found === undefined) found = search();
	return found ?? undefined;
}

function search(): Evp | null {
	if (!native) return null;
	for (const library of [native.self, native.open("libcrypto.so.3")]) {
		try {
			if (library) return connect(library);
		} catch {
			// This library has no OpenSSL in it.
		}
	}
	return null;
}
