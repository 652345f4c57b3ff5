import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { TlsMaterial } from "./tls.ts";

const make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];

test("a certificate is read again when it changes; a broken one leaves the old one in use", () => {
	const folder = mkdtempSync(join(tmpdir(), "vedette-tls-"));
	try {
		const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
		const renew = (second: number): void => {
			const out = ["-keyout", files.key, "-out", files.cert, "-subj", "/CN=relay"];
			execFileSync("openssl", [...make, ...out], { stdio: "ignore" });
			for (const file of [files.cert, files.key]) utimesSync(file, second, second);
		};
		renew(1000);
		let now = 0;
		const material = new TlsMaterial(files, () => now);
		const first = material.context;
		renew(2000);
		assert.equal(material.context, first);
		now = 10_000;
		const second = material.context;
		assert.notEqual(second, first);
		writeFileSync(files.cert, "no certificate");
		now = 20_000;
		assert.equal(material.context, second);
		renew(3000);
		now = 30_000;
		assert.notEqual(material.context, second);
		writeFileSync(files.key, "no key");
		assert.throws(() => new TlsMaterial(files), /cert\.pem and .* are not a certificate in PEM and its key: /);
		assert.throws(() => new TlsMaterial({ ...files, cert: "none.pem" }), /there is no file none\.pem for TLS/);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});
