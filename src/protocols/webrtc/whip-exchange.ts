import { takeLogin } from "../../access/url-login.ts";
import { answerText } from "../../net/answer-text.ts";
import { ServerRefusal } from "../../net/server-refusal.ts";

/** Offer and answer over HTTP, as a client of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep). */

const SDP_TYPE = "application/sdp";
const MAX_ANSWER_BYTES = 64 * 1024;
const GOODBYE_TIMEOUT_MS = 2000;

/** The server's answer, and what ends the session there. */
export interface Exchange {
	readonly sdp: string;
	/** RFC 9725 section 4.2: DELETE ends the session. What comes of it does not matter any more. */
	goodbye(): void;
}

/** How an offer is posted. */
interface PostOptions {
	/** A bearer token; a user name and password are taken from the address instead. */
	readonly token?: string;
	readonly signal: AbortSignal;
}

/**
 * RFC 9725 section 4.2: the offer is posted, the answer comes with the address of the session. Rejects with
 * `ServerRefusal` where the server says no.
 */
export async function exchange(url: string, offer: string, { token, signal }: PostOptions): Promise<Exchange> {
	const target = authorized(url, token);
	const headers = { ...target.headers, "content-type": SDP_TYPE, accept: SDP_TYPE };
	const response = await fetch(target.url, { method: "POST", headers, body: offer, signal });
	const text = await answerText(response, MAX_ANSWER_BYTES);
	if (response.status !== 201) {
		throw new ServerRefusal(
			response.status,
			`the server answered ${response.status} ${wordsOf(text).slice(0, 200)}`.trim(),
		);
	}
	const location = response.headers.get("location");
	const session = location === null ? undefined : new URL(location, response.url);
	// Credentials are for the server that was named, not for where it points.
	const trusted = session?.origin === target.url.origin ? target.headers : {};
	return {
		sdp: text,
		goodbye: () => {
			if (!session) return;
			const timeout = AbortSignal.timeout(GOODBYE_TIMEOUT_MS);
			fetch(session, { method: "DELETE", headers: trusted, signal: timeout }).catch(() => undefined);
		},
	};
}

/** What a server says in its refusal: Vedette and MediaMTX have the sentence in JSON. */
function wordsOf(text: string): string {
	try {
		const { error }: { error?: unknown } = JSON.parse(text);
		return typeof error === "string" ? error : text;
	} catch {
		return text;
	}
}

/** The address without credentials, and the header that carries them (RFC 9725 section 4.7). */
function authorized(address: string, token: string | undefined): { url: URL; headers: Record<string, string> } {
	const { url, basic } = takeLogin(address.replace(/^(whip|whep)(s?):/, "http$2:"));
	const authorization = basic ?? (token ? `Bearer ${token}` : undefined);
	return { url, headers: authorization === undefined ? {} : { authorization } };
}
