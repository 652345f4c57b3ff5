import type { Resource } from "./m3u8.ts";

/** What is asked for must have come whole within this time. */
const TIMEOUT_MS = 20_000;

/** What was asked for, and where it came from in the end. */
export interface Fetched {
	readonly url: string;
	readonly bytes: Buffer;
}

/** Asks one server and those that it names for files, with the credentials of the address for that server alone. */
export class Fetcher {
	/** Without credentials. */
	readonly url: string;
	readonly #origin: string;
	readonly #authorization: string | undefined;
	readonly #signal: AbortSignal;

	/** `url` may hold credentials. */
	constructor(url: string, signal: AbortSignal) {
		const parsed = new URL(url);
		const { username, password } = parsed;
		parsed.username = "";
		parsed.password = "";
		this.url = parsed.href;
		this.#origin = parsed.origin;
		this.#signal = signal;
		const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
		if (username) this.#authorization = `Basic ${Buffer.from(login).toString("base64")}`;
	}

	/** Rejects where the server does not answer with it in time, or with more than `most` bytes. Follows redirects. */
	async get({ url, range }: Resource, most: number): Promise<Fetched> {
		const headers: Record<string, string> = {};
		if (this.#authorization && new URL(url).origin === this.#origin) headers.authorization = this.#authorization;
		if (range) headers.range = `bytes=${range.at}-${range.at + range.bytes - 1}`;
		const timeout = AbortSignal.timeout(TIMEOUT_MS);
		const signal = AbortSignal.any([this.#signal, timeout]);
		const response = await fetch(url, { headers, signal }).catch((error: unknown) => {
			throw sentence(error);
		});
		if (!response.ok) {
			await response.body?.cancel();
			throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
		}
		// Servers that know no ranges send the whole file.
		const whole = range && response.status !== 206 ? range : undefined;
		const bytes = await bodyOf(response, whole?.at ?? 0, whole ? Math.min(whole.bytes, most) : most, !whole);
		return { url: response.url, bytes };
	}
}

/** `fetch` hides the reason behind "fetch failed". */
function sentence(error: unknown): Error {
	const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
	return cause instanceof Error ? cause : new Error(String(cause));
}

/**
 * The body without its first `skip` bytes, which are not kept, and at most `most` of it.
 *
 * @param isAll whether it may have no more; else what is more is left.
 */
async function bodyOf(response: Response, skip: number, most: number, isAll: boolean): Promise<Buffer> {
	const parts: Uint8Array[] = [];
	let at = 0;
	let bytes = 0;
	for await (const part of response.body ?? []) {
		const found = part.subarray(Math.min(part.length, Math.max(0, skip - at)));
		at += part.length;
		if (bytes + found.length > most && isAll) throw new Error(`an answer of more than ${most} bytes`);
		parts.push(found.subarray(0, most - bytes));
		bytes += Math.min(found.length, most - bytes);
		if (bytes >= most && !isAll) break;
	}
	return Buffer.concat(parts);
}
