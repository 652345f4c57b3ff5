import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { sleep } from "../../net/backoff.ts";
import { ServerRefusal } from "../../net/server-refusal.ts";
import type { Log } from "../../observe/log.ts";
import { withoutPassword } from "../../observe/secrets.ts";
import { Gate } from "./gate.ts";
import { Patience } from "./patience.ts";
import type { OpenPublisher, Publisher } from "./publisher.ts";

/** An attempt that has come to nothing by then has failed. */
const OPEN_TIMEOUT_MS = 10_000;
const WRONG_LOGIN =
	"not publishing: the relay does not take this login. Set another in the camera's address or token, or join again; until then it is tried ever less often";

/** What is published, and whom to ask. */
export interface PublishingOptions {
	readonly url: string;
	readonly transport: "tcp" | "udp";
	readonly open: OpenPublisher;
	readonly log: Log;
	/** 0 to 1, for the jitter between attempts. */
	random(): number;
	requestKeyFrame(): void;
	/** A connection stands. */
	onLive?(): void;
	/** It is over, or an attempt failed; it is tried again. `status`: of the relay's refusal, as HTTP numbers it. */
	onLost?(reason: string, status: number | undefined): void;
}

/** What left so far, over all connections. */
export interface Tally {
	readonly frames: number;
	readonly bytes: number;
	/** Frames that a slow link could not take. */
	readonly dropped: number;
}

/** How a connection ended, or an attempt. */
interface Ending {
	readonly reason: string;
	/** Of the relay's refusal. */
	readonly status: number | undefined;
}

/** Keeps one camera's stream at its relay: connects again for ever, and drops what a slow link cannot take. */
export class Publishing {
	readonly #options: PublishingOptions;
	readonly #abort = new AbortController();
	readonly #done: Promise<void>;
	#begin: (track: Track) => void = () => undefined;
	#publisher: Publisher | undefined;
	#gate = new Gate();
	#frames = 0;
	#bytes = 0;
	/** Dropped in connections that are over. */
	#dropped = 0;

	constructor(options: PublishingOptions) {
		this.#options = options;
		const first = new Promise<Track>((resolve) => {
			this.#begin = resolve;
		});
		this.#done = this.#run(first);
	}

	get tally(): Tally {
		return { frames: this.#frames, bytes: this.#bytes, dropped: this.#dropped + this.#gate.dropped };
	}

	/** Takes the next frame; the first one lets it connect. */
	take(frame: Frame, track: Track): void {
		this.#begin(track);
		const publisher = this.#publisher;
		if (!publisher) return;
		const verdict = this.#gate.judge(frame.key, publisher.pending, performance.now());
		if (verdict === "send") this.#write(publisher, frame);
		else if (verdict !== "drop") this.#options.requestKeyFrame();
	}

	#write(publisher: Publisher, frame: Frame): void {
		this.#frames += 1;
		for (const unit of frame.units) this.#bytes += unit.length;
		publisher.write(frame);
	}

	/** Says goodbye to the relay. */
	async stop(): Promise<void> {
		this.#abort.abort();
		this.#publisher?.close();
		await this.#done;
	}

	async #run(first: Promise<Track>): Promise<void> {
		const { log, random } = this.#options;
		const { signal } = this.#abort;
		const track = await Promise.race([first, aborted(signal)]);
		const patience = new Patience();
		while (track && !signal.aborted) {
			const since = performance.now();
			const ending = await this.#connection(track);
			if (signal.aborted) return;
			const { status } = ending;
			const reason = withoutPassword(ending.reason);
			this.#options.onLost?.(reason, status);
			if (signal.aborted) return;
			const { waitMs, isWrongLogin } = patience.after(status, performance.now() - since, random());
			log.warn({ reason, waitMs }, isWrongLogin ? WRONG_LOGIN : "not publishing; trying again");
			await sleep(waitMs, signal);
		}
	}

	/** One connection from its beginning to its end; gives the reason of the end. */
	async #connection(track: Track): Promise<Ending> {
		const { url, transport, open, log, requestKeyFrame, onLive } = this.#options;
		const attempt = new AbortController();
		const cancel = (): void => attempt.abort();
		this.#abort.signal.addEventListener("abort", cancel);
		const timer = setTimeout(
			() => attempt.abort(new Error(`no answer for ${OPEN_TIMEOUT_MS / 1000} s`)),
			OPEN_TIMEOUT_MS,
		);
		try {
			const publisher = await open(url, [track], {
				transport,
				signal: attempt.signal,
				onKeyFrameRequest: requestKeyFrame,
			});
			clearTimeout(timer);
			log.info("publishing");
			this.#dropped += this.#gate.dropped;
			this.#gate = new Gate();
			this.#publisher = publisher;
			onLive?.();
			const reason = await publisher.closed;
			log.info({ dropped: this.#gate.dropped }, "connection ended");
			return { reason, status: undefined };
		} catch (error) {
			const cause = attempt.signal.aborted ? attempt.signal.reason : error;
			const reason = cause instanceof Error ? cause.message : String(cause);
			return { reason, status: cause instanceof ServerRefusal ? cause.status : undefined };
		} finally {
			clearTimeout(timer);
			this.#publisher = undefined;
			this.#abort.signal.removeEventListener("abort", cancel);
			attempt.abort();
		}
	}
}

function aborted(signal: AbortSignal): Promise<undefined> {
	return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
}
