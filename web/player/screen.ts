/** What is seen: the element that shows it, others behind it, when the last picture came, a still of it, sound, other windows. */

import type { Source } from "./transport.ts";

/** Names that only Safari has. */
interface SafariVideo extends HTMLVideoElement {
	webkitEnterFullscreen?: () => void;
	webkitSetPresentationMode?: (mode: "inline" | "picture-in-picture") => void;
	webkitPresentationMode?: string;
	webkitDisplayingFullscreen?: boolean;
}

interface ScreenEvents {
	/** A source has a new picture, in sight or behind; may bring it to the front. */
	onPicture(source: Source, now: number): void;
	/** A new picture is seen. */
	onSeen(): void;
	/** The browser wants a tap before it plays, even muted. */
	onBlocked(): void;
}

/** An element and what plays in it. */
interface Pane {
	readonly video: SafariVideo;
	source: Source | null;
	/** Whether the browser was asked to tell of each picture, and whether it ever did. */
	watched: boolean;
	tells: boolean;
}

export class Screen {
	/** Holds all of it. */
	readonly element: HTMLElement = document.createElement("div");
	readonly #still: HTMLCanvasElement = document.createElement("canvas");
	/** `performance.now()` of the last new picture; null before the first. */
	lastPicture: number | null = null;
	/** Mean milliseconds between pictures. */
	interval = 0;
	/** Milliseconds from capture to screen; null where the browser does not know the capture time. */
	sinceCapture: number | null = null;
	/** Milliseconds from the arrival of a picture's last packet to the screen; null where the browser does not tell. */
	sinceArrival: number | null = null;
	#front: Pane;
	#behind: Pane[] = [];
	#fresh = true;
	#halted = false;
	readonly #events: ScreenEvents;

	constructor(events: ScreenEvents) {
		this.#events = events;
		this.element.className = "screen";
		this.#front = this.#pane();
		this.#front.video.className = "front";
		this.element.append(this.#still);
	}

	/** The element in front. Another one takes its place where pictures begin to come another way. */
	get video(): SafariVideo {
		return this.#front.video;
	}

	/** Begins to play a source: in front if nothing does there, else behind. */
	add(source: Source): void {
		this.#halted = false;
		const known = [this.#front, ...this.#behind].find((pane) => pane.source === source);
		const pane = known ?? (this.#front.source ? this.#pane() : this.#front);
		if (!known) {
			if (pane === this.#front) this.#fresh = true;
			else this.#behind.push(pane);
			this.#attach(pane, source);
		}
		setTimeout(() => this.#play(pane), 0);
	}

	/** Brings a source to the front; the others are over. */
	show(source: Source): void {
		const pane = this.#behind.find((one) => one.source === source);
		const before = this.#front;
		for (const other of this.#behind) if (other !== pane) this.#remove(other);
		this.#behind = [];
		if (!pane) return;
		if (this.inPicture) document.exitPictureInPicture?.().catch(() => undefined);
		pane.video.muted = before.video.muted;
		pane.video.className = "front";
		this.#front = pane;
		this.#fresh = true;
		this.#remove(before);
		this.#play(pane);
	}

	/** Ends a source that is not in front; of one in front the last picture stays. */
	drop(source: Source): void {
		if (this.#front.source === source) this.#front.source = null;
		for (const pane of this.#behind) if (pane.source === source) this.#remove(pane);
		this.#behind = this.#behind.filter((pane) => pane.source !== null);
	}

	/** Whether what is shown may have sound. */
	get hasAudio(): boolean {
		const { source } = this.#front;
		if (!source) return false;
		return "attach" in source ? source.hasAudio : source.getAudioTracks().length > 0;
	}

	play(): void {
		this.#play(this.#front);
	}

	/** Whether the browser tells of each picture: not in a window that nobody sees, and some browsers never do. */
	get tells(): boolean {
		return this.#front.tells && !document.hidden;
	}

	/** Where the browser does not tell: the decoder's counter moved. */
	decoded(count: number): void {
		if (count > 0) this.#picture(this.#front, performance.now(), count);
	}

	/** All sources are over; what is still shown of them is not a new picture. */
	halt(): void {
		this.#halted = true;
		this.#front.source = null;
		for (const pane of this.#behind) this.#remove(pane);
		this.#behind = [];
	}

	clear(): void {
		const { video } = this.#front;
		this.halt();
		video.removeAttribute("src");
		video.srcObject = null;
	}

	/** Keeps the picture that is shown now, to stand while there is no other. */
	keep(): void {
		const { video } = this.#front;
		const { videoWidth, videoHeight } = video;
		if (!videoWidth || !videoHeight || this.lastPicture === null || this.#fresh) return;
		this.#still.width = videoWidth;
		this.#still.height = videoHeight;
		this.#still.getContext("2d")?.drawImage(video, 0, 0);
	}

	/** The picture as PNG in its own size: the one shown now, or the kept one. Null before the first. */
	async png(live: boolean): Promise<Blob | null> {
		if (live) this.keep();
		if (this.lastPicture === null || !this.#still.width) return null;
		return new Promise((resolve) => this.#still.toBlob(resolve, "image/png"));
	}

	get canPicture(): boolean {
		return document.pictureInPictureEnabled === true || typeof this.video.webkitSetPresentationMode === "function";
	}

	get inPicture(): boolean {
		const { webkitPresentationMode } = this.video;
		return (
			webkitPresentationMode === "picture-in-picture" || rootOf(this.video)?.pictureInPictureElement === this.video
		);
	}

	/** Whether a window of the element's own shows it, which no other element could take over. */
	get isAway(): boolean {
		return this.inPicture || this.video.webkitDisplayingFullscreen === true;
	}

	async togglePicture(): Promise<void> {
		const { video } = this;
		if (document.pictureInPictureEnabled) {
			await (this.inPicture ? document.exitPictureInPicture() : video.requestPictureInPicture());
		} else {
			video.webkitSetPresentationMode?.(this.inPicture ? "inline" : "picture-in-picture");
		}
	}

	#pane(): Pane {
		const video: SafariVideo = document.createElement("video");
		// No `autoplay` attribute: iOS in low-power mode then shows a dead play button; `play()` from a timer works.
		video.setAttribute("playsinline", "");
		video.muted = true;
		video.defaultMuted = true;
		video.disableRemotePlayback = true;
		this.element.prepend(video);
		return { video, source: null, watched: false, tells: false };
	}

	#remove(pane: Pane): void {
		pane.source = null;
		pane.video.remove();
		pane.video.removeAttribute("src");
		pane.video.srcObject = null;
	}

	#attach(pane: Pane, source: Source): void {
		const { video } = pane;
		pane.source = source;
		if ("attach" in source) source.attach(video);
		else {
			video.removeAttribute("src");
			video.srcObject = source;
		}
		this.#watch(pane);
	}

	#play(pane: Pane): void {
		const { video } = pane;
		video.play().catch((error: unknown) => {
			// AbortError only means that a newer stream took this one's place.
			if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
			if (video.muted) return this.#events.onBlocked();
			video.muted = true;
			this.#play(pane);
		});
	}

	#watch(pane: Pane): void {
		if (pane.watched || !pane.video.requestVideoFrameCallback) return;
		pane.watched = true;
		const next = (now: number, data: VideoFrameCallbackMetadata) => {
			pane.tells = true;
			this.#picture(pane, now, 1);
			if (pane === this.#front) this.#age(data);
			pane.video.requestVideoFrameCallback(next);
		};
		pane.video.requestVideoFrameCallback(next);
	}

	#picture(pane: Pane, now: number, count: number): void {
		if (this.#halted || !pane.source) return;
		this.#events.onPicture(pane.source, now);
		if (pane !== this.#front) return;
		if (this.lastPicture !== null && !this.#fresh) {
			const interval = Math.min(5000, (now - this.lastPicture) / count);
			this.interval = this.interval ? this.interval + (interval - this.interval) * 0.1 : interval;
		}
		this.#fresh = false;
		this.lastPicture = now;
		this.#events.onSeen();
	}

	#age({ captureTime, receiveTime, expectedDisplayTime }: VideoFrameCallbackMetadata): void {
		this.sinceCapture = smooth(this.sinceCapture, captureTime, expectedDisplayTime);
		this.sinceArrival = smooth(this.sinceArrival, receiveTime, expectedDisplayTime);
	}
}

/** A running mean of `until - since`. Clocks that do not agree give nonsense: better no number than a wrong one. */
function smooth(mean: number | null, since: number | undefined, until: number): number | null {
	const age = since === undefined ? -1 : until - since;
	if (age < 0 || age > 60_000) return null;
	return mean === null ? age : mean + (age - mean) * 0.1;
}

/** Which element is full screen or in a picture only the root of its own tree tells: the document names the outermost host. */
function rootOf(element: HTMLElement): Document | ShadowRoot | null {
	const root = element.getRootNode();
	return root instanceof Document || root instanceof ShadowRoot ? root : null;
}

/** Full screen for the whole player, or for its video where only that can (iPhone). */
export async function toggleFullscreen(host: HTMLElement, video: HTMLVideoElement): Promise<void> {
	if (document.fullscreenElement) await document.exitFullscreen();
	else if (host.requestFullscreen) await host.requestFullscreen();
	else (video as SafariVideo).webkitEnterFullscreen?.();
}

export function isFullscreen(host: HTMLElement): boolean {
	return rootOf(host)?.fullscreenElement === host;
}

export function canFullscreen(video: HTMLVideoElement): boolean {
	return document.fullscreenEnabled || typeof (video as SafariVideo).webkitEnterFullscreen === "function";
}

/** Hands a file to the browser's downloads. */
export function download(file: Blob, name: string): void {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(file);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
