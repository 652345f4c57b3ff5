import { once } from "node:events";
import { Agent, type RequestOptions } from "node:https";
import { connect as connectPlain, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";

/** A server that has not answered by then is not waited for. */
const CONNECT_TIMEOUT_MS = 10_000;

/** A server shows another certificate than the one that was asked for. */
class OtherCertificate extends Error {
	override name = "OtherCertificate";
	/** The library for MQTT hands on only what has one. */
	readonly code = "ERR_OTHER_CERTIFICATE";

	constructor(host: string, shown: string) {
		super(
			`${host} shows another certificate than the one expected, with the fingerprint ${shown}; if it has a new one, a robot must join again, and a fingerprint that was written down be replaced`,
		);
	}
}

/**
 * TLS on a connection to `host`. Rejects where its certificate is not the one expected, or when `signal` aborts; the
 * connection is closed then.
 *
 * @param fingerprint SHA-256 of the one certificate that is taken, in hexadecimal digits with or without colons; empty: one
 * for that host which the system trusts
 */
export async function secureTcp(
	plain: Socket,
	host: string,
	fingerprint: string,
	signal: AbortSignal,
): Promise<Socket> {
	const name = isIP(host) ? { host } : { host, servername: host };
	const socket = connect({ socket: plain, ...name, rejectUnauthorized: fingerprint === "" });
	try {
		await once(socket, "secureConnect", { signal });
		const shown = fingerprintDigits(socket.getPeerCertificate().fingerprint256 ?? "");
		if (fingerprint !== "" && shown !== fingerprintDigits(fingerprint)) {
			throw new OtherCertificate(host, shown);
		}
		return socket;
	} catch (error) {
		socket.destroy();
		throw error;
	}
}

/** A fingerprint as its bare digits: they are written with colons and without, large and small. */
export function fingerprintDigits(fingerprint: string): string {
	return fingerprint.replaceAll(":", "").toLowerCase();
}

/** Makes connections in TLS to whoever shows one very certificate: no name in it matters, nor a machine's wrong clock. */
export class PinnedAgent extends Agent {
	readonly #fingerprint: string;

	/** As `secureTcp` has it; not empty. */
	constructor(fingerprint: string) {
		super();
		this.#fingerprint = fingerprint;
	}

	/** Nothing is sent before the certificate has been seen. */
	override createConnection(
		{ host, port }: RequestOptions,
		done?: (error: Error | null, stream: Duplex) => void,
	): undefined {
		const name = host ?? "";
		const plain = connectPlain({ host: name, port: Number(port) });
		const made = secureTcp(plain, name, this.#fingerprint, AbortSignal.timeout(CONNECT_TIMEOUT_MS));
		made.then(
			(socket) => done?.(null, socket),
			(error: Error) => done?.(error, plain),
		);
	}
}
