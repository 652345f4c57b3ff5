import type { Frame } from "../media/frame.ts";
import { LOCKED } from "../net/server-refusal.ts";
import type { Log } from "../observe/log.ts";
import { withoutPassword } from "../observe/secrets.ts";
import type { Bounds, StreamState } from "../wire/robot-messages.ts";
import type { StartCapture } from "./capture/capture.ts";
import { Supervisor } from "./capture/supervisor.ts";
import { type CameraConfig, captureSettings, LEAST_KBPS, MOST_KBPS } from "./config.ts";
import { publisherFor } from "./publish/by-address.ts";
import type { OpenPublisher } from "./publish/publisher.ts";
import { Publishing, type Tally } from "./publish/publishing.ts";

/** What a camera tells. */
export interface CameraEvents {
	/** Its state or the reason of it is another one. */
	onState(state: StreamState, reason: string): void;
	/** The relay refuses it because nobody wants it now: to be stopped, unless something else lets it run. */
	onUnwanted(): void;
}

/** What runs while a camera is on. */
interface Running {
	readonly capture: Supervisor;
	readonly publishing: Publishing;
}

const NOTHING: Tally = { frames: 0, bytes: 0, dropped: 0 };

/**
 * One camera, on or off. While it is off its device is closed, its encoder gone and nothing is connected. Starting while
 * it stops starts it again afterwards: a device opens only once.
 */
export class Camera {
	readonly name: string;
	readonly #config: CameraConfig;
	readonly #publisher: OpenPublisher;
	readonly #startCapture: StartCapture;
	readonly #events: CameraEvents;
	readonly #log: Log;
	#on = false;
	#running: Running | undefined;
	#ending: Promise<void> | undefined;
	#bounds: Bounds = {};
	#state: StreamState = "idle";
	/** Whether a connection takes what is captured. */
	#connected = false;
	#keyFrame: Frame | undefined;

	constructor(config: CameraConfig, startCapture: StartCapture, log: Log, events: CameraEvents) {
		this.name = config.name;
		this.#config = config;
		this.#publisher = publisherFor(config, log);
		this.#startCapture = startCapture;
		this.#events = events;
		this.#log = log;
	}

	get state(): StreamState {
		return this.#state;
	}

	/** What left since it was started. */
	get tally(): Tally {
		return this.#running?.publishing.tally ?? NOTHING;
	}

	/** The last picture that stands alone, while it runs. */
	get keyFrame(): Frame | undefined {
		return this.#keyFrame;
	}

	/** The encoder's bitrate now, whole kbit/s: the configured one within the bounds, where an encoder can do it. */
	get bitrate(): number {
		const { maxBitrate = MOST_KBPS, minBitrate = LEAST_KBPS } = this.#bounds;
		const wanted = Math.min(Math.max(this.#config.bitrate, minBitrate), maxBitrate);
		return Math.round(Math.min(Math.max(wanted, LEAST_KBPS), MOST_KBPS));
	}

	/** The newest bounds win; they last until it is stopped. */
	setBounds(bounds: Bounds): void {
		this.#bounds = bounds;
		this.#running?.capture.setBitrate(this.bitrate);
	}

	requestKeyFrame(): void {
		this.#running?.capture.requestKeyFrame();
	}

	start(reason: string): void {
		if (this.#on) return;
		this.#on = true;
		this.#tell("starting", reason);
		if (!this.#ending) this.#open();
	}

	/** Resolves when its processes and connections are gone. */
	async stop(reason: string): Promise<void> {
		if (this.#on) {
			this.#on = false;
			this.#bounds = {};
			this.#tell("stopping", reason);
			this.#ending ??= this.#close(reason);
		}
		await this.#ending;
	}

	async #close(reason: string): Promise<void> {
		const { publishing, capture } = this.#running ?? {};
		this.#running = undefined;
		this.#keyFrame = undefined;
		this.#connected = false;
		await Promise.all([publishing?.stop(), capture?.stop()]);
		this.#ending = undefined;
		if (this.#on) this.#open();
		else this.#tell("idle", reason);
	}

	#open(): void {
		const { publish: url, transport } = this.#config;
		const log = this.#log;
		const publishing = new Publishing({
			url,
			transport,
			open: this.#publisher,
			log: log.child({ url: withoutPassword(url) }),
			random: Math.random,
			requestKeyFrame: () => capture.requestKeyFrame(),
			onLive: () => {
				this.#connected = true;
			},
			onLost: (reason, status) => {
				this.#connected = false;
				if (status === LOCKED) this.#events.onUnwanted();
				this.#tell("error", reason);
			},
		});
		const settings = { ...captureSettings(this.#config), bitrate: this.bitrate };
		const capture = new Supervisor(settings, this.#startCapture, {
			onFrame: (frame: Frame) => {
				if (!capture.track) return;
				publishing.take(frame, capture.track);
				if (frame.key) this.#keyFrame = frame;
				if (this.#connected && this.#state !== "live") this.#tell("live", "publishing");
			},
			onStarted: (description) => log.info({ pipeline: withoutPassword(description) }, "capture started"),
			onRestart: (failure, waitMs) => {
				const reason = withoutPassword(failure);
				log.warn({ reason, waitMs }, "capture failed");
				this.#tell("error", reason);
			},
		});
		this.#running = { capture, publishing };
	}

	/** What a connection or a capture says that is about to end is no news. */
	#tell(state: StreamState, reason: string): void {
		const late = !this.#on && (state === "live" || state === "error");
		if (late) return;
		this.#state = state;
		this.#events.onState(state, reason);
	}
}
