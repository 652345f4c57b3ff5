import type { Certificate } from "../../src/net/certificate.ts";
import { DtlsSession } from "../../src/net/dtls.ts";
import { splitRecords } from "../../src/net/dtls-records.ts";
import { type OpenSsl, openSslOrReason } from "../../src/net/openssl.ts";
import { HandleTable } from "../../src/net/openssl-handles.ts";

/** OpenSSL of this process. Throws where there is none. */
export function openSsl(): OpenSsl {
	const loaded = openSslOrReason();
	if ("reason" in loaded) throw new Error(loaded.reason);
	return loaded.openSsl;
}

const MAX_DATAGRAM_BYTES = 1200;
const SCRATCH_BYTES = 65_536;
const EVP_PKEY_EC = 408;
const SSL_CTRL_SET_MTU = 17;
const SSL_CTRL_MODE = 33;
const SSL_MODE_RELEASE_BUFFERS = 0x10;
const SSL_OP_NO_QUERY_MTU = 0x1000;
const BIO_C_SET_BUF_MEM_EOF_RETURN = 130;

/** DTLS as a browser speaks it: the side that begins. */
export class DtlsClients {
	readonly #ssl: OpenSsl;
	readonly #context: number;
	readonly #sessions: HandleTable;
	readonly #scratch = new Uint8Array(SCRATCH_BYTES);
	readonly #connectState: (ssl: number) => void;

	constructor(ssl: OpenSsl, { certificate, key }: Certificate) {
		const { self } = ssl.native;
		this.#ssl = ssl;
		this.#sessions = new HandleTable((pointer) => ssl.SSL_free(pointer));
		this.#connectState = self.bind("SSL_set_connect_state", "void", ["uint64_t"]);
		this.#context = ssl.SSL_CTX_new(self.bind<[], number>("DTLS_client_method", "uint64_t", [])());
		ssl.SSL_CTX_use_certificate_ASN1(this.#context, certificate.length, certificate);
		ssl.SSL_CTX_use_PrivateKey_ASN1(EVP_PKEY_EC, this.#context, key, key.length);
		ssl.SSL_CTX_set_tlsext_use_srtp(this.#context, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80");
		ssl.SSL_CTX_set_options(this.#context, SSL_OP_NO_QUERY_MTU);
		ssl.SSL_CTX_ctrl(this.#context, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, null);
	}

	/** Sends the first flight; all later ones are the session's matter. Its keys are named from the server's side. */
	begin(send: (datagram: Uint8Array) => void): DtlsSession {
		const ssl = this.#ssl;
		const scratch = this.#scratch;
		const handle = this.#sessions.add(ssl.SSL_new(this.#context));
		const pointer = this.#sessions.get(handle);
		const [input, output] = [ssl.BIO_new(ssl.BIO_s_mem()), ssl.BIO_new(ssl.BIO_s_mem())];
		ssl.SSL_set_bio(pointer, input, output);
		ssl.BIO_ctrl(input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, null);
		ssl.BIO_ctrl(output, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, null);
		ssl.SSL_ctrl(pointer, SSL_CTRL_SET_MTU, MAX_DATAGRAM_BYTES, null);
		this.#connectState(pointer);
		ssl.SSL_do_handshake(pointer);
		const length = ssl.BIO_read(output, scratch, scratch.length);
		if (length > 0) splitRecords(scratch.subarray(0, length), MAX_DATAGRAM_BYTES, send);
		return new DtlsSession({ ssl, sessions: this.#sessions, handle, input, output, scratch, send });
	}
}
