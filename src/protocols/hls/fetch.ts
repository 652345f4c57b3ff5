import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { takeLogin } from "../../access/url-login.ts";
import type { Resource } from "./m3u8.ts";
import { Reach } from "./reach.ts";

/** What is asked for must have come whole within this time. */
const TIMEOUT_MS = 20_000;
const MOST_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** What was asked for, and where it came from in the end. */
export interface Fetched {
	readonly url: string;
	readonly bytes: Buffer;
}

type Headers = Readonly<Record<string, string>>;

/** Asks one server and those near it or public that it names for files, with the address's credentials for that server alone. */
export class Fetcher {
	/** Without credentials. */
	readonly url: string;
	readonly #origin: string;
	readonly #authorization: string | undefined;
	readonly #signal: AbortSignal;
	readonly #reach = new Reach();
	readonly #plain = new Agent({ keepAlive: true, lookup: this.#reach.lookup });
	readonly #secure = new SecureAgent({ keepAlive: true, lookup: this.#reach.lookup });

	/** `url` may hold credentials. */
	constructor(url: string, signal: AbortSignal) {
		const { url: bare, basic } = takeLogin(url);
		this.url = bare.href;
		this.#origin = bare.origin;
		this.#authorization = basic;
		this.#signal = signal;
		signal.addEventListener("abort", () => this.#hangUp(), { once: true });
	}

	/**
	 * Rejects where the server does not answer with it in time, or with more than `most` bytes, and where it leads to where
	 * the relay does not go. Follows redirects.
	 */
	async get({ url, range }: Resource, most: number): Promise<Fetched> {
		const timeout = AbortSignal.timeout(TIMEOUT_MS);
		const signal = AbortSignal.any([this.#signal, timeout]);
		try {
			return await this.#get(new URL(url), range, most, signal);
		} catch (error) {
			if (timeout.aborted) throw new Error(`no whole answer from ${new URL(url).host} within ${TIMEOUT_MS / 1000} s`);
			throw signal.aborted ? signal.reason : error;
		}
	}

	async #get(from: URL, range: Resource["range"], most: number, signal: AbortSignal): Promise<Fetched> {
		const headers: Record<string, string> = { "user-agent": "vedette", "accept-encoding": range ? "identity" : "gzip" };
		if (range) headers.range = `bytes=${range.at}-${range.at + range.bytes - 1}`;
		const { response, url } = await this.#follow(from, headers, signal);
		const { statusCode = 0, statusMessage = "" } = response;
		if (statusCode < 200 || statusCode > 299) {
			response.destroy();
			throw new Error(`the server answered ${statusCode} ${statusMessage}`.trim());
		}
		// Servers that know no ranges send the whole file.
		const whole = range && statusCode !== 206 ? range : undefined;
		const limit = whole ? Math.min(whole.bytes, most) : most;
		return { url: url.href, bytes: await bodyOf(unpacked(response), whole?.at ?? 0, limit, !whole) };
	}

	/** What is answered in the end, and where. */
	async #follow(first: URL, headers: Headers, signal: AbortSignal) {
		let url = first;
		for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
			const response = await this.#ask(url, headers, signal);
			this.#reach.settle(response.socket.remoteAddress ?? "");
			const { location } = response.headers;
			if (location === undefined || !REDIRECTS.has(response.statusCode ?? 0)) return { response, url };
			response.destroy();
			url = new URL(location, url);
		}
		throw new Error(`more than ${MOST_REDIRECTS} redirects`);
	}

	async #ask(url: URL, headers: Headers, signal: AbortSignal): Promise<IncomingMessage> {
		this.#reach.check(url);
		const own = this.#authorization !== undefined && url.origin === this.#origin;
		const options = { headers: { ...headers, ...(own && { authorization: this.#authorization }) }, signal };
		const asked =
			url.protocol === "https:"
				? secureRequest(url, { ...options, agent: this.#secure })
				: request(url, { ...options, agent: this.#plain });
		// What goes wrong after the head of the answer is told by its body.
		asked.on("error", () => undefined).end();
		try {
			const [response]: IncomingMessage[] = await once(asked, "response");
			return response!;
		} catch (error) {
			// The server has closed a connection that it had kept, at the moment when it was used again.
			if (asked.reusedSocket && !signal.aborted) return this.#ask(url, headers, signal);
			throw sentence(error);
		}
	}

	#hangUp(): void {
		this.#plain.destroy();
		this.#secure.destroy();
	}
}

/** The body, out of its packing. */
function unpacked(response: IncomingMessage): AsyncIterable<Buffer> {
	if (response.headers["content-encoding"] !== "gzip") return response;
	return pipeline(response, createGunzip(), () => undefined);
}

/** Where no address of a name can be reached, the error holds one for each and no word itself. */
function sentence(error: unknown): unknown {
	return error instanceof AggregateError && error.message === "" ? error.errors[0] : error;
}

/**
 * The body without its first `skip` bytes, which are not kept, and at most `most` of it.
 *
 * @param isAll whether it may have no more; else what is more is left.
 */
async function bodyOf(body: AsyncIterable<Buffer>, skip: number, most: number, isAll: boolean): Promise<Buffer> {
	const parts: Buffer[] = [];
	let at = 0;
	let bytes = 0;
	for await (const part of body) {
		const found = part.subarray(Math.min(part.length, Math.max(0, skip - at)));
		at += part.length;
		if (bytes + found.length > most && isAll) throw new Error(`an answer of more than ${most} bytes`);
		parts.push(found.subarray(0, most - bytes));
		bytes += Math.min(found.length, most - bytes);
		if (bytes >= most && !isAll) break;
	}
	return Buffer.concat(parts);
}
