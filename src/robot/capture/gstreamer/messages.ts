import type { CaptureSettings } from "../capture.ts";

/** What the robot tells a capture's child process. */
export type Command =
	| { readonly do: "start"; readonly settings: CaptureSettings; readonly cores: number }
	| { readonly do: "probe"; readonly settings: readonly CaptureSettings[]; readonly cores: number }
	| { readonly do: "bitrate"; readonly kbps: number }
	| { readonly do: "keyframe" }
	| { readonly do: "stop" };

/** What GStreamer on this machine can do. */
export interface GstProbe {
	readonly version: string;
	/** The names of the encoders that are there, in the order they are tried. */
	readonly encoders: readonly string[];
	/** The camera elements that are there: v4l2src, libcamerasrc, nvarguscamerasrc. */
	readonly sources: readonly string[];
	/** The pipeline of each camera asked about; null where there is none. */
	readonly pipelines: readonly (string | null)[];
}

/** What a child process tells the robot; the pictures go through a pipe of their own (see records.ts). */
export type Report =
	| { readonly is: "started"; readonly pipeline: string }
	| { readonly is: "failed"; readonly reason: string }
	| { readonly is: "probed"; readonly probe: GstProbe | undefined };

/** The file descriptor of the pipe that the pictures leave the child by. */
export const RECORDS_FD = 3;
