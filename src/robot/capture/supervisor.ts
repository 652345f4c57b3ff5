import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { type Backoff, backoffMs } from "../../net/backoff.ts";
import { type Capture, type CaptureSettings, type StartCapture, VIDEO_CLOCK_HZ } from "./capture.ts";

/** A capture that failed starts again after about this long; a broken camera is asked again twice a minute or so. */
const BACKOFF: Backoff = { firstMs: 500, mostMs: 20_000 };
/** A capture that ran this long was a good one: its end is the first failure again. */
const GOOD_AFTER_MS = 10_000;

/** Requests for key frames closer together than this are one. */
const KEY_FRAME_EVERY_MS = 500;

/** What a supervisor tells. */
export interface SupervisorEvents {
	/** Like a capture's, but `pts` runs on over restarts: a gap is wall time. */
	onFrame(frame: Frame): void;
	onStarted(description: string): void;
	onRestart(reason: string, waitMs: number): void;
}

/** How long a capture may show nothing before it is taken for stuck. */
export interface Patience {
	/** Until its first picture: cameras and network sources take their time. */
	readonly firstMs: number;
	readonly nextMs: number;
}

const PATIENCE: Patience = { firstMs: 15_000, nextMs: 5000 };

/** Keeps one camera's capture running: starts it again after it failed, or after it went silent. */
export class Supervisor {
	readonly #settings: CaptureSettings;
	readonly #start: StartCapture;
	readonly #events: SupervisorEvents;
	readonly #patience: Patience;
	readonly #began = performance.now();
	#bitrate: number;
	#capture: Capture | undefined;
	#startedAt = 0;
	#offset = 0;
	#lastPts = -1;
	#failures = 0;
	#askedAt = Number.NEGATIVE_INFINITY;
	#ending: Promise<void> = Promise.resolve();
	#silence: NodeJS.Timeout | undefined;
	#restart: NodeJS.Timeout | undefined;
	#stopped = false;

	constructor(settings: CaptureSettings, start: StartCapture, events: SupervisorEvents, patience = PATIENCE) {
		this.#settings = settings;
		this.#start = start;
		this.#events = events;
		this.#patience = patience;
		this.#bitrate = settings.bitrate;
		this.#run();
	}

	/** The track of the capture that runs, undefined between two. */
	get track(): Track | undefined {
		return this.#capture?.track;
	}

	/** Changes the bitrate, kbit/s, now and for captures to come. */
	setBitrate(kbps: number): void {
		this.#bitrate = kbps;
		this.#capture?.setBitrate(kbps);
	}

	/** Asks for a key frame soon; more than two a second are not asked for. */
	requestKeyFrame(): void {
		const now = performance.now();
		if (now - this.#askedAt < KEY_FRAME_EVERY_MS) return;
		this.#askedAt = now;
		this.#capture?.requestKeyFrame();
	}

	async stop(): Promise<void> {
		this.#stopped = true;
		clearTimeout(this.#silence);
		clearTimeout(this.#restart);
		const capture = this.#capture;
		this.#capture = undefined;
		await capture?.stop();
		await this.#ending;
	}

	#run(): void {
		this.#startedAt = performance.now();
		this.#offset = Math.round(((this.#startedAt - this.#began) * VIDEO_CLOCK_HZ) / 1000);
		const { onStarted } = this.#events;
		const run = {
			onFrame: (frame: Frame) => this.#take(frame),
			onError: (reason: string) => this.#fail(reason),
			onStarted: (description: string) => onStarted(description),
		};
		this.#watch(this.#patience.firstMs);
		this.#capture = this.#start({ ...this.#settings, bitrate: this.#bitrate }, run);
	}

	#take(frame: Frame): void {
		this.#watch(this.#patience.nextMs);
		const pts = Math.max(frame.pts + this.#offset, this.#lastPts + 1);
		this.#lastPts = pts;
		this.#events.onFrame({ ...frame, pts });
	}

	#watch(ms: number): void {
		if (this.#stopped) return;
		clearTimeout(this.#silence);
		this.#silence = setTimeout(() => this.#fail(`no picture for ${ms / 1000} s`), ms);
	}

	/** A file may be short: that it was played to its end is no failure. */
	#wasGood(): boolean {
		const played = this.#settings.source.kind === "file" && this.#lastPts >= this.#offset;
		return played || performance.now() - this.#startedAt >= GOOD_AFTER_MS;
	}

	#fail(reason: string): void {
		clearTimeout(this.#silence);
		if (this.#stopped) return;
		const capture = this.#capture;
		this.#capture = undefined;
		this.#failures = this.#wasGood() ? 1 : this.#failures + 1;
		const waitMs = backoffMs(BACKOFF, this.#failures, Math.random());
		this.#events.onRestart(reason, waitMs);
		// A camera opens only once: the old capture is gone before the next one starts.
		this.#ending = Promise.resolve(capture?.stop()).then(() => {
			if (!this.#stopped) this.#restart = setTimeout(() => this.#run(), waitMs);
		});
	}
}
