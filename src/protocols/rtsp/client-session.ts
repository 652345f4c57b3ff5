import type { Millis } from "../../media/time.ts";
import {
	type Headers,
	headerOf,
	headersOf,
	type Message,
	type Response,
	writeRequest,
	writeResponse,
} from "./message.ts";
import { type FirstPacket, parseRtpInfo } from "./rtp-info.ts";
import type { Setup } from "./session.ts";
import { type Pair, parseTransports, type Transport, writeTransport } from "./transport.ts";
import { controlUrl } from "./url.ts";

/** A server that answers nothing for so long is gone. */
const ANSWER_MS = 10_000;
/** What a session's timeout is where the server names none (RFC 2326 section 12.37). */
const DEFAULT_TIMEOUT_SECONDS = 60;
const MOST_KEEP_ALIVE_MS = 30_000;
const LEAST_KEEP_ALIVE_MS = 1000;
const USER_AGENT = "vedette";

/** What the client is there for. */
export type Goal =
	| { readonly mode: "play" }
	/** `sdp` announces as many tracks as there are `controls`, each with its control attribute. */
	| ({ readonly mode: "record"; readonly sdp: string } & Choice);

/** The tracks to set up. */
export interface Choice {
	readonly controls: readonly string[];
	/** The local ports of each track over UDP; empty over TCP. */
	readonly ports: readonly Pair[];
}

/** What the session asks of whoever holds its socket. */
export interface ClientActions {
	send(bytes: Buffer): void;
	/** An Authorization header for a request after these challenges (WWW-Authenticate), or undefined to give up. */
	authorize(challenges: readonly string[], method: string, url: string): string | undefined;
	/** The stream is described: `choose` says how it goes on. Throws where nothing in it is wanted. */
	described(sdp: string): void;
	/** Media flows from now on; the transports, and where the tracks begin, are as the server gave them. */
	live(setups: readonly LiveSetup[]): void;
	/** The session is over. */
	ended(reason: string, answer: RefusedWith): void;
}

/** What the server said that ended a session; nothing where it said nothing. */
export interface RefusedWith {
	readonly status?: number;
	/** Where it sends the client instead (RFC 2326 section 11.3). */
	readonly location?: string | undefined;
}

/** How one track travels, and where it begins. */
export interface LiveSetup extends Setup {
	readonly first: FirstPacket;
}

type Step = "OPTIONS" | "DESCRIBE" | "ANNOUNCE" | "SETUP" | "PLAY" | "RECORD" | "live" | "over";

interface Pending {
	readonly sequence: number;
	readonly method: string;
	readonly url: string;
	readonly headers: Headers;
	readonly body: string;
	readonly sentAt: Millis;
	/** The request was refused once with 401 already. */
	readonly repeated: boolean;
}

/** The client's side of an RTSP session, RFC 2326 appendix A.1. Pure: messages and time come in, bytes go out. */
export class ClientSession {
	readonly #goal: Goal;
	readonly #lower: Transport["lower"];
	readonly #actions: ClientActions;
	readonly #url: string;
	#base: string;
	#choice: Choice = { controls: [], ports: [] };
	#setups: Setup[] = [];
	#step: Step = "OPTIONS";
	#pending: Pending | undefined;
	#sequence = 0;
	#challenges: readonly string[] = [];
	#session = "";
	#keepAlive = "OPTIONS";
	#keepAliveMs: Millis = MOST_KEEP_ALIVE_MS;
	#nextKeepAlive: Millis = 0;

	/** `url` is without credentials. */
	constructor(url: string, goal: Goal, lower: Transport["lower"], actions: ClientActions) {
		this.#url = url;
		this.#base = url;
		this.#goal = goal;
		this.#lower = lower;
		this.#actions = actions;
	}

	/** Sends the first request. */
	start(now: Millis): void {
		this.#request("OPTIONS", this.#url, [], "", now);
	}

	/** Takes what the server sent. */
	message(message: Message, now: Millis): void {
		if (this.#step === "over") return;
		if (message.kind === "request") {
			const known = ["OPTIONS", "GET_PARAMETER", "SET_PARAMETER"].includes(message.method);
			const sequence = headerOf(message, "cseq") ?? "0";
			this.#actions.send(writeResponse(known ? 200 : 501, [["CSeq", sequence]]));
			return;
		}
		const pending = this.#pending;
		if (!pending || headerOf(message, "cseq") !== `${pending.sequence}`) return;
		this.#pending = undefined;
		this.#answer(pending, message, now);
	}

	/** Keeps the session alive and notices a server that is gone. To be called about once a second. */
	tick(now: Millis): void {
		if (this.#step === "over") return;
		const pending = this.#pending;
		if (pending) {
			if (now - pending.sentAt >= ANSWER_MS) this.#end(`no answer to ${pending.method} for ${ANSWER_MS / 1000} s`);
		} else if (this.#step === "live" && now >= this.#nextKeepAlive) {
			this.#nextKeepAlive = now + this.#keepAliveMs;
			this.#request(this.#keepAlive, this.#base, [], "", now);
		}
	}

	/** Says which tracks of the described stream to set up; at least one. */
	choose(choice: Choice, now: Millis): void {
		if (this.#step !== "DESCRIBE") return;
		this.#choice = choice;
		this.#setUp(now);
	}

	/** Says goodbye to the server; nothing happens after that. */
	close(now: Millis): void {
		if (this.#step === "over") return;
		if (this.#session) this.#request("TEARDOWN", this.#base, [], "", now);
		this.#step = "over";
	}

	#request(method: string, url: string, headers: Headers, body: string, now: Millis, repeated = false): void {
		const sequence = ++this.#sequence;
		const all: [string, string][] = [
			["CSeq", `${sequence}`],
			...headers.map(([name, value]): [string, string] => [name, value]),
		];
		if (this.#session) all.push(["Session", this.#session]);
		const authorization =
			this.#challenges.length > 0 ? this.#actions.authorize(this.#challenges, method, url) : undefined;
		if (authorization) all.push(["Authorization", authorization]);
		all.push(["User-Agent", USER_AGENT]);
		this.#pending = { sequence, method, url, headers, body, sentAt: now, repeated };
		this.#actions.send(writeRequest(method, url, all, body));
	}

	#answer(pending: Pending, response: Response, now: Millis): void {
		const { status, reason } = response;
		// Some cameras know no OPTIONS, or only in a session: what matters comes later.
		const matters = pending.method !== "OPTIONS" && this.#step !== "live";
		if (status === 401) this.#unauthorized(pending, response, now);
		else if (status === 301 || status === 302) {
			this.#end(`sent elsewhere with ${status}`, { status, location: headerOf(response, "location") });
		} else if (matters && (status < 200 || status > 299)) {
			this.#end(`${pending.method} was answered with ${status} ${reason}`, { status });
		} else this.#attempt(response, now);
	}

	#unauthorized(pending: Pending, response: Response, now: Millis): void {
		this.#challenges = headersOf(response, "www-authenticate");
		const { method, url, headers, body } = pending;
		const possible = !pending.repeated && this.#actions.authorize(this.#challenges, method, url) !== undefined;
		if (possible) this.#request(method, url, headers, body, now, true);
		else {
			const why = pending.repeated
				? "wrong user or password"
				: "there is no login for it, or none but in the open (Basic)";
			this.#end(`${method} was answered with 401: ${why}`, { status: 401 });
		}
	}

	#attempt(response: Response, now: Millis): void {
		try {
			this.#proceed(response, now);
		} catch (error) {
			this.#end(error instanceof Error ? error.message : `${error}`);
		}
	}

	#proceed(response: Response, now: Millis): void {
		switch (this.#step) {
			case "OPTIONS":
				if (/\bGET_PARAMETER\b/.test(headerOf(response, "public") ?? "")) this.#keepAlive = "GET_PARAMETER";
				this.#introduce(now);
				break;
			case "DESCRIBE":
				this.#base = headerOf(response, "content-base") ?? headerOf(response, "content-location") ?? this.#url;
				this.#actions.described(response.body);
				break;
			case "ANNOUNCE":
				this.#noteSession(response);
				this.#setUp(now);
				break;
			case "SETUP":
				this.#noteSession(response);
				this.#noteTransport(response);
				this.#setUp(now);
				break;
			case "PLAY":
			case "RECORD":
				this.#step = "live";
				this.#nextKeepAlive = now + this.#keepAliveMs;
				this.#actions.live(this.#begun(response));
				break;
			case "live":
			case "over":
				break;
			default:
				this.#step satisfies never;
		}
	}

	#begun(response: Response): LiveSetup[] {
		const urls = this.#choice.controls.map((control) => controlUrl(this.#base, control));
		const firsts = parseRtpInfo(headerOf(response, "rtp-info") ?? "", urls);
		return this.#setups.map((setup) => ({ ...setup, first: firsts[setup.track] ?? {} }));
	}

	#introduce(now: Millis): void {
		if (this.#goal.mode === "play") {
			this.#step = "DESCRIBE";
			this.#request("DESCRIBE", this.#url, [["Accept", "application/sdp"]], "", now);
		} else {
			this.#step = "ANNOUNCE";
			this.#choice = this.#goal;
			this.#request("ANNOUNCE", this.#url, [["Content-Type", "application/sdp"]], this.#goal.sdp, now);
		}
	}

	/** Sets up the next track; after the last one asks for the media. */
	#setUp(now: Millis): void {
		const track = this.#setups.length;
		const control = this.#choice.controls[track];
		const { mode } = this.#goal;
		if (control === undefined) {
			this.#step = mode === "play" ? "PLAY" : "RECORD";
			this.#request(this.#step, this.#base, [["Range", "npt=0.000-"]], "", now);
			return;
		}
		this.#step = "SETUP";
		const clientPort = this.#choice.ports[track];
		const asked: Transport =
			this.#lower === "tcp"
				? { lower: "tcp", mode, interleaved: [2 * track, 2 * track + 1] }
				: { lower: "udp", mode, ...(clientPort && { clientPort }) };
		this.#request("SETUP", controlUrl(this.#base, control), [["Transport", writeTransport(asked)]], "", now);
	}

	#noteSession(response: Response): void {
		const [id = "", ...parameters] = (headerOf(response, "session") ?? "").split(";");
		if (!id.trim()) return;
		this.#session = id.trim();
		const timeout = parameters.map((one) => /^\s*timeout\s*=\s*(\d{1,6})\s*$/i.exec(one)?.[1]).find(Boolean);
		const seconds = timeout === undefined ? DEFAULT_TIMEOUT_SECONDS : Number(timeout);
		this.#keepAliveMs = Math.min(MOST_KEEP_ALIVE_MS, Math.max(LEAST_KEEP_ALIVE_MS, seconds * 500));
	}

	#noteTransport(response: Response): void {
		const track = this.#setups.length;
		const [given] = parseTransports(headerOf(response, "transport") ?? "");
		if (given?.lower !== this.#lower)
			throw new Error(`the server gives no ${this.#lower.toUpperCase()} for track ${track}`);
		// A server that names no channels takes those asked for.
		const interleaved: Pair = given.interleaved ?? [2 * track, 2 * track + 1];
		const transport: Transport = this.#lower === "tcp" ? { ...given, interleaved } : given;
		this.#setups.push({ track, transport });
	}

	#end(reason: string, answer: RefusedWith = {}): void {
		this.#step = "over";
		this.#actions.ended(reason, answer);
	}
}
