import type { Source } from "../../source.ts";
import type { CaptureSettings } from "../capture.ts";
import type { Encoder } from "./encoders.ts";

const SINK = "appsink name=sink max-buffers=30 emit-signals=false";
const H264 = "video/x-h264,stream-format=byte-stream,alignment=au";
const NEWEST_ONLY = "queue max-size-buffers=1 max-size-bytes=0 max-size-time=0 leaky=downstream";
/** How far `rtspsrc` smooths when packets come. Over TCP none is missing, so that it waits for none. */
const RTSP_JITTER_MS = 100;

/**
 * The pipeline of a camera, as `gst-launch-1.0` takes it. Its encoder, where there is one, is named `enc`, its end
 * `sink`, and the test picture goes into `src`.
 *
 * @param encoder undefined where H.264 is passed through (see `passesThrough`).
 * @param cores how many cores a software encoder may use.
 */
export function pipelineText(settings: CaptureSettings, encoder: Encoder | undefined, cores: number): string {
	// A file is played at its own rate; everything else has its own clock already.
	const sink = `${SINK} sync=${settings.source.kind === "file"}`;
	if (!encoder) return `${readyMade(settings)} ! h264parse config-interval=-1 ! ${H264} ! ${sink}`;
	return [...rawParts(settings, encoder), encoder.text(settings, cores), sink].join(" ! ");
}

/** Whether the source's own H.264 is passed on as it is. */
export function passesThrough(settings: CaptureSettings): boolean {
	switch (settings.source.kind) {
		case "rtsp":
			return !settings.reencode;
		case "v4l2":
			return settings.input === "h264";
		default:
			return false;
	}
}

/** A value in `gst-launch-1.0` syntax. */
export function quoted(value: string): string {
	return `"${value.replace(/["\\]/g, "\\$&")}"`;
}

function readyMade(settings: CaptureSettings): string {
	const { source, width, height, fps } = settings;
	if (source.kind === "rtsp") return `${rtsp(source.url)} ! rtph264depay`;
	const device = source.kind === "v4l2" ? source.device : "";
	return `v4l2src name=src device=${quoted(device)} ! video/x-h264,width=${width},height=${height},framerate=${fps}/1`;
}

/** Not with `drop-on-latency`: it takes single packets out of what comes at once, and breaks pictures that were whole. */
function rtsp(url: string): string {
	return `rtspsrc name=src location=${quoted(url)} protocols=tcp latency=${RTSP_JITTER_MS} ! application/x-rtp,media=video`;
}

function rawParts(settings: CaptureSettings, encoder: Encoder): string[] {
	const { source, width, height, fps } = settings;
	if (source.kind === "nvargus") return argusParts(settings, source.sensor, encoder);
	const parts = [
		sourceText(settings, source),
		// The test picture has its own pace, and a file waits for its turn.
		...(source.kind === "test" || source.kind === "file" ? [] : [NEWEST_ONLY]),
		"videoconvert",
		...(isElastic(source) ? fitted(width, height, fps) : []),
		...(settings.rotate === 0 ? [] : [`videoflip video-direction=${FLIP[settings.rotate]}`]),
	];
	if (encoder.memory === "NVMM") {
		return [...parts, "nvvidconv", `video/x-raw(memory:NVMM),format=NV12,framerate=${fps}/1`];
	}
	return [...parts, "video/x-raw,format=I420"];
}

/** To the size that is wanted, and to no more than the rate. A capsfilter, as bare caps cannot follow each other. */
function fitted(width: number, height: number, fps: number): string[] {
	const size = `capsfilter caps="video/x-raw,width=${width},height=${height},pixel-aspect-ratio=1/1"`;
	return ["videoscale", `videorate drop-only=true max-rate=${fps}`, size];
}

const FLIP = { 90: "90r", 180: "180", 270: "90l" } as const;
/** nvvidconv counts its turns the other way round: 1 is counter-clockwise. */
const NVIDIA_FLIP = { 0: 0, 90: 3, 180: 2, 270: 1 } as const;

/** Sources whose size and rate are what they are, and are fitted to the settings. */
function isElastic(source: Source): boolean {
	return source.kind === "file" || source.kind === "rtsp";
}

function sourceText(settings: CaptureSettings, source: Source): string {
	const { width, height, fps } = settings;
	const size = `width=${width},height=${height},framerate=${fps}/1`;
	switch (source.kind) {
		case "test":
			return (
				"appsrc name=src is-live=true format=time block=false " +
				`caps="video/x-raw,format=I420,${size},colorimetry=bt709"`
			);
		case "v4l2":
			return `v4l2src name=src device=${quoted(source.device)} ! capsfilter caps="${v4l2Caps(settings, size)}" ! decodebin`;
		case "libcamera": {
			const camera = source.camera ? ` camera-name=${quoted(source.camera)}` : "";
			return `libcamerasrc name=src${camera} ! video/x-raw,format=NV12,${size},interlace-mode=progressive,colorimetry=bt709`;
		}
		case "file":
			return `filesrc name=src location=${quoted(source.path)} ! decodebin`;
		case "rtsp":
			return `${rtsp(source.url)} ! decodebin`;
		case "sample":
		case "nvargus":
			throw new Error(`${source.kind} has no raw pictures in system memory`);
	}
}

function v4l2Caps(settings: CaptureSettings, size: string): string {
	const raw = `video/x-raw,${size}`;
	const jpeg = `image/jpeg,${size}`;
	if (settings.input === "raw") return raw;
	if (settings.input === "mjpeg") return jpeg;
	return `${raw};${jpeg}`;
}

function argusParts(settings: CaptureSettings, sensor: number, encoder: Encoder): string[] {
	const { width, height, fps } = settings;
	const target = encoder.memory === "NVMM" ? "video/x-raw(memory:NVMM),format=NV12" : "video/x-raw,format=I420";
	return [
		`nvarguscamerasrc name=src sensor-id=${sensor}`,
		`video/x-raw(memory:NVMM),format=NV12,width=${width},height=${height},framerate=${fps}/1`,
		NEWEST_ONLY,
		`nvvidconv flip-method=${NVIDIA_FLIP[settings.rotate]}`,
		target,
	];
}
