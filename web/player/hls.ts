/** Low-latency HLS: by hls.js where there are media sources, else by the browser itself. The last way to a picture. */
import type { ErrorData, default as Hls, HlsConfig } from "hls.js";
import { ahead, codecOf, FeedMeter, playsAtAnyRate, sourceClass } from "./feed-meter.ts";
import { ask, authorization, failureOf, WAKE_MS, waking } from "./relay.ts";
import type { Failure, Feed, Sample, Transport, TransportEvents } from "./transport.ts";

const PLAYLIST = "application/vnd.apple.mpegurl";
/** Seconds beyond the delay that the playlist asks for, after which the rest is skipped. */
const TOO_LATE_S = 2;
const TOO_LATE_WITHOUT_RATE_S = 1;
const KEPT_S = 5;
/** What is too late is caught up at most so much faster. */
const HASTY = 1.25;
/**
 * A browser that plays by itself may give up a playlist that is still short (Chromium does below 10 s): it loads again, so
 * often.
 */
const RELOAD_MS = 1000;
/** Of an answer that is not a success, what tells why. */
const TELLING = ["Vedette-Stopped", "Vedette-Full", "Retry-After"];
const MOST_RELOADS = 20;

const unreachable: Failure = { kind: "unreachable", reason: "The relay does not answer by HLS." };
const gone: Failure = { kind: "lost", reason: "The connection ended." };
const unplayable: Failure = { kind: "refused", reason: "This browser cannot play it.", lasting: true };

export class HlsTransport implements Transport, Feed {
	state: Transport["state"] = "new";
	hasAudio = true;
	readonly #url: string;
	readonly #token: string;
	readonly #events: TransportEvents;
	readonly #pressed: boolean;
	readonly #meter = new FeedMeter();
	#hls: Hls | null = null;
	#video: HTMLVideoElement | null = null;
	#codec: string | null = null;
	#bytes = 0;
	#files = 0;
	#recovered = false;
	#reloads = 0;
	#reload: ReturnType<typeof setTimeout> | undefined;
	readonly #ended = new AbortController();

	/** `url` is that of the playlist; `pressed`: the viewer said start. */
	constructor(url: string, token: string, events: TransportEvents, pressed: boolean) {
		this.#url = url;
		this.#pressed = pressed;
		this.#token = token;
		this.#events = events;
	}

	async start(): Promise<void> {
		if (this.state !== "new") return;
		this.state = "starting";
		if (this.#pressed && !(await this.#knock())) return;
		if (sourceClass()) {
			// Larger than all the rest of the page, and most viewers never need it.
			const library = await import("hls.js").catch(() => null);
			if (this.#over()) return;
			if (!library) return this.#fail(unreachable);
			this.#hls = this.#load(library.default);
		} else if (this.#token || !document.createElement("video").canPlayType(PLAYLIST)) {
			// What a browser plays by itself it fetches without our header.
			return this.#fail(unplayable);
		}
		this.#events.media(this);
	}

	/** Says once that the viewer said start: players ask for their playlist again by themselves. False where that is all. */
	async #knock(): Promise<boolean> {
		// What cannot be asked for by script may be played all the same.
		const response = await ask(waking(this.#url), this.#token, {}, WAKE_MS).catch(() => null);
		if (response?.ok === false) this.#fail(await failureOf(response));
		return !this.#over();
	}

	stop(): void {
		if (this.state === "ended") return;
		this.state = "ended";
		this.#ended.abort();
		clearTimeout(this.#reload);
		const video = this.#video;
		if (video && (this.#hls ? this.#hls.media === video : video.src === this.#url)) {
			video.playbackRate = 1;
			video.pause();
		}
		this.#hls?.destroy();
	}

	async repair(): Promise<boolean> {
		return false;
	}

	attach(video: HTMLVideoElement): void {
		if (this.state === "ended") return;
		this.#video = video;
		const { signal } = this.#ended;
		video.srcObject = null;
		if (this.#hls) {
			this.#hls.attachMedia(video);
			this.#hls.loadSource(this.#url);
		} else {
			video.src = this.#url;
			video.addEventListener("error", () => this.#stumbled(video), { signal });
		}
		video.addEventListener("playing", () => this.#run(), { signal });
	}

	async stats(): Promise<Sample | null> {
		const video = this.#video;
		if (!video || this.state !== "running") return null;
		return this.#meter.take(video, {
			bytes: this.#bytes,
			messages: this.#files,
			wait: this.#hls?.latency || ahead(video),
			codec: this.#codec,
			route: "TCP, HLS",
			way: "hls",
		});
	}

	#run(): void {
		if (this.state === "starting") this.state = "running";
	}

	/** The browser itself gave up what it plays. */
	#stumbled(video: HTMLVideoElement): void {
		if (video.src !== this.#url) return;
		const isKnown = video.readyState >= HTMLMediaElement.HAVE_METADATA;
		if (isKnown && this.#reloads++ < MOST_RELOADS) {
			this.#reload = setTimeout(() => void reload(video).catch(() => undefined), RELOAD_MS);
		} else this.#fail(this.state === "starting" ? unplayable : gone);
	}

	#over(): boolean {
		return this.state === "ended";
	}

	#load(Library: typeof Hls): Hls {
		const hls = new Library(this.#config());
		hls.on(Library.Events.FRAG_BUFFERED, (_, { stats }) => {
			this.#count(stats.loaded);
			// Before there is a second segment it must not hurry through the first.
			if (hls.lowLatencyMode && playsAtAnyRate()) hls.config.maxLiveSyncPlaybackRate = HASTY;
			hls.lowLatencyMode = true;
		});
		hls.on(Library.Events.LEVEL_UPDATED, () => this.#catchUp(hls));
		hls.on(Library.Events.BUFFER_CODECS, (_, tracks) => {
			const codecs = Object.values(tracks).map(({ codec = "", levelCodec = "" }) => `${codec} ${levelCodec}`);
			this.#codec = codecOf(codecs.join());
			this.hasAudio = /mp4a|opus/i.test(codecs.join());
		});
		hls.on(Library.Events.ERROR, (_, error) => error.fatal && this.#broken(error));
		return hls;
	}

	#config(): Partial<HlsConfig> {
		const token = this.#token;
		return {
			// Nothing is to be unpacked, and a page's policy may not allow a worker.
			enableWorker: false,
			// Begun with parts it loads those of a first segment again and again until there is a second one.
			lowLatencyMode: false,
			backBufferLength: KEPT_S,
			// Running out once is no reason to be a second later for ever.
			liveSyncOnStallIncrease: 0.25,
			maxLiveSyncPlaybackRate: 1,
			...(token ? { xhrSetup: (xhr) => xhr.setRequestHeader("Authorization", authorization(token)) } : {}),
		};
	}

	#count(bytes: number): void {
		this.#bytes += bytes;
		this.#files++;
	}

	#catchUp(hls: Hls): void {
		const { media, latency, targetLatency, liveSyncPosition } = hls;
		const most = playsAtAnyRate() ? TOO_LATE_S : TOO_LATE_WITHOUT_RATE_S;
		if (!media || media.seeking || targetLatency === null || liveSyncPosition === null) return;
		if (media.currentTime > 0 && latency - targetLatency > most) media.currentTime = liveSyncPosition;
	}

	#broken({ type, details, response, networkDetails }: ErrorData): void {
		if (type === "mediaError" && details !== "manifestIncompatibleCodecsError" && !this.#recovered) {
			this.#recovered = true;
			this.#hls?.recoverMediaError();
			return;
		}
		const status = response?.code ?? 0;
		if (status >= 400 && status < 600) {
			failureOf(refusalIn(networkDetails, status))
				.then((failure) => this.#fail(failure))
				.catch(() => this.#fail(unreachable));
		} else if (type === "networkError") this.#fail(this.state === "starting" ? unreachable : gone);
		else this.#fail(this.state === "starting" ? unplayable : gone);
	}

	#fail(failure: Failure): void {
		if (this.state === "ended") return;
		this.stop();
		this.#events.failed(failure);
	}
}

/** What the library was answered, as `fetch` would have given it. */
function refusalIn(request: unknown, status: number): Response {
	if (!(request instanceof XMLHttpRequest)) return new Response("", { status });
	const headers = TELLING.map((name) => [name, request.getResponseHeader(name)] as const);
	const sent = headers.flatMap(([name, value]): [string, string][] => (value === null ? [] : [[name, value]]));
	return new Response(request.responseText, { status, headers: sent });
}

/** Loading again pauses. Rejects as `play` does. */
function reload(video: HTMLVideoElement): Promise<void> {
	video.load();
	return video.play();
}
