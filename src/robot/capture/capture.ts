import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import type { Source } from "../source.ts";

/** How a camera's pictures are taken and encoded. Width and height are those before rotation. */
export interface CaptureSettings {
	readonly source: Source;
	readonly width: number;
	readonly height: number;
	readonly fps: number;
	/** kbit/s. */
	readonly bitrate: number;
	/** Seconds between key frames. */
	readonly keyframe: number;
	/** Degrees clockwise. */
	readonly rotate: 0 | 90 | 180 | 270;
	/** What to ask a v4l2 camera for; `h264` passes the camera's own H.264 through. */
	readonly input: "auto" | "raw" | "mjpeg" | "h264";
	/** Whether H.264 that arrives ready-made (rtsp, file) is decoded and encoded again with these settings. */
	readonly reencode: boolean;
	/** The name of GStreamer's encoder, or `auto` for the first that works. */
	readonly encoder: string;
}

/** What a capture tells. Nothing is called after `stop()` was called, and nothing after the one `onError`. */
export interface CaptureEvents {
	/** An encoded picture: `pts` in 90 kHz ticks from the capture's start, `capturedAt` where it is known. */
	onFrame(frame: Frame): void;
	/** The capture is over and must be stopped and started anew. */
	onError(reason: string): void;
	/** The pipeline or command that runs now, for the log. */
	onStarted?(description: string): void;
}

/** A running capture of one camera. */
export interface Capture {
	/** The video track; its `fmtp` names the parameter sets once the first frame was handed on. */
	readonly track: Track;
	/** Changes the bitrate, kbit/s, while running. */
	setBitrate(kbps: number): void;
	/** Asks for a key frame as soon as possible. */
	requestKeyFrame(): void;
	/** Stops it and waits until its processes are gone. */
	stop(): Promise<void>;
}

/** Starts a capture. Failures come through `onError`. */
export type StartCapture = (settings: CaptureSettings, events: CaptureEvents) => Capture;

/** Clock rate of every video track here. */
export const VIDEO_CLOCK_HZ = 90_000;
