/** The video element and what the player needs of it: when the last picture came, a still of it, sound, other windows. */

import type { Feed } from "./transport.ts";

/** Names that only Safari has. */
interface SafariVideo extends HTMLVideoElement {
	webkitEnterFullscreen?: () => void;
	webkitSetPresentationMode?: (mode: "inline" | "picture-in-picture") => void;
	webkitPresentationMode?: string;
}

interface ScreenEvents {
	/** A new picture is shown. */
	onPicture(): void;
	/** The browser wants a tap before it plays, even muted. */
	onBlocked(): void;
}

export class Screen {
	readonly video: SafariVideo = document.createElement("video");
	readonly still: HTMLCanvasElement = document.createElement("canvas");
	/** `performance.now()` of the last new picture; null before the first. */
	lastPicture: number | null = null;
	/** Mean milliseconds between pictures. */
	interval = 0;
	/** Milliseconds from capture to screen; null where the browser does not know the capture time. */
	sinceCapture: number | null = null;
	/** Milliseconds from the arrival of a picture's last packet to the screen; null where the browser does not tell. */
	sinceArrival: number | null = null;
	#source: MediaStream | Feed | null = null;
	#watching = false;
	#fresh = true;
	#halted = false;
	readonly #events: ScreenEvents;

	constructor(events: ScreenEvents) {
		this.#events = events;
		// No `autoplay` attribute: iOS in low-power mode then shows a dead play button; `play()` from a timer works.
		this.video.setAttribute("playsinline", "");
		this.video.muted = true;
		this.video.defaultMuted = true;
		this.video.disableRemotePlayback = true;
	}

	show(source: MediaStream | Feed): void {
		this.#halted = false;
		if (this.#source !== source) {
			this.#source = source;
			this.#fresh = true;
			if ("attach" in source) source.attach(this.video);
			else this.#attach(source);
		}
		this.#watch();
		setTimeout(() => this.play(), 0);
	}

	/** Whether what is shown may have sound. */
	get hasAudio(): boolean {
		const source = this.#source;
		if (!source) return false;
		return "attach" in source ? source.hasAudio : source.getAudioTracks().length > 0;
	}

	play(): void {
		this.video.play().catch((error: unknown) => {
			// AbortError only means that a newer stream took this one's place.
			if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
			if (this.video.muted) return this.#events.onBlocked();
			this.video.muted = true;
			this.play();
		});
	}

	/** For windows in which the browser shows no pictures, and so tells of none: the decoder's counter moved. */
	decoded(count: number): void {
		if (count > 0) this.#picture(performance.now(), count);
	}

	/** What is still shown of a stream that ended is not a new picture. */
	halt(): void {
		this.#halted = true;
	}

	clear(): void {
		this.#source = null;
		this.video.removeAttribute("src");
		this.video.srcObject = null;
	}

	/** Keeps the picture that is shown now, to stand while there is no other. */
	keep(): void {
		const { videoWidth, videoHeight } = this.video;
		if (!videoWidth || !videoHeight || this.lastPicture === null || this.#fresh) return;
		this.still.width = videoWidth;
		this.still.height = videoHeight;
		this.still.getContext("2d")?.drawImage(this.video, 0, 0);
	}

	/** The picture as PNG in its own size: the one shown now, or the kept one. Null before the first. */
	async png(live: boolean): Promise<Blob | null> {
		if (live) this.keep();
		if (this.lastPicture === null || !this.still.width) return null;
		return new Promise((resolve) => this.still.toBlob(resolve, "image/png"));
	}

	get canPicture(): boolean {
		return document.pictureInPictureEnabled === true || typeof this.video.webkitSetPresentationMode === "function";
	}

	get inPicture(): boolean {
		const { webkitPresentationMode } = this.video;
		return webkitPresentationMode === "picture-in-picture" || isOrHolds(document.pictureInPictureElement, this.video);
	}

	async togglePicture(): Promise<void> {
		const { video } = this;
		if (document.pictureInPictureEnabled) {
			await (this.inPicture ? document.exitPictureInPicture() : video.requestPictureInPicture());
		} else {
			video.webkitSetPresentationMode?.(this.inPicture ? "inline" : "picture-in-picture");
		}
	}

	#attach(stream: MediaStream): void {
		this.video.removeAttribute("src");
		this.video.srcObject = stream;
	}

	#watch(): void {
		if (this.#watching || !this.video.requestVideoFrameCallback) return;
		this.#watching = true;
		const next = (now: number, data: VideoFrameCallbackMetadata) => {
			this.#picture(now, 1);
			this.#age(data);
			this.video.requestVideoFrameCallback(next);
		};
		this.video.requestVideoFrameCallback(next);
	}

	#picture(now: number, count: number): void {
		if (this.#halted) return;
		if (this.lastPicture !== null && !this.#fresh) {
			const interval = Math.min(5000, (now - this.lastPicture) / count);
			this.interval = this.interval ? this.interval + (interval - this.interval) * 0.1 : interval;
		}
		this.#fresh = false;
		this.lastPicture = now;
		this.#events.onPicture();
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

/** `document.pictureInPictureElement` is retargeted to the host when the video is in a shadow tree. */
function isOrHolds(element: Element | null, video: HTMLVideoElement): boolean {
	return (
		element === video ||
		(element !== null &&
			video.getRootNode() instanceof ShadowRoot &&
			(video.getRootNode() as ShadowRoot).host === element)
	);
}

/** Full screen for the whole player, or for its video where only that can (iPhone). */
export async function toggleFullscreen(host: HTMLElement, video: HTMLVideoElement): Promise<void> {
	if (document.fullscreenElement) await document.exitFullscreen();
	else if (host.requestFullscreen) await host.requestFullscreen();
	else (video as SafariVideo).webkitEnterFullscreen?.();
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
