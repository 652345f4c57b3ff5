import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The files of a certificate for localhost and 127.0.0.1; gone when the test is. */
export interface TestCertificate extends Disposable {
	readonly cert: string;
	readonly key: string;
	/** SHA-256, as `openssl x509 -fingerprint` writes it. */
	readonly fingerprint: string;
}

/** Makes a certificate with the program openssl; `issuer` signs it, left out it signs itself. */
export function makeCertificate(issuer?: TestCertificate): TestCertificate {
	const folder = mkdtempSync(join(tmpdir(), "vedette-cert-"));
	const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
	const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
	const make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert];
	const signed = issuer
		? ["-CA", issuer.cert, "-CAkey", issuer.key, "-addext", "basicConstraints=critical,CA:FALSE"]
		: [];
	execFileSync("openssl", [...make, ...subject, ...signed], { stdio: "ignore" });
	const { fingerprint256: fingerprint } = new X509Certificate(readFileSync(cert));
	return { cert, key, fingerprint, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
