import type { CaptureSettings } from "../capture.ts";

/** One H.264 encoder of GStreamer and how it is spoken to. */
export interface Encoder {
	/** The element's name, as `gst-inspect-1.0` lists it. */
	readonly name: string;
	/** Where its input lies: `NVMM` is the memory of NVIDIA's hardware. */
	readonly memory: "system" | "NVMM";
	/** The element and the caps behind it, as `gst-launch-1.0` takes them. The element is named `enc`. */
	text(settings: CaptureSettings, cores: number): string;
	/** The property, as text, that changes the bitrate while the pipeline plays. */
	bitrate(settings: CaptureSettings, kbps: number): readonly [property: string, value: string];
	/** How a key frame is asked for: GStreamer's own event, or an action signal where the event is ignored. */
	readonly keyFrame: "event" | "force-IDR";
}

const BASELINE = "video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au";

/** Frames from one key frame to the next. */
function gop(settings: CaptureSettings): number {
	return Math.max(1, Math.round(settings.keyframe * settings.fps));
}

const nvidia: Encoder = {
	name: "nvv4l2h264enc",
	memory: "NVMM",
	text: (s) =>
		`nvv4l2h264enc name=enc bitrate=${s.bitrate * 1000} control-rate=constant_bitrate preset-level=UltraFastPreset ` +
		`maxperf-enable=true profile=Baseline num-B-Frames=0 insert-sps-pps=true insert-vui=true ` +
		`iframeinterval=${gop(s)} idrinterval=${gop(s)} ! video/x-h264,stream-format=byte-stream,alignment=au`,
	bitrate: (_, kbps) => ["bitrate", String(kbps * 1000)],
	// NVIDIA's encoder does not hear GstForceKeyUnit.
	keyFrame: "force-IDR",
};

function v4l2Controls(settings: CaptureSettings, kbps: number): string {
	return (
		`controls,video_bitrate=${kbps * 1000},video_bitrate_mode=1,` +
		`h264_i_frame_period=${gop(settings)},repeat_sequence_header=1`
	);
}

const v4l2: Encoder = {
	name: "v4l2h264enc",
	memory: "system",
	text: (s) =>
		`v4l2h264enc name=enc extra-controls="${v4l2Controls(s, s.bitrate)}" ! ` +
		`video/x-h264,level=(string)4.1,profile=constrained-baseline,stream-format=byte-stream,alignment=au`,
	// GStreamer before 1.30 has no bitrate property; the controls are taken again while it plays.
	bitrate: (s, kbps) => ["extra-controls", v4l2Controls(s, kbps)],
	keyFrame: "event",
};

const x264: Encoder = {
	name: "x264enc",
	memory: "system",
	text: (s, cores) =>
		`x264enc name=enc tune=zerolatency speed-preset=ultrafast bitrate=${s.bitrate} vbv-buf-capacity=120 ` +
		`key-int-max=${gop(s)} b-adapt=false bframes=0 byte-stream=true threads=${Math.max(1, Math.min(cores, 4))} ! ${BASELINE}`,
	bitrate: (_, kbps) => ["bitrate", String(kbps)],
	keyFrame: "event",
};

const openh264: Encoder = {
	name: "openh264enc",
	memory: "system",
	text: (s) =>
		`openh264enc name=enc rate-control=bitrate complexity=low bitrate=${s.bitrate * 1000} gop-size=${gop(s)} ` +
		`background-detection=false scene-change-detection=false ! ${BASELINE}`,
	bitrate: (_, kbps) => ["bitrate", String(kbps * 1000)],
	keyFrame: "event",
};

/** The encoders in the order they are tried: hardware first, and of the software the one that is better at low delay. */
export const encoders: readonly Encoder[] = [nvidia, v4l2, x264, openh264];
