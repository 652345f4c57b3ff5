import { createHash } from "node:crypto";
import { type AuthHeader, parseAuthHeader, quote } from "./auth-header.ts";
import { type DigestAlgorithm, sameText } from "./password.ts";

/** An answer to a Digest challenge, taken from an Authorization header (RFC 7616 section 3.4). */
export interface DigestAnswer {
	readonly name: string;
	readonly realm: string;
	readonly nonce: string;
	readonly uri: string;
	readonly response: string;
	readonly algorithm: DigestAlgorithm;
	/** Empty where the older form without a quality of protection is used (RFC 2069). */
	readonly qop: "" | "auth";
	readonly nc: string;
	readonly cnonce: string;
}

const algorithms: Readonly<Record<string, DigestAlgorithm>> = { "sha-256": "SHA-256", md5: "MD5" };

function hash(algorithm: DigestAlgorithm, text: string): string {
	return createHash(algorithm === "MD5" ? "md5" : "sha256")
		.update(text)
		.digest("hex");
}

type Proof = Pick<DigestAnswer, "algorithm" | "nonce" | "uri" | "qop" | "nc" | "cnonce">;

/** RFC 7616 section 3.4.1, and RFC 2069's form where `qop` is empty. */
function respond({ algorithm, nonce, uri, qop, nc, cnonce }: Proof, ha1: string, method: string): string {
	const ha2 = hash(algorithm, `${method}:${uri}`);
	const middle = qop === "" ? nonce : `${nonce}:${nc}:${cnonce}:${qop}`;
	return hash(algorithm, `${ha1}:${middle}:${ha2}`);
}

/** Reads a Digest answer; undefined where something is missing or of a kind that was not offered. */
export function readDigestAnswer({ parameters }: AuthHeader): DigestAnswer | undefined {
	const value = (key: string) => parameters.get(key) ?? "";
	const algorithm = algorithms[(parameters.get("algorithm") ?? "MD5").toLowerCase()];
	const qop = value("qop");
	const name = value("username");
	if (algorithm === undefined || (qop !== "" && qop !== "auth") || name === "") return undefined;
	if (qop === "auth" && (value("nc") === "" || value("cnonce") === "")) return undefined;
	return {
		name,
		realm: value("realm"),
		nonce: value("nonce"),
		uri: value("uri"),
		response: value("response").toLowerCase(),
		algorithm,
		qop,
		nc: value("nc"),
		cnonce: value("cnonce"),
	};
}

/**
 * Whether the address that the answer was made for is the one that was asked for. live555 answers for the stream's
 * address when it asks for one of its tracks; some clients leave out the scheme and host.
 */
export function coversUri(answered: string, asked: string): boolean {
	const bare = (uri: string) => uri.replace(/^[a-z]+:\/\/[^/]*/i, "").replace(/\/+$/, "");
	const whole = bare(asked);
	const part = bare(answered);
	return whole === part || whole.startsWith(`${part}/`) || whole.startsWith(`${part}?`);
}

/** Whether the answer was made by somebody who knows the password behind `ha1`. Compares in constant time. */
export function verifyDigest(answer: DigestAnswer, ha1: string, method: string): boolean {
	return sameText(answer.response, respond(answer, ha1, method));
}

/**
 * A Digest challenge as a server sends it. Without `qop`, as RTSP's clients know it: GStreamer and live555 answer only
 * the older form.
 */
export function digestChallenge(realm: string, algorithm: DigestAlgorithm, nonce: string, stale: boolean): string {
	const end = stale ? ", stale=true" : "";
	return `Digest realm=${quote(realm)}, nonce=${quote(nonce)}, algorithm=${algorithm}${end}`;
}

/** The client's name and password, and what it asks for. */
export interface ClientRequest {
	readonly name: string;
	readonly password: string;
	readonly method: string;
	readonly uri: string;
	/** Random text, used where the server wants it. */
	readonly cnonce: string;
	/** How often this nonce has been used, this time included. */
	readonly count: number;
	/** Asked before the password is shown, as Basic does; left out: it is. */
	mayShow?(): boolean;
}

function answerDigest({ parameters }: AuthHeader, algorithm: DigestAlgorithm, request: ClientRequest): string {
	const { name, password, method, uri, cnonce } = request;
	const realm = parameters.get("realm") ?? "";
	const nonce = parameters.get("nonce") ?? "";
	const qop = parameters.has("qop") ? "auth" : "";
	const nc = request.count.toString(16).padStart(8, "0");
	const ha1 = hash(algorithm, `${name}:${realm}:${password}`);
	const response = respond({ algorithm, nonce, uri, qop, nc, cnonce }, ha1, method);
	const fields = [
		`username=${quote(name)}`,
		`realm=${quote(realm)}`,
		`nonce=${quote(nonce)}`,
		`uri=${quote(uri)}`,
		`response="${response}"`,
	];
	if (parameters.has("algorithm")) fields.push(`algorithm=${algorithm}`);
	if (qop) fields.push(`qop=auth, nc=${nc}, cnonce=${quote(cnonce)}`);
	const opaque = parameters.get("opaque");
	if (opaque !== undefined) fields.push(`opaque=${quote(opaque)}`);
	return `Digest ${fields.join(", ")}`;
}

function strength({ scheme, parameters }: AuthHeader): number {
	if (scheme === "basic") return 1;
	if (scheme !== "digest") return 0;
	const qop = parameters.get("qop");
	if (qop !== undefined && !/\bauth\b(?!-)/.test(qop)) return 0;
	const algorithm = algorithms[(parameters.get("algorithm") ?? "MD5").toLowerCase()];
	if (algorithm === undefined) return 0;
	return algorithm === "MD5" ? 2 : 3;
}

/**
 * A client's Authorization header for the strongest of the server's challenges: Digest SHA-256, Digest MD5, Basic.
 * `headers` are the values of all WWW-Authenticate headers. Undefined where none can be answered.
 */
export function answerChallenge(headers: readonly string[], request: ClientRequest): string | undefined {
	const offers = headers.flatMap(parseAuthHeader).filter((offer) => strength(offer) > 0);
	const best = offers.sort((a, b) => strength(b) - strength(a))[0];
	if (best === undefined) return undefined;
	if (best.scheme === "basic") {
		if (request.mayShow?.() === false) return undefined;
		return `Basic ${Buffer.from(`${request.name}:${request.password}`).toString("base64")}`;
	}
	return answerDigest(best, strength(best) === 3 ? "SHA-256" : "MD5", request);
}
