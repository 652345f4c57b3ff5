import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TlsMaterial } from "../access/tls.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import { loadCertificate } from "../net/certificate.ts";
import { fingerprintDigits } from "../net/tls.ts";

/** What the web server shows in TLS. */
export interface WebTls {
	readonly material: TlsMaterial;
	/** SHA-256 of the certificate, hexadecimal. */
	fingerprint(): string;
}

/** The configured certificate, or one of the relay's own making that is kept in the state directory. Throws where it cannot be used. */
export function webTls({ http: { tls } }: RelayConfig, stateDir: string): WebTls {
	const selfMade = tls.cert === "" || tls.key === "";
	const own = join(stateDir, "tls.pem");
	if (selfMade) loadCertificate(own, Date.now());
	const files = selfMade ? { cert: own, key: own } : tls;
	return {
		material: new TlsMaterial(files),
		fingerprint: () => fingerprintDigits(new X509Certificate(readFileSync(files.cert)).fingerprint256),
	};
}
