import type { ForwardTarget } from "../config/forward-schema.ts";
import { type ForwardWay, forward } from "../hub/forwarding.ts";
import type { Hub } from "../hub/hub.ts";
import { newId } from "../hub/path.ts";
import type { Reader, ReaderInfo } from "../hub/reader.ts";
import type { PathName } from "../media/path-name.ts";
import type { Log } from "../observe/log.ts";
import { shownAddress, withoutSecretsOf } from "../observe/secrets.ts";
import { keepTrying } from "./attempts.ts";

/** An attempt that has come to nothing by then has failed. */
const OPEN_MS = 10_000;

type State = "idle" | "forwarding" | "error";

/** Pushes one path on to one address while it is told to. */
export class Forward {
	readonly id = newId();
	readonly path: PathName;
	readonly target: ForwardTarget;
	readonly #hub: Hub;
	readonly #way: ForwardWay;
	readonly #url: string;
	readonly #log: Log;
	readonly #created = new Date().toISOString();
	#stop: AbortController | undefined;
	#running: Promise<void> = Promise.resolve();
	#state: State = "idle";
	#lastError = "";
	#reader: Reader | undefined;
	/** Of connections that are over. */
	#bytes = 0;

	constructor(hub: Hub, path: PathName, target: ForwardTarget, way: ForwardWay, log: Log) {
		this.#hub = hub;
		this.path = path;
		this.target = target;
		this.#way = way;
		this.#url = target.to.replaceAll("$MTX_PATH", path);
		this.#log = log.child({ path, to: shownAddress(this.#url) });
	}

	get protocol(): string {
		return this.#url.slice(0, this.#url.indexOf(":")).replace(/^http(s?)$/, "whip$1");
	}

	get state(): State {
		return this.#state;
	}

	get outboundBytes(): number {
		return this.#bytes + (this.#reader?.counters.bytes ?? 0);
	}

	/** As MediaMTX's control API writes it, with the path. `pos` is its place among those of the path. */
	item(pos: number) {
		return {
			id: this.id,
			pos,
			created: this.#created,
			path: this.path,
			conf: { dest: shownAddress(this.#url), when: this.target.when, wake: this.target.wake },
			protocol: this.protocol,
			state: this.#state,
			lastError: this.#lastError,
			outboundBytes: this.outboundBytes,
		};
	}

	/** Begins, or ends with a reason for the log. */
	set(wanted: boolean, reason: string): void {
		if (wanted === (this.#stop !== undefined)) return;
		if (wanted) {
			const stop = new AbortController();
			this.#stop = stop;
			this.#running = this.#running.then(() => this.#run(stop.signal));
		} else {
			this.#stop?.abort(new Error(reason));
			this.#stop = undefined;
		}
	}

	/** Ends and waits until all is closed. */
	async close(): Promise<void> {
		this.set(false, "the relay is going down");
		await this.#running;
	}

	async #run(signal: AbortSignal): Promise<void> {
		await keepTrying(
			() => this.#once(signal),
			signal,
			(reason, waitMs) => {
				this.#lastError = withoutSecretsOf(this.#url, reason);
				this.#state = "error";
				this.#log.warn({ reason: this.#lastError, waitMs }, "not forwarding; trying again");
			},
		);
		this.#state = "idle";
	}

	/** One connection from its beginning to its end; gives the reason of the end. */
	async #once(signal: AbortSignal): Promise<string> {
		const attempt = new AbortController();
		const end = (): void => attempt.abort(signal.reason);
		const late = new Error(`no answer for ${OPEN_MS / 1000} s`);
		const timer = setTimeout(() => attempt.abort(late), OPEN_MS);
		signal.addEventListener("abort", end, { once: true });
		const onLive = (reader: Reader, leftOut: readonly string[]): void => {
			clearTimeout(timer);
			this.#reader = reader;
			this.#state = "forwarding";
			this.#log.info(leftOut.length > 0 ? { leftOut } : {}, "forwarding");
		};
		const { token, fingerprint } = this.target;
		const target = { url: this.#url, token, fingerprint, info: this.#info(), signal: attempt.signal, onLive };
		try {
			signal.throwIfAborted();
			return await forward(this.#hub, this.path, target, this.#way);
		} catch (error) {
			throw attempt.signal.aborted ? attempt.signal.reason : error;
		} finally {
			clearTimeout(timer);
			signal.removeEventListener("abort", end);
			this.#bytes = this.outboundBytes;
			this.#reader = undefined;
			if (signal.aborted) this.#log.info("forwarding has ended");
		}
	}

	#info(): ReaderInfo {
		const remoteAddress = URL.parse(this.#url)?.host ?? "";
		return { type: "forward", id: this.id, remoteAddress, user: "", passive: true };
	}
}
