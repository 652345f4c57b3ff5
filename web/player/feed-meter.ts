/** Samples of pictures that the browser is fed with, rather than a connection of its own. */
import type { Sample, Way } from "./transport.ts";

interface Feeding {
	readonly bytes: number;
	readonly messages: number;
	/** Seconds that a picture waits from its arrival until it is shown. */
	readonly wait: number;
	readonly codec: string | null;
	readonly route: string;
	readonly way: Way;
}

export class FeedMeter {
	#waited = 0;
	#pictures = 0;

	/** The sample of now. */
	take(video: HTMLVideoElement, { bytes, messages, wait, codec, route, way }: Feeding): Sample {
		const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
		this.#waited += wait * Math.max(0, totalVideoFrames - this.#pictures);
		this.#pictures = totalVideoFrames;
		return {
			at: performance.now(),
			bytes,
			packets: messages,
			lost: 0,
			framesDecoded: totalVideoFrames,
			framesDropped: droppedVideoFrames,
			freezes: 0,
			bufferDelay: this.#waited,
			bufferEmitted: totalVideoFrames,
			decodeTime: null,
			width: video.videoWidth || null,
			height: video.videoHeight || null,
			codec,
			roundTrip: null,
			route,
			way,
		};
	}
}

/** How much has been buffered ahead of what is shown, in seconds. */
export function ahead({ buffered, currentTime }: HTMLVideoElement): number {
	return buffered.length > 0 ? Math.max(0, buffered.end(buffered.length - 1) - currentTime) : 0;
}

const codecs: readonly (readonly [RegExp, string])[] = [
	[/avc[13]/, "H.264"],
	[/hvc1|hev1/, "H.265"],
	[/av01/, "AV1"],
	[/vp09/, "VP9"],
];

/** The codec of a picture in words, from a type as `MediaSource.isTypeSupported` takes it. */
export function codecOf(mime: string): string | null {
	return codecs.find(([pattern]) => pattern.test(mime))?.[1] ?? null;
}

/** Safari plays no sound, and stumbles, at another rate. */
export function playsAtAnyRate(): boolean {
	return !/^((?!chrome|android).)*safari/i.test(navigator.userAgent);
}

/** Media sources as this browser has them: iPhones only know the managed one. */
export function sourceClass(): typeof MediaSource | undefined {
	const { ManagedMediaSource: managed } = globalThis as { ManagedMediaSource?: typeof MediaSource };
	return globalThis.MediaSource ?? managed;
}
