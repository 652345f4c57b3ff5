import { type Library, type Native, native } from "./native.ts";

const P = "uint64_t";

/**
 * The functions of OpenSSL (3.0 and later) that DTLS and the packet ciphers are made of, under their own names, so that
 * the manual pages apply. Pointers are Numbers; buffers are given as they are.
 */
function bindSsl(ssl: Library) {
	return {
		DTLS_server_method: ssl.bind<[], number>("DTLS_server_method", P, []),
		SSL_CTX_new: ssl.bind<[number], number>("SSL_CTX_new", P, [P]),
		SSL_CTX_free: ssl.bind<[number], void>("SSL_CTX_free", "void", [P]),
		SSL_CTX_ctrl: ssl.bind<[number, number, number, null], number>("SSL_CTX_ctrl", "long", [P, "int", "long", "void*"]),
		SSL_CTX_set_options: ssl.bind<[number, number], number>("SSL_CTX_set_options", P, [P, P]),
		SSL_CTX_set_cipher_list: ssl.bind<[number, string], number>("SSL_CTX_set_cipher_list", "int", [P, "str"]),
		SSL_CTX_use_certificate_ASN1: ssl.bind<[number, number, Uint8Array], number>(
			"SSL_CTX_use_certificate_ASN1",
			"int",
			[P, "int", "void*"],
		),
		SSL_CTX_use_PrivateKey_ASN1: ssl.bind<[number, number, Uint8Array, number], number>(
			"SSL_CTX_use_PrivateKey_ASN1",
			"int",
			["int", P, "void*", "long"],
		),
		SSL_CTX_set_tlsext_use_srtp: ssl.bind<[number, string], number>("SSL_CTX_set_tlsext_use_srtp", "int", [P, "str"]),
		SSL_CTX_set_verify: ssl.bind<[number, number, unknown], void>("SSL_CTX_set_verify", "void", [P, "int", "void*"]),
		SSL_new: ssl.bind<[number], number>("SSL_new", P, [P]),
		SSL_free: ssl.bind<[number], void>("SSL_free", "void", [P]),
		SSL_ctrl: ssl.bind<[number, number, number, null], number>("SSL_ctrl", "long", [P, "int", "long", "void*"]),
		SSL_set_bio: ssl.bind<[number, number, number], void>("SSL_set_bio", "void", [P, P, P]),
		SSL_set_accept_state: ssl.bind<[number], void>("SSL_set_accept_state", "void", [P]),
		SSL_do_handshake: ssl.bind<[number], number>("SSL_do_handshake", "int", [P]),
		SSL_read: ssl.bind<[number, Uint8Array, number], number>("SSL_read", "int", [P, "void*", "int"]),
		SSL_shutdown: ssl.bind<[number], number>("SSL_shutdown", "int", [P]),
		SSL_get_shutdown: ssl.bind<[number], number>("SSL_get_shutdown", "int", [P]),
		SSL_get_error: ssl.bind<[number, number], number>("SSL_get_error", "int", [P, "int"]),
		SSL_get_selected_srtp_profile: ssl.bind<[number], number>("SSL_get_selected_srtp_profile", P, [P]),
		SSL_get1_peer_certificate: ssl.bind<[number], number>("SSL_get1_peer_certificate", P, [P]),
		SSL_export_keying_material: ssl.bind<[number, Uint8Array, number, string, number, null, number, number], number>(
			"SSL_export_keying_material",
			"int",
			[P, "void*", "size_t", "str", "size_t", "void*", "size_t", "int"],
		),
		DTLS_set_timer_cb: ssl.bind<[number, unknown], void>("DTLS_set_timer_cb", "void", [P, "void*"]),
	};
}

function bindCrypto(crypto: Library, libc: Library) {
	return {
		BIO_s_mem: crypto.bind<[], number>("BIO_s_mem", P, []),
		BIO_new: crypto.bind<[number], number>("BIO_new", P, [P]),
		BIO_ctrl: crypto.bind<[number, number, number, null], number>("BIO_ctrl", "long", [P, "int", "long", "void*"]),
		BIO_read: crypto.bind<[number, Uint8Array, number], number>("BIO_read", "int", [P, "void*", "int"]),
		BIO_write: crypto.bind<[number, Uint8Array, number], number>("BIO_write", "int", [P, "void*", "int"]),
		X509_free: crypto.bind<[number], void>("X509_free", "void", [P]),
		X509_digest: crypto.bind<[number, number, Uint8Array, Uint8Array], number>("X509_digest", "int", [
			P,
			P,
			"void*",
			"void*",
		]),
		EVP_get_digestbyname: crypto.bind<[string], number>("EVP_get_digestbyname", P, ["str"]),
		ERR_get_error: crypto.bind<[], number>("ERR_get_error", "unsigned long", []),
		ERR_clear_error: crypto.bind<[], void>("ERR_clear_error", "void", []),
		ERR_error_string_n: crypto.bind<[number, Uint8Array, number], void>("ERR_error_string_n", "void", [
			"unsigned long",
			"void*",
			"size_t",
		]),
		EVP_CIPHER_CTX_new: crypto.bind<[], number>("EVP_CIPHER_CTX_new", P, []),
		EVP_aes_128_gcm: crypto.bind<[], number>("EVP_aes_128_gcm", P, []),
		EVP_aes_128_ctr: crypto.bind<[], number>("EVP_aes_128_ctr", P, []),
		EVP_aes_192_ctr: crypto.bind<[], number>("EVP_aes_192_ctr", P, []),
		EVP_aes_256_ctr: crypto.bind<[], number>("EVP_aes_256_ctr", P, []),
		EVP_sha1: crypto.bind<[], number>("EVP_sha1", P, []),
		EVP_CipherInit_ex: crypto.bind<[number, number, number, Uint8Array | null, Uint8Array | null, number], number>(
			"EVP_CipherInit_ex",
			"int",
			[P, P, P, "void*", "void*", "int"],
		),
		EVP_CipherUpdate: crypto.bind<[number, Uint8Array | null, Uint8Array, Uint8Array, number], number>(
			"EVP_CipherUpdate",
			"int",
			[P, "void*", "void*", "void*", "int"],
		),
		EVP_CipherFinal_ex: crypto.bind<[number, Uint8Array, Uint8Array], number>("EVP_CipherFinal_ex", "int", [
			P,
			"void*",
			"void*",
		]),
		EVP_CIPHER_CTX_ctrl: crypto.bind<[number, number, number, Uint8Array], number>("EVP_CIPHER_CTX_ctrl", "int", [
			P,
			"int",
			"int",
			"void*",
		]),
		HMAC_CTX_new: crypto.bind<[], number>("HMAC_CTX_new", P, []),
		HMAC_Init_ex: crypto.bind<[number, Uint8Array, number, number, number], number>("HMAC_Init_ex", "int", [
			P,
			"void*",
			"int",
			P,
			P,
		]),
		HMAC_Update: crypto.bind<[number, Uint8Array, number], number>("HMAC_Update", "int", [P, "void*", "size_t"]),
		HMAC_Final: crypto.bind<[number, Uint8Array, Uint8Array], number>("HMAC_Final", "int", [P, "void*", "void*"]),
		/** From the C library: reads a structure of OpenSSL into a buffer. */
		memcpy: libc.bind<[Uint8Array, number, number], number>("memcpy", P, ["void*", P, "size_t"]),
	};
}

export type OpenSsl = ReturnType<typeof bindSsl> & ReturnType<typeof bindCrypto> & { readonly native: Native };

const systemLibraries: readonly (readonly [string, string])[] =
	process.platform === "darwin"
		? [["/opt/homebrew/opt/openssl@3/lib/libssl.3.dylib", "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib"]]
		: [["libssl.so.3", "libcrypto.so.3"]];

function attempt(on: Native, ssl: Library | undefined, crypto: Library | undefined): OpenSsl | undefined {
	if (!ssl || !crypto) return undefined;
	try {
		return { ...bindSsl(ssl), ...bindCrypto(crypto, on.libc), native: on };
	} catch {
		return undefined;
	}
}

function load(): { openSsl: OpenSsl } | { reason: string } {
	if (!native) return { reason: "no foreign functions (koffi is missing or VEDETTE_NO_NATIVE=1 is set)" };
	const own = attempt(native, native.self, native.self);
	if (own) return { openSsl: own };
	for (const [ssl, crypto] of systemLibraries) {
		const system = attempt(native, native.open(ssl), native.open(crypto));
		if (system) return { openSsl: system };
	}
	return { reason: "neither Node's binary nor the system offers OpenSSL 3 with DTLS" };
}

let loaded: ReturnType<typeof load> | undefined;

/** OpenSSL inside Node's own binary, else the system's; or the reason why there is none, and then there is no WebRTC. */
export function openSslOrReason(): { openSsl: OpenSsl } | { reason: string } {
	loaded ??= load();
	return loaded;
}
