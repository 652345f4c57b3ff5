/** Addresses of streams on other SRT listeners. Pure. */

const LEAST_PASSPHRASE = 10;
const MOST_PASSPHRASE = 79;
const LATENCY_MS = 120;
const MOST_LATENCY_MS = 30_000;

/** Where to call, and as what. */
export interface SrtAddress {
	readonly host: string;
	readonly port: number;
	readonly streamId: string;
	/** Empty for none. */
	readonly passphrase: string;
	readonly keyBytes: 16 | 24 | 32;
	/** Milliseconds. */
	readonly latency: number;
}

/**
 * Parses `srt://HOST:PORT?streamid=…&passphrase=…&pbkeylen=16&latency=MS`, with names and units as libsrt's own programs
 * have them. Throws an Error that names the fault and no secret.
 */
export function parseSrtUrl(url: string): SrtAddress {
	const parsed = URL.parse(url);
	if (parsed?.protocol !== "srt:" || parsed.hostname === "" || parsed.port === "") {
		throw new Error("not an address like srt://HOST:PORT?streamid=…");
	}
	const query = parsed.searchParams;
	const passphrase = query.get("passphrase") ?? "";
	const length = Buffer.byteLength(passphrase);
	if (length > 0 && (length < LEAST_PASSPHRASE || length > MOST_PASSPHRASE)) {
		throw new Error(`the passphrase has ${length} characters, not ${LEAST_PASSPHRASE} to ${MOST_PASSPHRASE}`);
	}
	const keyBytes = Number(query.get("pbkeylen") || 16);
	if (keyBytes !== 16 && keyBytes !== 24 && keyBytes !== 32) throw new Error("pbkeylen is not 16, 24 or 32");
	const latency = Number(query.get("latency") ?? LATENCY_MS);
	if (!(latency >= 0 && latency <= MOST_LATENCY_MS)) throw new Error(`latency is not 0 to ${MOST_LATENCY_MS} ms`);
	const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
	return { host, port: Number(parsed.port), streamId: query.get("streamid") ?? "", passphrase, keyBytes, latency };
}
