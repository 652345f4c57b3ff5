import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

function robot(...args: string[]): Promise<{ code: number; out: string; err: string }> {
	return new Promise((resolve) => {
		execFile(process.execPath, [MAIN, "robot", ...args], (error, out, err) => {
			resolve({ code: error ? Number(error.code) : 0, out, err });
		});
	});
}

const wrong = [
	["no address", [], /to where\?/],
	["two addresses", ["rtsp://a/b", "rtsp://a/c"], /one address, please/],
	["a size", ["--size", "1281x720", "rtsp://a/b"], /the command line: cameras.0.size: expected a size like "1280x720"/],
	["a number", ["--fps", "many", "rtsp://a/b"], /the command line: cameras.0.fps/],
	["an unknown flag", ["--colour"], /Unknown option '--colour'/],
	["a missing file", ["--config", "/nowhere/robot.yml"], /\/nowhere\/robot.yml: no such file/],
] as const;

for (const [name, args, message] of wrong) {
	test(`vedette robot: wrong is ${name}`, { timeout: 30_000 }, async () => {
		const { code, out, err } = await robot(...args);
		assert.equal(code, 2);
		assert.match(err, message);
		assert.equal(out, "");
	});
}

test("vedette robot --probe: what this machine has", { timeout: 60_000 }, async () => {
	const { code, out } = await robot("--probe", "--source", "sample", "--name", "front");
	assert.equal(code, 0);
	assert.match(out, /^Cameras\n(.*\n)* {2}test, sample: always\nEncoders\n(.*\n)+Would run\n {2}front: sample: /);
});

test("vedette robot --help: names every flag", async () => {
	const { code, out } = await robot("--help");
	assert.equal(code, 0);
	for (const flag of [
		"config",
		"probe",
		"source",
		"size",
		"fps",
		"bitrate",
		"keyframe",
		"rotate",
		"backend",
		"transport",
	]) {
		assert.ok(out.includes(`--${flag} `), flag);
	}
});
