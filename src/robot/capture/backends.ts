import type { CaptureSettings, StartCapture } from "./capture.ts";
import { ffmpegArguments } from "./ffmpeg/command.ts";
import { type FfmpegProbe, probeFfmpeg, startFfmpeg } from "./ffmpeg/ffmpeg.ts";
import { probeGstreamer, startGstreamer } from "./gstreamer/gstreamer.ts";
import type { GstProbe } from "./gstreamer/messages.ts";
import { startSample } from "./sample/sample.ts";

/** What this machine has to capture and encode with. */
export interface Backends {
	readonly gstreamer: GstProbe | undefined;
	readonly ffmpeg: FfmpegProbe | undefined;
}

/** Looks for GStreamer and ffmpeg; `settings` are the cameras whose pipelines are wanted. */
export async function probeBackends(settings: readonly CaptureSettings[]): Promise<Backends> {
	const [gstreamer, ffmpeg] = await Promise.all([probeGstreamer(settings), probeFfmpeg()]);
	return { gstreamer, ffmpeg };
}

/** A backend that fits a camera, or why there is none. */
export type Choice =
	| { readonly start: StartCapture; readonly name: "sample" | "gstreamer" | "ffmpeg"; readonly description: string }
	| { readonly missing: string };

/**
 * The backend of camera number `index` of those that were asked about in `probeBackends`: GStreamer where it can, then
 * ffmpeg; or the one that is wanted.
 */
export function chooseBackend(
	backends: Backends,
	settings: CaptureSettings,
	index: number,
	wanted: "auto" | "gstreamer" | "ffmpeg",
): Choice {
	if (settings.source.kind === "sample") {
		return { start: startSample, name: "sample", description: "the sample of the package" };
	}
	const gstreamer = wanted === "ffmpeg" ? undefined : chooseGstreamer(backends.gstreamer, index);
	const ffmpeg = wanted === "gstreamer" ? undefined : chooseFfmpeg(backends.ffmpeg, settings);
	const choice = gstreamer ?? ffmpeg;
	if (choice) return choice;
	const name = wanted === "auto" ? "GStreamer and ffmpeg" : wanted;
	return {
		missing: `${settings.source.kind} needs an H.264 encoder: ${name} cannot do it here (vedette robot --probe)`,
	};
}

function chooseGstreamer(probe: GstProbe | undefined, index: number): Choice | undefined {
	const pipeline = probe?.pipelines[index];
	return pipeline ? { start: startGstreamer, name: "gstreamer", description: pipeline } : undefined;
}

function chooseFfmpeg(probe: FfmpegProbe | undefined, settings: CaptureSettings): Choice | undefined {
	const encoder = probe?.encoders[0];
	const args = encoder && ffmpegArguments(settings, encoder);
	if (!args) return undefined;
	return {
		start: (wanted, events) => startFfmpeg(wanted, events, encoder),
		name: "ffmpeg",
		description: `ffmpeg ${args.join(" ")}`,
	};
}
