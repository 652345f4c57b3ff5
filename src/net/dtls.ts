import type { Certificate } from "./certificate.ts";
import { splitRecords } from "./dtls-records.ts";
import type { OpenSsl } from "./openssl.ts";
import { type Handle, HandleTable } from "./openssl-handles.ts";

/** Largest datagram we send: it fits an MTU of 1280 with IPv6, UDP and a relay's header around it. */
const MAX_DATAGRAM_BYTES = 1_200;
/** Largest datagram we take. */
const MAX_INPUT_BYTES = 9_000;
/** A handshake takes a few kilobytes; a peer that sends more than this before its end is cut off. */
const MAX_HANDSHAKE_BYTES = 128 * 1_024;
const MAX_CERTIFICATE_BYTES = 16_384;
const FIRST_RETRANSMISSION_US = 150_000;
const LAST_RETRANSMISSION_US = 2_000_000;

// Numbers from OpenSSL's headers.
const SSL_CTRL_SET_MTU = 17;
const SSL_CTRL_MODE = 33;
const SSL_CTRL_SET_SESS_CACHE_MODE = 44;
const SSL_CTRL_SET_MAX_CERT_LIST = 51;
const DTLS_CTRL_HANDLE_TIMEOUT = 74;
const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
const SSL_MODE_RELEASE_BUFFERS = 0x10;
const SSL_OP_NO_QUERY_MTU = 0x1000;
const SSL_OP_NO_TICKET = 0x4000;
const SSL_OP_NO_RENEGOTIATION = 0x40000000;
const SSL_VERIFY_PEER_AND_FAIL = 3;
const SSL_ERROR_WANT_READ = 2;
const SSL_RECEIVED_SHUTDOWN = 2;
const BIO_C_SET_BUF_MEM_EOF_RETURN = 130;
const DTLS1_2_VERSION = 0xfefd;
const EVP_PKEY_EC = 408;

const ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384";
/** In our order: OpenSSL takes the first of the server's that the client has. */
const srtpProfiles = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";

/** Master keys of both directions, RFC 5764 section 4.2. */
export interface DtlsSrtp {
	readonly profile: "gcm" | "cm";
	readonly local: { readonly key: Uint8Array; readonly salt: Uint8Array };
	readonly remote: { readonly key: Uint8Array; readonly salt: Uint8Array };
}

/** The hashes a fingerprint may be made with (RFC 8122 section 5); weaker ones prove nothing. */
export type FingerprintHash = "sha-256" | "sha-384" | "sha-512";

const profileIds: Readonly<Record<number, { profile: "gcm" | "cm"; saltBytes: number }>> = {
	1: { profile: "cm", saltBytes: 14 },
	7: { profile: "gcm", saltBytes: 12 },
};

/** Holds callbacks for the life of the process: C keeps their addresses. */
let callbacks: { verify: unknown; timer: unknown } | undefined;

function callbacksOf(ssl: OpenSsl): { verify: unknown; timer: unknown } {
	callbacks ??= {
		// Any certificate is taken here: it is compared with the offer's fingerprint before any media.
		verify: ssl.native.callback("int VedetteDtlsVerify(int ok, void* context)", () => 1),
		// OpenSSL's own timer starts at 1 s, which a lossy network pays for with every flight.
		timer: ssl.native.callback(
			"unsigned int VedetteDtlsTimer(void* ssl, unsigned int microseconds)",
			(_: unknown, before: number) =>
				before === 0 ? FIRST_RETRANSMISSION_US : Math.min(before * 2, LAST_RETRANSMISSION_US),
		),
	};
	return callbacks;
}

/** Answers DTLS handshakes with one certificate. Nothing here touches a socket or a clock but OpenSSL's own. */
export class DtlsServer {
	readonly #ssl: OpenSsl;
	readonly #sessions: HandleTable;
	readonly #scratch = new Uint8Array(65_536);
	#context: number;

	/** Throws where OpenSSL refuses the certificate. */
	constructor(ssl: OpenSsl, certificate: Certificate) {
		this.#ssl = ssl;
		this.#sessions = new HandleTable((pointer) => ssl.SSL_free(pointer));
		const context = ssl.SSL_CTX_new(ssl.DTLS_server_method());
		this.#context = context;
		const { certificate: bytes, key } = certificate;
		const taken =
			context !== 0 &&
			ssl.SSL_CTX_use_certificate_ASN1(context, bytes.length, bytes) === 1 &&
			ssl.SSL_CTX_use_PrivateKey_ASN1(EVP_PKEY_EC, context, key, key.length) === 1 &&
			ssl.SSL_CTX_set_cipher_list(context, ciphers) === 1 &&
			ssl.SSL_CTX_set_tlsext_use_srtp(context, srtpProfiles) === 0;
		if (!taken) throw new Error("OpenSSL refuses to serve DTLS with our certificate");
		ssl.SSL_CTX_set_verify(context, SSL_VERIFY_PEER_AND_FAIL, callbacksOf(ssl).verify);
		ssl.SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU + SSL_OP_NO_TICKET + SSL_OP_NO_RENEGOTIATION);
		ssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, DTLS1_2_VERSION, null);
		ssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, 0, null);
		ssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_CERT_LIST, MAX_CERTIFICATE_BYTES, null);
		ssl.SSL_CTX_ctrl(context, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, null);
	}

	/** Sessions that are not freed. */
	get size(): number {
		return this.#sessions.size;
	}

	/** Begins a session that answers with `send`, one datagram of at most 1,200 bytes a call, good until it returns. */
	accept(send: (datagram: Uint8Array) => void): DtlsSession {
		const ssl = this.#ssl;
		const handle = this.#sessions.add(ssl.SSL_new(this.#context));
		const pointer = this.#sessions.get(handle);
		const [input, output] = [ssl.BIO_new(ssl.BIO_s_mem()), ssl.BIO_new(ssl.BIO_s_mem())];
		ssl.SSL_set_bio(pointer, input, output);
		// An empty memory BIO means "later", not the end of the stream.
		ssl.BIO_ctrl(input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, null);
		ssl.BIO_ctrl(output, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, null);
		ssl.SSL_ctrl(pointer, SSL_CTRL_SET_MTU, MAX_DATAGRAM_BYTES, null);
		ssl.DTLS_set_timer_cb(pointer, callbacksOf(ssl).timer);
		ssl.SSL_set_accept_state(pointer);
		return new DtlsSession({ ssl, sessions: this.#sessions, handle, input, output, scratch: this.#scratch, send });
	}

	/** Frees the context. Sessions must be closed before. Idempotent. */
	close(): void {
		if (this.#context !== 0) this.#ssl.SSL_CTX_free(this.#context);
		this.#context = 0;
	}
}

interface Parts {
	readonly ssl: OpenSsl;
	readonly sessions: HandleTable;
	readonly handle: Handle;
	/** Memory BIOs, owned by the SSL object: not to be used once its handle is stale. */
	readonly input: number;
	readonly output: number;
	readonly scratch: Uint8Array;
	readonly send: (datagram: Uint8Array) => void;
}

/** One peer's DTLS. Everything it holds natively is freed by `close`, which must be called. */
export class DtlsSession {
	readonly #parts: Parts;
	#state: "handshaking" | "connected" | "closed" | "failed" = "handshaking";
	#taken = 0;
	#error = "";

	constructor(parts: Parts) {
		this.#parts = parts;
	}

	/** `closed` once the peer said goodbye, or we did. */
	get state(): "handshaking" | "connected" | "closed" | "failed" {
		return this.#state;
	}

	/** Why the state is `failed`. */
	get error(): string {
		return this.#error;
	}

	/** Takes one datagram from the peer and sends what OpenSSL answers. */
	input(datagram: Uint8Array): void {
		const { ssl, input } = this.#parts;
		const pointer = this.#pointer();
		if (pointer === 0 || datagram.length === 0 || datagram.length > MAX_INPUT_BYTES) return;
		if (this.#state === "handshaking") {
			this.#taken += datagram.length;
			if (this.#taken > MAX_HANDSHAKE_BYTES) {
				this.#fail(`the handshake took more than ${MAX_HANDSHAKE_BYTES} bytes`);
				return;
			}
		}
		ssl.BIO_write(input, datagram, datagram.length);
		ssl.ERR_clear_error();
		if (this.#state === "handshaking") this.#handshake(pointer);
		else this.#drain(pointer);
		this.#flush();
	}

	/** Sends the last flight again where its time has come. To be called every 50 ms or so while `handshaking`. */
	tick(): void {
		const pointer = this.#pointer();
		if (pointer === 0 || this.#state !== "handshaking") return;
		this.#parts.ssl.ERR_clear_error();
		const result = this.#parts.ssl.SSL_ctrl(pointer, DTLS_CTRL_HANDLE_TIMEOUT, 0, null);
		if (result < 0) this.#fail("the peer stopped answering the handshake");
		else if (result > 0) this.#flush();
	}

	/** The keys for SRTP once connected; undefined before, or where the peer wants no profile of ours. */
	srtp(): DtlsSrtp | undefined {
		const { ssl } = this.#parts;
		const pointer = this.#state === "connected" ? this.#pointer() : 0;
		const selected = pointer === 0 ? 0 : ssl.SSL_get_selected_srtp_profile(pointer);
		if (selected === 0) return undefined;
		// struct { const char *name; unsigned long id; }
		const structure = new Uint8Array(16);
		ssl.memcpy(structure, selected, 16);
		const known = profileIds[structure[8]! | (structure[9]! << 8)];
		if (!known) return undefined;
		const { profile, saltBytes } = known;
		const keys = new Uint8Array(2 * (16 + saltBytes));
		const label = "EXTRACTOR-dtls_srtp";
		if (ssl.SSL_export_keying_material(pointer, keys, keys.length, label, label.length, null, 0, 0) !== 1)
			return undefined;
		const salts = 32;
		return {
			profile,
			remote: { key: keys.subarray(0, 16), salt: keys.subarray(salts, salts + saltBytes) },
			local: { key: keys.subarray(16, 32), salt: keys.subarray(salts + saltBytes) },
		};
	}

	/** The fingerprint of the peer's certificate as SDP has it, `AB:CD:…`; undefined where there is none yet. */
	fingerprint(hash: FingerprintHash): string | undefined {
		const { ssl } = this.#parts;
		const pointer = this.#pointer();
		const certificate = pointer === 0 ? 0 : ssl.SSL_get1_peer_certificate(pointer);
		if (certificate === 0) return undefined;
		const digest = Buffer.alloc(64);
		const length = Buffer.alloc(4);
		const result = ssl.X509_digest(certificate, ssl.EVP_get_digestbyname(hash.replace("-", "")), digest, length);
		ssl.X509_free(certificate);
		if (result !== 1) return undefined;
		const text = digest.toString("hex", 0, length.readUInt32LE()).toUpperCase();
		return text.match(/../g)?.join(":");
	}

	/** Says goodbye where there is somebody to say it to, and frees everything. Idempotent. */
	close(): void {
		const { ssl, sessions, handle } = this.#parts;
		const pointer = this.#pointer();
		if (pointer === 0) return;
		if (this.#state === "connected") {
			ssl.ERR_clear_error();
			ssl.SSL_shutdown(pointer);
			this.#flush();
		}
		if (this.#state !== "failed") this.#state = "closed";
		sessions.free(handle);
	}

	#pointer(): number {
		return this.#parts.sessions.get(this.#parts.handle);
	}

	#handshake(pointer: number): void {
		const { ssl } = this.#parts;
		const result = ssl.SSL_do_handshake(pointer);
		if (result === 1) {
			this.#state = "connected";
			return;
		}
		if (ssl.SSL_get_error(pointer, result) === SSL_ERROR_WANT_READ) return;
		const text = Buffer.alloc(256);
		ssl.ERR_error_string_n(ssl.ERR_get_error(), text, text.length);
		this.#fail(text.toString("latin1", 0, Math.max(0, text.indexOf(0))));
	}

	/** Reads what comes after the handshake: only alerts matter, data has no meaning here. */
	#drain(pointer: number): void {
		const { ssl, scratch } = this.#parts;
		while (ssl.SSL_read(pointer, scratch, scratch.length) > 0);
		if (ssl.SSL_get_shutdown(pointer) & SSL_RECEIVED_SHUTDOWN && this.#state === "connected") this.#state = "closed";
	}

	#fail(reason: string): void {
		this.#flush();
		this.#state = "failed";
		this.#error = reason;
	}

	#flush(): void {
		const { ssl, output, scratch, send } = this.#parts;
		for (;;) {
			const length = ssl.BIO_read(output, scratch, scratch.length);
			if (length <= 0) return;
			splitRecords(scratch.subarray(0, length), MAX_DATAGRAM_BYTES, send);
		}
	}
}
