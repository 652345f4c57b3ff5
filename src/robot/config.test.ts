import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ConfigError, parseYaml } from "../config/load.ts";
import { withoutPassword } from "../observe/secrets.ts";
import { captureSettings, robotSchema } from "./config.ts";
import { parseSource } from "./source.ts";

const example = readFileSync(new URL("../../examples/robot.example.yml", import.meta.url), "utf8");
const publish = "rtsp://127.0.0.1:8554/camera";

test("robot.example.yml: every key with its default and its description", () => {
	const read = parseYaml(example, "robot.example.yml", robotSchema);
	assert.deepEqual(read, robotSchema.parse({ cameras: [{ publish }] }));
	const { log, control, cameras, ...top } = robotSchema.shape;
	const camera = cameras.element.shape;
	const groups = [log, control, camera.trigger].map((group) => group.unwrap().shape);
	const fields = [top, { log, control, cameras }, camera, ...groups].flatMap((shape) => Object.entries(shape));
	const lines = example.split("\n").map((line) => line.replace("- ", "").trim());
	for (const [key, field] of fields) {
		const described = lines.some((line) => line.startsWith(`${key}:`) && line.endsWith(` # ${field.description}`));
		assert.ok(described, key);
	}
});

test("config: what is wrong is named with its line", () => {
	const wrong = `cameras:\n  - name: front\n    size: 1281x720\n    publish: ${publish}\n  - name: front\n    publish: ftp://x/y\n`;
	const expected = [
		'robot.yml:3:11: cameras.0.size: expected a size like "1280x720", both numbers even, got "1281x720"',
		/^robot.yml:6:14: cameras.1.publish: expected an address like .* got "ftp:\/\/x\/y"$/,
	];
	assert.throws(
		() => parseYaml(wrong, "robot.yml", robotSchema),
		(error: ConfigError) => {
			assert.ok(error instanceof ConfigError);
			assert.equal(error.lines[0], expected[0]);
			assert.match(error.lines[1]!, expected[1] as RegExp);
			return true;
		},
	);
	const twice = `cameras: [{ name: a, publish: "${publish}" }, { name: a, publish: "${publish}" }]`;
	assert.throws(() => parseYaml(twice, "robot.yml", robotSchema), /cameras.1.name: "a" is there already/);
});

test("config: a topic that triggers is one topic", () => {
	const read = (topics: string) =>
		parseYaml(`cameras: [{ publish: "${publish}", trigger: { topics: [${topics}] } }]`, "robot.yml", robotSchema);
	assert.deepEqual(read("robot1/bumper").cameras[0]?.trigger.topics, ["robot1/bumper"]);
	assert.throws(() => read("robot1/#"), /trigger.topics.0: expected a topic without \+ and #, got "robot1\/#"/);
	assert.throws(() => read('""'), /expected a topic/);
});

test("config: a capture's settings", () => {
	const { cameras } = parseYaml(
		`cameras: [{ source: "v4l2:/dev/video2", size: 640x480, publish: "${publish}" }]`,
		"x",
		robotSchema,
	);
	assert.deepEqual(captureSettings(cameras[0]!), {
		source: { kind: "v4l2", device: "/dev/video2" },
		width: 640,
		height: 480,
		fps: 30,
		bitrate: 2000,
		keyframe: 2,
		rotate: 0,
		input: "auto",
		reencode: false,
		encoder: "auto",
	});
});

const sources = [
	["test", { kind: "test" }],
	["sample", { kind: "sample" }],
	["test:x", undefined],
	["v4l2:/dev/video0", { kind: "v4l2", device: "/dev/video0" }],
	["v4l2", undefined],
	["libcamera", { kind: "libcamera", camera: "" }],
	["libcamera:/base/soc/i2c", { kind: "libcamera", camera: "/base/soc/i2c" }],
	["nvargus", { kind: "nvargus", sensor: 0 }],
	["nvargus:1", { kind: "nvargus", sensor: 1 }],
	["nvargus:x", undefined],
	["file:/a b/c.mp4", { kind: "file", path: "/a b/c.mp4" }],
	["file:", undefined],
	["rtsp://u:p@h/s", { kind: "rtsp", url: "rtsp://u:p@h/s" }],
	["rtsp://h/\n! fakesink", undefined],
	["http://h/", undefined],
] as const;

for (const [text, source] of sources) {
	test(`source: ${JSON.stringify(text)}`, () => assert.deepEqual(parseSource(text), source));
}

test("withoutPassword: addresses in logs", () => {
	assert.equal(withoutPassword('location="rtsp://u:p@h/x" ! a'), 'location="rtsp://…@h/x" ! a');
	assert.equal(withoutPassword("rtsp://h/x@y"), "rtsp://h/x@y");
	assert.equal(
		withoutPassword("srt://h:1?streamid=publish:a:u:p&passphrase=x&x=1"),
		"srt://h:1?streamid=…&passphrase=…&x=1",
	);
});
