import { type Argon2Parameters, argon2, createHash, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** The realm of every challenge. HA1 values hold it, so that it never changes. */
export const REALM = "vedette";

/** Digest's hash functions (RFC 7616 section 3.3), the preferred one first. */
export type DigestAlgorithm = "SHA-256" | "MD5";

/** A password as it is kept. */
export type StoredPassword =
	| { readonly kind: "plain"; readonly text: string }
	| { readonly kind: "sha256"; readonly hash: Buffer }
	| {
			readonly kind: "argon2";
			readonly name: "argon2i" | "argon2d" | "argon2id";
			readonly costs: Costs;
			readonly hash: Buffer;
	  }
	| { readonly kind: "scrypt"; readonly costs: Costs; readonly hash: Buffer }
	| { readonly kind: "ha1"; readonly sha256: string; readonly md5: string };

interface Costs {
	readonly salt: Buffer;
	/** Argon2: passes, KiB of memory, lanes. Scrypt: r, N, p. */
	readonly passes: number;
	readonly memory: number;
	readonly lanes: number;
}

const MAX_MEMORY_BYTES = 2 ** 30;
const deriveArgon2 = promisify(argon2);

function deriveScrypt(
	password: string,
	{ salt, passes: r, memory: N, lanes: p }: Costs,
	length: number,
): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		scrypt(password, salt, length, { N, r, p, maxmem: MAX_MEMORY_BYTES }, (error, key) =>
			error ? reject(error) : resolve(key),
		);
	});
}

/** Compares without telling by the time taken how much was right. */
function sameBytes(a: Buffer, b: Buffer): boolean {
	return a.length === b.length && timingSafeEqual(a, b);
}

function sha256(text: string): Buffer {
	return createHash("sha256").update(text).digest();
}

/** Compares two secrets in constant time. */
export function sameText(a: string, b: string): boolean {
	return sameBytes(sha256(a), sha256(b));
}

function parseArgon2(text: string): StoredPassword | undefined {
	const match = /^\$(argon2id|argon2i|argon2d)\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([\w+/]+)\$([\w+/]+)$/.exec(
		text,
	);
	if (!match) return undefined;
	const [, name, memory, passes, lanes, salt, hash] = match;
	const costs = {
		salt: Buffer.from(salt!, "base64"),
		passes: Number(passes),
		memory: Number(memory),
		lanes: Number(lanes),
	};
	return { kind: "argon2", name: name as "argon2id", costs, hash: Buffer.from(hash!, "base64") };
}

function parseScrypt(text: string): StoredPassword | undefined {
	const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/]+)\$([\w+/]+)$/.exec(text);
	if (!match) return undefined;
	const [, ln, r, p, salt, hash] = match;
	if (Number(ln) > 24) return undefined;
	const costs = { salt: Buffer.from(salt!, "base64"), passes: Number(r), memory: 2 ** Number(ln), lanes: Number(p) };
	return { kind: "scrypt", costs, hash: Buffer.from(hash!, "base64") };
}

function parseSha256(text: string): StoredPassword | undefined {
	const hash = Buffer.from(text, /^[0-9a-fA-F]{64}$/.test(text) ? "hex" : "base64");
	return hash.length === 32 ? { kind: "sha256", hash } : undefined;
}

function parseHa1(text: string): StoredPassword | undefined {
	const match = /^([0-9a-f]{64}):([0-9a-f]{32})$/.exec(text);
	return match ? { kind: "ha1", sha256: match[1]!, md5: match[2]! } : undefined;
}

const forms = { "sha256:": parseSha256, "argon2:": parseArgon2, "scrypt:": parseScrypt, "ha1:": parseHa1 } as const;

/**
 * Reads a password as it is written down: `sha256:…`, `argon2:…`, `scrypt:…`, `ha1:SHA256HEX:MD5HEX`, or in plain.
 * Undefined where what follows the form's name is not of that form.
 */
export function parsePassword(text: string): StoredPassword | undefined {
	for (const [form, parse] of Object.entries(forms)) {
		if (text.startsWith(form)) return parse(text.slice(form.length));
	}
	return { kind: "plain", text };
}

/** Whether checking this password takes tens of milliseconds and megabytes, on purpose. */
export function isSlow(stored: StoredPassword): boolean {
	return stored.kind === "argon2" || stored.kind === "scrypt";
}

/** RFC 7616 section 3.4.2: H(user ":" realm ":" password), in lower-case hexadecimal. */
export function hashA1(algorithm: DigestAlgorithm, name: string, password: string): string {
	const hash = createHash(algorithm === "MD5" ? "md5" : "sha256");
	return hash.update(`${name}:${REALM}:${password}`).digest("hex");
}

/** What Digest needs to know of a user, or undefined where only a hash of the password is known. */
export function ha1Of(stored: StoredPassword, name: string, algorithm: DigestAlgorithm): string | undefined {
	if (stored.kind === "plain") return hashA1(algorithm, name, stored.text);
	if (stored.kind !== "ha1") return undefined;
	return algorithm === "MD5" ? stored.md5 : stored.sha256;
}

/** Writes a password down as HA1, which serves Digest and Basic. */
export function writeHa1(name: string, password: string): string {
	return `ha1:${hashA1("SHA-256", name, password)}:${hashA1("MD5", name, password)}`;
}

/** Writes a token down as its hash. Fit for long random tokens only. */
export function writeSha256(token: string): string {
	return `sha256:${sha256(token).toString("base64")}`;
}

/** Whether `password` is the stored one. Compares in constant time. */
export async function verifyPassword(stored: StoredPassword, name: string, password: string): Promise<boolean> {
	switch (stored.kind) {
		case "plain":
			return sameText(stored.text, password);
		case "sha256":
			return sameBytes(stored.hash, sha256(password));
		case "ha1":
			return sameText(stored.sha256, hashA1("SHA-256", name, password));
		case "scrypt":
			return sameBytes(stored.hash, await deriveScrypt(password, stored.costs, stored.hash.length));
		case "argon2": {
			const { salt: nonce, passes, memory, lanes: parallelism } = stored.costs;
			const tagLength = stored.hash.length;
			const parameters: Argon2Parameters = { message: password, nonce, passes, memory, parallelism, tagLength };
			return sameBytes(stored.hash, await deriveArgon2(stored.name, parameters));
		}
	}
}
