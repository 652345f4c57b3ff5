import { once } from "node:events";
import { isIP, type Socket } from "node:net";
import { connect } from "node:tls";

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
		const shown = digits(socket.getPeerCertificate().fingerprint256 ?? "");
		if (fingerprint !== "" && shown !== digits(fingerprint)) {
			throw new Error(`the certificate of ${host} has the fingerprint ${shown}, which is not the one expected`);
		}
		return socket;
	} catch (error) {
		socket.destroy();
		throw error;
	}
}

function digits(fingerprint: string): string {
	return fingerprint.replaceAll(":", "").toLowerCase();
}
