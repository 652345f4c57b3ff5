import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "../observe/folder.ts";

const DAY_MS = 86_400_000;
const LIFE_DAYS = 3_650;
/** A certificate that ends sooner is made anew. */
const RENEW_DAYS = 30;

/** What DTLS shows its peers. */
export interface Certificate {
	/** X.509, DER. */
	readonly certificate: Uint8Array;
	/** ECDSA P-256, SEC 1, DER. */
	readonly key: Uint8Array;
	/** SHA-256 of the certificate as SDP has it: `AB:CD:…` (RFC 8122 section 5). */
	readonly fingerprint: string;
}

/** One DER element (X.690 section 8.1). */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
	const body = Buffer.concat(content);
	const size = body.length;
	const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
	return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const SEQUENCE = 0x30;
const ecdsaWithSha256 = Buffer.from("06082a8648ce3d040302", "hex");
const commonName = Buffer.from("0603550403", "hex");

/** GeneralizedTime or UTCTime, as RFC 5280 section 4.1.2.5 wants it for the year. */
function time(date: Date): Buffer {
	const text = `${date.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
	return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

/** Makes a self-signed certificate (RFC 5280) for `now` in Unix milliseconds. */
function make(now: number): { certificate: Buffer; key: Buffer } {
	const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const algorithm = der(SEQUENCE, ecdsaWithSha256);
	const name = der(SEQUENCE, der(0x31, der(SEQUENCE, commonName, der(0x0c, Buffer.from("vedette")))));
	const serial = randomBytes(16);
	// A serial number is positive and has no leading zero byte.
	serial[0] = (serial[0]! & 0x7f) | 0x40;
	const toBeSigned = der(
		SEQUENCE,
		der(0xa0, der(0x02, Buffer.from([2]))),
		der(0x02, serial),
		algorithm,
		name,
		der(SEQUENCE, time(new Date(now - DAY_MS)), time(new Date(now + LIFE_DAYS * DAY_MS))),
		name,
		publicKey.export({ type: "spki", format: "der" }),
	);
	const signature = der(0x03, Buffer.from([0]), sign("sha256", toBeSigned, privateKey));
	return {
		certificate: der(SEQUENCE, toBeSigned, algorithm, signature),
		key: privateKey.export({ type: "sec1", format: "der" }),
	};
}

function pem(label: string, bytes: Buffer): string {
	const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
	return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** Reads certificate and key; undefined where the file is not there, is not ours, or its time is nearly over. */
function read(file: string, now: number): { certificate: Buffer; key: Buffer } | undefined {
	try {
		const text = readFileSync(file, "utf8");
		const certificate = new X509Certificate(text);
		const key = createPrivateKey(text);
		const ends = Date.parse(certificate.validTo);
		if (!certificate.checkPrivateKey(key) || !(ends > now + RENEW_DAYS * DAY_MS)) return undefined;
		return { certificate: certificate.raw, key: key.export({ type: "sec1", format: "der" }) };
	} catch {
		return undefined;
	}
}

/**
 * The certificate kept in `file` (PEM, mode 0600), so that it stays the same over restarts; made where it is not there,
 * cannot be read, or ends within 30 days of `now` (Unix milliseconds). Without `file` it lives in memory only. Throws
 * where the file cannot be written.
 */
export function loadCertificate(file: string | undefined, now: number): Certificate {
	let pair = file === undefined ? undefined : read(file, now);
	if (!pair) {
		pair = make(now);
		if (file !== undefined) {
			makeFolder(dirname(file), 0o700);
			const text = pem("EC PRIVATE KEY", pair.key) + pem("CERTIFICATE", pair.certificate);
			writeFileSync(`${file}.new`, text, { mode: 0o600 });
			renameSync(`${file}.new`, file);
		}
	}
	const digest = createHash("sha256").update(pair.certificate).digest("hex").toUpperCase();
	return { ...pair, fingerprint: digest.match(/../g)?.join(":") ?? "" };
}
