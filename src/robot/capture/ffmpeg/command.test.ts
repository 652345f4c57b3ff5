import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSource } from "../../source.ts";
import type { CaptureSettings } from "../capture.ts";
import { type FfmpegEncoder, ffmpegArguments } from "./command.ts";

function settings(source: string, more: Partial<CaptureSettings> = {}): CaptureSettings {
	const parsed = parseSource(source);
	assert.ok(parsed);
	const size = { width: 1280, height: 720, fps: 30 };
	const plain = { bitrate: 2000, keyframe: 2, rotate: 0, input: "auto", reencode: false, encoder: "auto" } as const;
	return { source: parsed, ...size, ...plain, ...more };
}

const HEAD = "-hide_banner -loglevel warning";
const MAP = "-map 0:v:0 -an";
const SHAPE = "-framerate 30 -video_size 1280x720";
const RATE = "-bf 0 -g 60 -b:v 2000k -maxrate 2000k -bufsize 240k";
const X264 = `-pix_fmt yuv420p -c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -sc_threshold 0 ${RATE}`;
const OUT = "-f flv -flvflags no_duration_filesize -flush_packets 1 pipe:1";

const table: readonly [name: string, settings: CaptureSettings, encoder: FfmpegEncoder, text: string | undefined][] = [
	[
		"test",
		settings("test"),
		"libx264",
		`${HEAD} -f rawvideo -pix_fmt yuv420p ${SHAPE} -i pipe:0 ${MAP} ${X264} ${OUT}`,
	],
	[
		"USB camera on a Pi, upside down",
		settings("v4l2:/dev/video0", { input: "mjpeg", rotate: 180 }),
		"h264_v4l2m2m",
		`${HEAD} -nostdin -f v4l2 -input_format mjpeg ${SHAPE} -i /dev/video0 ${MAP} -vf hflip,vflip -pix_fmt yuv420p -c:v h264_v4l2m2m ${RATE} ${OUT}`,
	],
	[
		"IP camera, passed through",
		settings("rtsp://h/s"),
		"libx264",
		`${HEAD} -nostdin -fflags nobuffer -analyzeduration 500000 -rtsp_transport tcp -i rtsp://h/s ${MAP} -c:v copy ${OUT}`,
	],
	[
		"file",
		settings("file:-x.mp4"),
		"libx264",
		`${HEAD} -nostdin -re -i file:-x.mp4 ${MAP} -vf scale=1280:720,fps=30 ${X264} ${OUT}`,
	],
	["libcamera is GStreamer's", settings("libcamera"), "libx264", undefined],
	["nvargus is GStreamer's", settings("nvargus"), "libx264", undefined],
];

for (const [name, wanted, encoder, text] of table) {
	test(`ffmpeg: ${name}`, () => assert.equal(ffmpegArguments(wanted, encoder)?.join(" "), text));
}
