/** Frames over WebSocket: fragmented MP4 for Media Source Extensions. docs/websocket.md describes the messages. */
import { afterCalm, afterWaiting, steer } from "./catch-up.ts";
import { ahead, codecOf, FeedMeter, playsAtAnyRate, sourceClass } from "./feed-meter.ts";
import { authorization } from "./relay.ts";
import type { Failure, Feed, Sample, Transport, TransportEvents } from "./transport.ts";

/** How much of the past is kept, in seconds, and when it is removed. */
const KEPT_S = 5;
const MOST_KEPT_S = 15;
const CALM_MS = 1000;
/** What the stream is joined with is waited for so long, to skip it at once: each further skip decodes it all again. */
const HOLD_MS = 700;

const gone: Failure = { kind: "lost", reason: "The connection ended." };
const unreachable: Failure = { kind: "unreachable", reason: "The relay does not answer by WebSocket." };

interface Beginning {
	readonly mime: string;
	readonly leftOut: readonly { readonly codec: string; readonly reason: string }[];
	/** So many of the fragments that follow were there before: the stream is joined with them. */
	readonly held?: number;
}

/** The subprotocols of a connection: the last one carries the right to watch, for which there is no header. */
function protocols(token: string): string[] {
	if (!token) return ["vedette"];
	const bytes = new TextEncoder().encode(authorization(token));
	const base64 = btoa(String.fromCharCode(...bytes));
	return ["vedette", `authorization.${base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`];
}

export class MseTransport implements Transport, Feed {
	state: Transport["state"] = "new";
	hasAudio = false;
	#codec: string | null = null;
	readonly #url: string;
	readonly #token: string;
	readonly #events: TransportEvents;
	#socket: WebSocket | null = null;
	#source: MediaSource | null = null;
	#address = "";
	#buffer: SourceBuffer | null = null;
	/** What waits for the source buffer: a change of type, or bytes. */
	#queue: (string | ArrayBuffer)[] = [];
	#video: HTMLVideoElement | null = null;
	#offered = false;
	#target = afterCalm();
	#calmSince = 0;
	#bytes = 0;
	#messages = 0;
	readonly #meter = new FeedMeter();
	/** Fragments of the beginning that have not come yet. */
	#held = 0;
	#holdUntil = 0;
	readonly #ended = new AbortController();

	/** `url` begins with ws:// or wss://. */
	constructor(url: string, token: string, events: TransportEvents) {
		this.#url = url;
		this.#token = token;
		this.#events = events;
	}

	async start(): Promise<void> {
		if (this.state !== "new") return;
		this.state = "starting";
		const url = new URL(this.#url);
		// The relay can make the other codec for browsers without Opus.
		if (!sourceClass()?.isTypeSupported('audio/mp4; codecs="opus"')) url.searchParams.set("audio", "aac");
		const socket = new WebSocket(url, protocols(this.#token));
		this.#socket = socket;
		socket.binaryType = "arraybuffer";
		socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => this.#message(data);
		socket.onclose = () => this.#fail(this.state === "starting" ? unreachable : gone);
	}

	stop(): void {
		if (this.state === "ended") return;
		this.state = "ended";
		this.#ended.abort();
		this.#socket?.close();
		this.#queue = [];
		if (this.#address) URL.revokeObjectURL(this.#address);
		if (this.#video && this.#video.src === this.#address) {
			this.#video.playbackRate = 1;
			this.#video.pause();
		}
	}

	async repair(): Promise<boolean> {
		return false;
	}

	attach(video: HTMLVideoElement): void {
		if (!this.#source || this.state === "ended") return;
		this.#video = video;
		const { signal } = this.#ended;
		video.srcObject = null;
		video.src = this.#address;
		video.addEventListener("waiting", () => video.played.length > 0 && this.#onWaiting(), { signal });
		const broken: Failure = { kind: "refused", reason: "This browser cannot play it.", lasting: true };
		const fail = () => video.src === this.#address && this.#fail(video.played.length > 0 ? gone : broken);
		video.addEventListener("error", fail, { signal });
	}

	async stats(): Promise<Sample | null> {
		const video = this.#video;
		if (!video || this.state !== "running") return null;
		return this.#meter.take(video, {
			bytes: this.#bytes,
			messages: this.#messages,
			wait: ahead(video),
			codec: this.#codec,
			route: "TCP, WebSocket",
			way: "websocket",
		});
	}

	#message(data: string | ArrayBuffer): void {
		if (this.state === "ended") return;
		this.state = "running";
		if (typeof data === "string") {
			this.#begin(JSON.parse(data));
			return;
		}
		this.#bytes += data.byteLength;
		this.#messages++;
		this.#held--;
		this.#queue.push(data);
		// The initialisation segment alone is no picture yet.
		if (!this.#offered && this.#messages > 1) {
			this.#offered = true;
			this.#events.media(this);
		}
		this.#pump();
	}

	#begin({ mime, leftOut, held = 0 }: Beginning): void {
		const Source = sourceClass();
		if (!Source?.isTypeSupported(mime)) {
			this.#fail({ kind: "refused", reason: `This browser cannot play ${mime}.`, lasting: true });
			return;
		}
		this.hasAudio = /mp4a|opus/.test(mime);
		this.#codec = codecOf(mime);
		this.#events.leftOut(leftOut.map(({ codec, reason }) => `${codec}: ${reason}`));
		this.#queue.push(mime);
		if (this.#source) return;
		// The initialisation segment comes before them.
		this.#held = held + 1;
		this.#holdUntil = performance.now() + HOLD_MS;
		this.#source = new Source();
		this.#source.addEventListener("sourceopen", () => this.#pump(), { signal: this.#ended.signal });
		this.#address = URL.createObjectURL(this.#source);
	}

	/** Hands over what waits, as soon as the source takes it. */
	#pump(): void {
		const source = this.#source;
		if (source?.readyState !== "open" || this.#holds()) return;
		try {
			while (this.#queue.length > 0 && !this.#buffer?.updating) this.#append(source);
		} catch (error) {
			this.#fail({ kind: "lost", reason: error instanceof Error ? error.message : "The browser takes no more." });
		}
	}

	#holds(): boolean {
		return this.#held > 0 && performance.now() < this.#holdUntil;
	}

	#append(source: MediaSource): void {
		const next = this.#queue[0];
		if (typeof next === "string") {
			this.#queue.shift();
			if (this.#buffer) this.#buffer.changeType(next);
			else this.#open(source.addSourceBuffer(next));
			return;
		}
		const until = this.#queue.findIndex((item) => typeof item === "string");
		const parts = this.#queue.splice(0, until < 0 ? this.#queue.length : until) as ArrayBuffer[];
		this.#buffer?.appendBuffer(joined(parts));
	}

	#open(buffer: SourceBuffer): void {
		this.#buffer = buffer;
		const { signal } = this.#ended;
		buffer.addEventListener("updateend", () => this.#updated(buffer), { signal });
	}

	#updated(buffer: SourceBuffer): void {
		const video = this.#video;
		if (!video || this.state === "ended") return;
		this.#steer(video);
		const { buffered } = buffer;
		const oldest = buffered.length > 0 ? buffered.start(0) : video.currentTime;
		if (!buffer.updating && video.currentTime - oldest > MOST_KEPT_S) buffer.remove(0, video.currentTime - KEPT_S);
		this.#pump();
	}

	#steer(video: HTMLVideoElement): void {
		const now = performance.now();
		if (now - this.#calmSince > CALM_MS) {
			this.#calmSince = now;
			this.#target = afterCalm(this.#target);
		}
		const { buffered, currentTime: at } = video;
		const last = buffered.length - 1;
		if (last < 0) return;
		const smooth = playsAtAnyRate();
		const [start, end] = [buffered.start(last), buffered.end(last)];
		const place = { at, start, end, target: this.#target, smooth, rate: video.playbackRate };
		const { jump, rate } = steer(place);
		if (jump !== null && !video.seeking) video.currentTime = jump;
		if (video.playbackRate !== rate) video.playbackRate = rate;
	}

	#onWaiting(): void {
		this.#calmSince = performance.now();
		this.#target = afterWaiting(this.#target);
	}

	#fail(failure: Failure): void {
		if (this.state === "ended") return;
		this.stop();
		this.#events.failed(failure);
	}
}

function joined(parts: readonly ArrayBuffer[]): ArrayBuffer {
	const [first] = parts;
	if (first && parts.length === 1) return first;
	const out = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
	let at = 0;
	for (const part of parts) {
		out.set(new Uint8Array(part), at);
		at += part.byteLength;
	}
	return out.buffer;
}
