import { takeLogin } from "../../access/url-login.ts";
import { answerText } from "../../net/answer-text.ts";
import { type Backoff, backoffMs, sleep } from "../../net/backoff.ts";
import type { Log } from "../../observe/log.ts";
import { parseWanted, type Wanted } from "../../wire/robot-messages.ts";
import type { Station } from "./station.ts";

const BACKOFF: Backoff = { firstMs: 1000, mostMs: 30_000 };
/** Seconds a relay may keep a question until it has something new to say. */
const WAIT_S = 25;
/** A relay that does not keep questions is asked this often. */
const EVERY_MS = 2000;
const ANSWER_TIMEOUT_MS = 10_000;
/** Two questions are so far apart at least, whatever is answered. */
const LEAST_MS = 250;
const MAX_ANSWER_BYTES = 4096;

/** Who is asked. */
export interface PollSettings {
	/** The relay's address, with user and password where it asks for them; `/control/ROBOT/CAMERA` is added. */
	readonly url: string;
	readonly robot: string;
}

export interface PollEvents {
	onWanted(station: Station, wanted: Wanted): void;
	onHeard(station: Station, heard: boolean): void;
}

/** What the relay answered: `wanted` is undefined where nothing is new. */
interface Answer {
	readonly wanted: Wanted | undefined;
	readonly etag: string;
}

/** Asks the relay again and again what each camera ought to do, for robots that may speak nothing but HTTP. */
export class Polling {
	readonly #settings: PollSettings;
	readonly #events: PollEvents;
	readonly #log: Log;
	readonly #abort = new AbortController();
	readonly #done: Promise<unknown>;

	constructor(settings: PollSettings, stations: readonly Station[], events: PollEvents, log: Log) {
		this.#settings = settings;
		this.#events = events;
		this.#log = log;
		this.#done = Promise.all(stations.map((station) => this.#run(station)));
	}

	async stop(): Promise<void> {
		this.#abort.abort();
		await this.#done;
	}

	async #run(station: Station): Promise<void> {
		const { signal } = this.#abort;
		let etag = "";
		let failures = 0;
		while (!signal.aborted) {
			const asked = performance.now();
			try {
				const answer = await this.#ask(station, etag);
				failures = 0;
				// A server that tells the same again at once does not keep questions.
				const keepsQuestions = answer.etag !== "" && answer.etag !== etag;
				etag = answer.etag;
				this.#events.onHeard(station, true);
				if (answer.wanted) this.#events.onWanted(station, answer.wanted);
				await sleep((keepsQuestions ? LEAST_MS : EVERY_MS) - (performance.now() - asked), signal);
			} catch (error) {
				if (signal.aborted) return;
				etag = "";
				failures += 1;
				this.#events.onHeard(station, false);
				const waitMs = backoffMs(BACKOFF, failures, Math.random());
				this.#log.warn({ reason: reasonOf(error), waitMs, camera: station.name }, "no answer to a poll; trying again");
				await sleep(waitMs, signal);
			}
		}
	}

	/** One question. Rejects where there is no answer, or none that can be read. */
	async #ask(station: Station, etag: string): Promise<Answer> {
		const { url: base, robot } = this.#settings;
		const { url, basic } = takeLogin(base);
		const headers = {
			prefer: `wait=${WAIT_S}`,
			...(etag !== "" && { "if-none-match": etag }),
			...(basic !== undefined && { authorization: basic }),
		};
		url.pathname = `${url.pathname.replace(/\/$/, "")}/control/${robot}/${station.name}`;
		const timeout = AbortSignal.timeout(WAIT_S * 1000 + ANSWER_TIMEOUT_MS);
		const response = await fetch(url, { headers, signal: AbortSignal.any([this.#abort.signal, timeout]) });
		const text = await answerText(response, MAX_ANSWER_BYTES);
		if (response.status === 304) return { wanted: undefined, etag };
		if (!response.ok) throw new Error(`${response.status} ${response.statusText} from ${url.href}`);
		const wanted = wantedOf(text);
		if (!wanted)
			throw new Error(`${url.href} answered ${text.slice(0, 80)}, which is no {"want":"start"} or {"want":"stop"}`);
		return { wanted, etag: response.headers.get("etag") ?? "" };
	}
}

/** The answer's `want` is what a message calls `do`; bare words are understood too. */
function wantedOf(text: string): Wanted | undefined {
	const plain = parseWanted(text);
	if (plain) return plain;
	try {
		const { want, ...bounds } = JSON.parse(text);
		return parseWanted(JSON.stringify({ do: want, ...bounds }));
	} catch {
		return undefined;
	}
}

function reasonOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
