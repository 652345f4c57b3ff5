import { parseAuthHeader } from "./auth-header.ts";
import { coversUri, type DigestAnswer, readDigestAnswer } from "./digest.ts";

/** What somebody shows to prove who they are. */
export type Credentials =
	| { readonly kind: "none" }
	| { readonly kind: "malformed" }
	| { readonly kind: "password"; readonly name: string; readonly password: string }
	| { readonly kind: "token"; readonly token: string }
	| { readonly kind: "session"; readonly id: string }
	| { readonly kind: "digest"; readonly answer: DigestAnswer; readonly method: string };

export const noCredentials: Credentials = { kind: "none" };
const malformed: Credentials = { kind: "malformed" };

function pair(text: string): Credentials {
	const colon = text.indexOf(":");
	if (colon < 0) return malformed;
	return { kind: "password", name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * Reads an Authorization header: Basic, Bearer (a token, or `user:pass`) and Digest.
 * `method` and `uri` are the request's; Digest answers for another address are malformed.
 */
export function readAuthorization(header: string | undefined, method: string, uri: string): Credentials {
	if (header === undefined) return noCredentials;
	const bearer = /^bearer +(\S{1,2048}) *$/i.exec(header)?.[1];
	if (bearer !== undefined) return bearer.includes(":") ? pair(bearer) : { kind: "token", token: bearer };
	const [only, ...others] = parseAuthHeader(header);
	if (only === undefined || others.length > 0) return malformed;
	switch (only.scheme) {
		case "basic":
			return pair(Buffer.from(only.token, "base64").toString("utf8"));
		case "digest": {
			const answer = readDigestAnswer(only);
			return answer && coversUri(answer.uri, uri) ? { kind: "digest", answer, method } : malformed;
		}
		default:
			return malformed;
	}
}
