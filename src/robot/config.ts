import { z } from "zod";
import { type Address, parseAddress } from "../config/address.ts";
import { choice, count, duration, fingerprint, flag, group, text, texts } from "../config/fields.ts";
import type { CaptureSettings } from "./capture/capture.ts";
import { parseSource, SOURCES, type Source } from "./source.ts";

const NAME = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "expected 1 to 64 letters, digits, _ or -");
const MOST_PIXELS = 7680;
/** What an encoder is asked for at least and at most, whoever asks. */
export const LEAST_KBPS = 50;
export const MOST_KBPS = 100_000;

interface Size {
	readonly width: number;
	readonly height: number;
}

/** The size of `1280x720`; undefined for one that no camera has: pictures have an even number of lines and columns. */
function parseSize(text: string): Size | undefined {
	const match = /^(\d{2,4})x(\d{2,4})$/.exec(text);
	const [width, height] = [Number(match?.[1]), Number(match?.[2])];
	const fits = (pixels: number): boolean => pixels >= 64 && pixels <= MOST_PIXELS && pixels % 2 === 0;
	return fits(width) && fits(height) ? { width, height } : undefined;
}

const TOPIC = "a topic without + and #";

function parseTopic(text: string): string | undefined {
	return /^[^#+]{1,1024}$/.test(text) ? text : undefined;
}

function parsed<T>(parse: (text: string) => T | undefined, expected: string) {
	return z.string(`expected ${expected}`).transform((value, context): T => {
		const result = parse(value);
		if (result !== undefined) return result;
		context.addIssue({ code: "custom", message: `expected ${expected}, got "${value.slice(0, 80)}"` });
		return z.NEVER;
	});
}

function parseTarget(text: string): string | undefined {
	if (text === "") return text;
	const known =
		/^(rtsps?|rtmps?|https?):\/\/[^/]+\/./.test(text) || /^udp\+rtp:\/\/[^/:@\s]*[^/@\s]:[1-9]\d*$/.test(text);
	const srt = /^srt:\/\/[^/:@\s]*[^/@\s]:[1-9]\d*\?./.test(text);
	return (known || srt) && URL.canParse(text) ? text : undefined;
}

const camera = z.strictObject({
	name: NAME.prefault("camera").describe("Letters, digits, _ and -"),
	source: parsed<Source>(parseSource, SOURCES).prefault("test").describe(SOURCES),
	size: parsed(parseSize, 'a size like "1280x720", both numbers even')
		.prefault("1280x720")
		.describe("Pixels before rotation"),
	fps: count(30, "Pictures per second", { min: 1, max: 240 }),
	bitrate: count(2000, "kbit/s", { min: LEAST_KBPS, max: MOST_KBPS }),
	keyframe: z.number().min(0.1).max(60).prefault(2).describe("Seconds between key frames"),
	rotate: z
		.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)], "expected 0, 90, 180 or 270")
		.prefault(0)
		.describe("Degrees clockwise: 0, 90, 180, 270"),
	input: choice(["auto", "raw", "mjpeg", "h264"], "auto", "What a v4l2 camera gives; h264 is passed through"),
	reencode: flag(false, "Decode an rtsp:// source and encode it again, instead of passing it through"),
	backend: choice(["auto", "gstreamer", "ffmpeg"], "auto", "auto takes GStreamer, and ffmpeg where there is none"),
	encoder: choice(
		["auto", "nvv4l2h264enc", "v4l2h264enc", "x264enc", "openh264enc"],
		"auto",
		"GStreamer's encoder; auto takes the first that works",
	),
	publish: parsed(
		parseTarget,
		'an address like "rtsp://HOST:8554/PATH", "rtmp://HOST/PATH", "srt://HOST:8890?streamid=publish:PATH", "udp+rtp://HOST:PORT" or "https://HOST/PATH/whip"',
	)
		.prefault("")
		.describe(
			"Where to; empty: the relay that it has joined; rtsp://USER:PASSWORD@HOST:8554/PATH, rtmp://HOST/PATH?user=U&pass=P, srt://HOST:8890?streamid=publish:PATH:U:P, udp+rtp://HOST:PORT or https://HOST/PATH/whip",
		),
	token: text("", "A bearer token for WHIP"),
	transport: choice(["tcp", "udp"], "tcp", "How RTP leaves by rtsp://"),
	fingerprint: fingerprint("The certificate of an rtsps:// or rtmps:// server"),
	onDemand: z
		.union([z.boolean(), z.literal("auto")], "expected true, false or auto")
		.prefault("auto")
		.describe("false: always runs; auto: on demand where control says who gives orders"),
	trigger: group("What starts it at the robot itself, whoever watches", {
		time: duration("60 s", "How long it then runs", { min: "1 s", max: "24 h" }),
		topics: z.array(parsed(parseTopic, TOPIC)).prefault([]).describe("Topics of the broker: any message there"),
		files: texts("Files: made, written or touched"),
	}),
	snapshot: flag(false, "While live, a JPEG on the broker every 10 s (needs ffmpeg)"),
});

const BROKER = /^(mqtts?|wss?):\/\/[^/]+/;
const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);

/** A text that may be empty. */
function optional(pattern: RegExp, expected: string) {
	return parsed(
		(text) => (text === "" || (pattern.test(text) && URL.canParse(text)) ? text : undefined),
		expected,
	).prefault("");
}

function parseLocal(text: string): readonly Address[] | undefined {
	if (text === "") return [];
	const address = parseAddress(text);
	return address && loopback.has(address.host) ? [address] : undefined;
}

const control = group("Who gives orders", {
	mqtt: optional(BROKER, 'an address like "mqtt://USER:PASSWORD@HOST:1883" or "wss://HOST/mqtt"').describe(
		"A broker: mqtt://USER:PASSWORD@HOST:1883, mqtts://… or wss://HOST/mqtt",
	),
	prefix: parsed((text) => (/^[^#+\s]*[^#+\s/]$/.test(text) ? text : undefined), TOPIC)
		.prefault("vedette")
		.describe("The first part of the broker's topics"),
	topic: parsed((text) => (text === "" ? "" : parseTopic(text)), TOPIC)
		.prefault("")
		.describe("One more topic with bare start and stop, for all cameras: robot/stream"),
	poll: optional(/^https?:/, 'an address like "https://USER:PASSWORD@HOST"').describe(
		"Without a broker: a relay to ask, https://USER:PASSWORD@HOST",
	),
	http: parsed(parseLocal, "an address of this machine alone, like 127.0.0.1:9980")
		.prefault("")
		.describe("Where programs on this machine may POST /trigger/CAMERA: 127.0.0.1:9980"),
});

/** The whole of robot.yml. */
export const robotSchema = z.strictObject({
	name: NAME.prefault("robot").describe("The robot's name"),
	relay: optional(/^https?:/, 'an address like "https://relay.example.org:8080"').describe(
		"The relay that it has joined (vedette robot join); not needed where publish and control say everything",
	),
	stateDir: text("", "Where its identity and pauses are kept; empty is as for the relay"),
	log: group("Log", {
		level: choice(["trace", "debug", "info", "warn", "error", "silent"], "info", "trace debug info warn error silent"),
		file: text("", "A file that gets every line as JSON too"),
		format: choice(["auto", "pretty", "json"], "auto", "auto (pretty on a terminal, JSON otherwise), pretty, json"),
	}),
	control: control
		.superRefine(({ mqtt, poll }, context) => {
			const both = mqtt !== "" && poll !== "";
			if (both)
				context.addIssue({ code: "custom", message: "expected mqtt or poll, not both: two masters are one too many" });
		})
		.describe("Who gives orders; without any of them every camera always runs"),
	cameras: z
		.array(camera)
		.min(1, "expected at least one camera")
		.max(32)
		.superRefine((cameras, context) => {
			cameras.forEach(({ name }, i) => {
				const first = cameras.findIndex((other) => other.name === name);
				if (first < i) context.addIssue({ code: "custom", path: [i, "name"], message: `"${name}" is there already` });
			});
		})
		.describe("One entry per camera"),
});

/** One camera as read. */
export interface CameraConfig extends z.output<typeof camera> {
	/** The password in `publish` is the robot's own secret, which is never sent in the open. */
	readonly secret?: true;
}

/** robot.yml as read. */
export interface RobotConfig extends Omit<z.output<typeof robotSchema>, "cameras"> {
	readonly cameras: readonly CameraConfig[];
}

/** What a capture needs of a camera's configuration. */
export function captureSettings(config: CameraConfig): CaptureSettings {
	const { source, size, fps, bitrate, keyframe, rotate, input, reencode, encoder } = config;
	return { source, ...size, fps, bitrate, keyframe, rotate, input, reencode, encoder };
}
