import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSource } from "../../source.ts";
import type { CaptureSettings } from "../capture.ts";
import { encoders } from "./encoders.ts";
import { passesThrough, pipelineText, quoted } from "./pipeline.ts";

function settings(source: string, more: Partial<CaptureSettings> = {}): CaptureSettings {
	const parsed = parseSource(source);
	assert.ok(parsed);
	const size = { width: 1280, height: 720, fps: 30 };
	const plain = { bitrate: 2000, keyframe: 2, rotate: 0, input: "auto", reencode: false, encoder: "auto" } as const;
	return { source: parsed, ...size, ...plain, ...more };
}

const X264 =
	"x264enc name=enc tune=zerolatency speed-preset=ultrafast bitrate=2000 vbv-buf-capacity=120 key-int-max=60 " +
	"b-adapt=false bframes=0 byte-stream=true threads=4 ! " +
	"video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au";
const NVIDIA =
	"nvv4l2h264enc name=enc bitrate=2000000 control-rate=constant_bitrate preset-level=UltraFastPreset " +
	"maxperf-enable=true profile=Baseline num-B-Frames=0 insert-sps-pps=true insert-vui=true " +
	"iframeinterval=60 idrinterval=60 ! video/x-h264,stream-format=byte-stream,alignment=au";
const V4L2 =
	'v4l2h264enc name=enc extra-controls="controls,video_bitrate=2000000,video_bitrate_mode=1,' +
	'h264_i_frame_period=60,repeat_sequence_header=1" ! ' +
	"video/x-h264,level=(string)4.1,profile=constrained-baseline,stream-format=byte-stream,alignment=au";
const OPENH264 =
	"openh264enc name=enc rate-control=bitrate complexity=low bitrate=2000000 gop-size=60 " +
	"background-detection=false scene-change-detection=false ! " +
	"video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au";
const SINK = "appsink name=sink max-buffers=30 emit-signals=false sync=false";
const QUEUE = "queue max-size-buffers=1 max-size-bytes=0 max-size-time=0 leaky=downstream";
const SHAPE = "width=1280,height=720,framerate=30/1";
const I420 = "video/x-raw,format=I420";
const RTSP = 'rtspsrc name=src location="rtsp://h/s" protocols=tcp latency=100 ! application/x-rtp,media=video';
const FITTED = 'capsfilter caps="video/x-raw,width=1280,height=720,pixel-aspect-ratio=1/1"';
const PARSED = "h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au";

const table: readonly [
	name: string,
	settings: CaptureSettings,
	encoder: string | undefined,
	text: readonly string[],
][] = [
	[
		"test, x264",
		settings("test"),
		"x264enc",
		[
			`appsrc name=src is-live=true format=time block=false caps="${I420},${SHAPE},colorimetry=bt709"`,
			...["videoconvert", I420, X264, SINK],
		],
	],
	[
		"USB camera, openh264, rotated",
		settings("v4l2:/dev/video0", { rotate: 90 }),
		"openh264enc",
		[
			`v4l2src name=src device="/dev/video0" ! capsfilter caps="video/x-raw,${SHAPE};image/jpeg,${SHAPE}" ! decodebin`,
			...[QUEUE, "videoconvert", "videoflip video-direction=90r", I420, OPENH264, SINK],
		],
	],
	[
		"USB camera on a Jetson",
		settings("v4l2:/dev/video0", { input: "mjpeg" }),
		"nvv4l2h264enc",
		[
			`v4l2src name=src device="/dev/video0" ! capsfilter caps="image/jpeg,${SHAPE}" ! decodebin`,
			...[QUEUE, "videoconvert", "nvvidconv", "video/x-raw(memory:NVMM),format=NV12,framerate=30/1", NVIDIA, SINK],
		],
	],
	[
		"USB camera with its own H.264",
		settings("v4l2:/dev/video0", { input: "h264" }),
		undefined,
		[`v4l2src name=src device="/dev/video0" ! video/x-h264,${SHAPE}`, PARSED, SINK],
	],
	[
		"camera of a Raspberry Pi 4",
		settings("libcamera"),
		"v4l2h264enc",
		[
			`libcamerasrc name=src ! video/x-raw,format=NV12,${SHAPE},interlace-mode=progressive,colorimetry=bt709`,
			...[QUEUE, "videoconvert", I420, V4L2, SINK],
		],
	],
	[
		"camera of a Jetson, rotated",
		settings("nvargus:1", { rotate: 90 }),
		"nvv4l2h264enc",
		[
			"nvarguscamerasrc name=src sensor-id=1",
			`video/x-raw(memory:NVMM),format=NV12,${SHAPE}`,
			...[QUEUE, "nvvidconv flip-method=3", "video/x-raw(memory:NVMM),format=NV12", NVIDIA, SINK],
		],
	],
	[
		"camera of an Orin Nano, which has no encoder",
		settings("nvargus"),
		"x264enc",
		[
			"nvarguscamerasrc name=src sensor-id=0",
			`video/x-raw(memory:NVMM),format=NV12,${SHAPE}`,
			...[QUEUE, "nvvidconv flip-method=0", I420, X264, SINK],
		],
	],
	["IP camera, passed through", settings("rtsp://h/s"), undefined, [RTSP, "rtph264depay", PARSED, SINK]],
	[
		"IP camera, encoded again",
		settings("rtsp://h/s", { reencode: true }),
		"x264enc",
		[
			...[RTSP, "decodebin", QUEUE, "videoconvert", "videoscale"],
			...["videorate drop-only=true max-rate=30", FITTED, I420, X264, SINK],
		],
	],
	[
		"file, at its own rate",
		settings("file:/a b/c.mp4"),
		"x264enc",
		[
			...['filesrc name=src location="/a b/c.mp4"', "decodebin", "videoconvert", "videoscale"],
			...["videorate drop-only=true max-rate=30", FITTED, I420, X264],
			SINK.replace("sync=false", "sync=true"),
		],
	],
];

for (const [name, wanted, encoder, text] of table) {
	test(`pipeline: ${name}`, () => {
		const found = encoders.find((one) => one.name === encoder);
		assert.equal(pipelineText(wanted, found, 8), text.join(" ! "));
		assert.equal(passesThrough(wanted), encoder === undefined);
	});
}

test("pipeline: a value cannot leave its quotes", () => {
	assert.equal(quoted('a" ! fakesink \\'), '"a\\" ! fakesink \\\\"');
});

const bitrates = [
	["nvv4l2h264enc", ["bitrate", "500000"]],
	[
		"v4l2h264enc",
		[
			"extra-controls",
			"controls,video_bitrate=500000,video_bitrate_mode=1,h264_i_frame_period=60,repeat_sequence_header=1",
		],
	],
	["x264enc", ["bitrate", "500"]],
	["openh264enc", ["bitrate", "500000"]],
] as const;

for (const [name, expected] of bitrates) {
	test(`bitrate of ${name} while it plays`, () => {
		const encoder = encoders.find((one) => one.name === name);
		assert.deepEqual(encoder?.bitrate(settings("test"), 500), expected);
	});
}
