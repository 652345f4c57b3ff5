import type { Source } from "../../source.ts";
import type { CaptureSettings } from "../capture.ts";

/** The H.264 encoders of ffmpeg in the order they are tried. */
export const FFMPEG_ENCODERS = ["h264_v4l2m2m", "libx264", "libopenh264"] as const;
export type FfmpegEncoder = (typeof FFMPEG_ENCODERS)[number];

/**
 * The arguments of ffmpeg for a camera: access units leave by standard output as FLV, whose tags end with the access
 * unit (of a bare byte stream the end shows only when the next picture begins). Undefined for a source that ffmpeg does
 * not know.
 */
export function ffmpegArguments(settings: CaptureSettings, encoder: FfmpegEncoder): string[] | undefined {
	const input = inputArguments(settings, settings.source);
	if (!input) return undefined;
	const encoding = copies(settings) ? ["-c:v", "copy"] : encoderArguments(settings, encoder);
	return [
		...["-hide_banner", "-loglevel", "warning"],
		...(settings.source.kind === "test" ? [] : ["-nostdin"]),
		...input,
		...["-map", "0:v:0", "-an"],
		...encoding,
		...["-f", "flv", "-flvflags", "no_duration_filesize", "-flush_packets", "1", "pipe:1"],
	];
}

/** Whether the source's own H.264 is passed on as it is. */
function copies(settings: CaptureSettings): boolean {
	const { kind } = settings.source;
	return (kind === "rtsp" && !settings.reencode) || (kind === "v4l2" && settings.input === "h264");
}

const V4L2_FORMAT = { auto: [], raw: ["-input_format", "yuyv422"], mjpeg: ["-input_format", "mjpeg"] } as const;

function inputArguments(settings: CaptureSettings, source: Source): readonly string[] | undefined {
	const { width, height, fps, input } = settings;
	const shape = ["-framerate", String(fps), "-video_size", `${width}x${height}`];
	switch (source.kind) {
		case "test":
			return ["-f", "rawvideo", "-pix_fmt", "yuv420p", ...shape, "-i", "pipe:0"];
		case "v4l2": {
			const format = input === "h264" ? ["-input_format", "h264"] : V4L2_FORMAT[input];
			return ["-f", "v4l2", ...format, ...shape, "-i", source.device];
		}
		case "file":
			return ["-re", "-i", `file:${source.path}`];
		case "rtsp":
			return ["-fflags", "nobuffer", "-analyzeduration", "500000", "-rtsp_transport", "tcp", "-i", source.url];
		case "sample":
		case "libcamera":
		case "nvargus":
			return undefined;
	}
}

const TURN = { 90: "transpose=clock", 180: "hflip,vflip", 270: "transpose=cclock" } as const;

function encoderArguments(settings: CaptureSettings, encoder: FfmpegEncoder): string[] {
	const { source, width, height, fps, bitrate, keyframe, rotate } = settings;
	const elastic = source.kind === "file" || source.kind === "rtsp";
	const filters = [
		...(elastic ? [`scale=${width}:${height},fps=${fps}`] : []),
		...(rotate === 0 ? [] : [TURN[rotate]]),
	];
	const frames = Math.max(1, Math.round(keyframe * fps));
	return [
		...(filters.length > 0 ? ["-vf", filters.join(",")] : []),
		...["-pix_fmt", "yuv420p", "-c:v", encoder, ...QUICK[encoder], "-bf", "0", "-g", String(frames)],
		...["-b:v", `${bitrate}k`, "-maxrate", `${bitrate}k`, "-bufsize", `${Math.max(1, Math.round(bitrate * 0.12))}k`],
	];
}

const QUICK: Readonly<Record<FfmpegEncoder, readonly string[]>> = {
	h264_v4l2m2m: [],
	libx264: ["-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline", "-sc_threshold", "0"],
	libopenh264: ["-profile:v", "constrained_baseline", "-allow_skip_frames", "0"],
};
