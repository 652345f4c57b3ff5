import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

test("vedette robot pause and resume: last over a restart, and nothing is on meanwhile", {
	timeout: 60_000,
}, async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "vedette-pause-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const config = join(folder, "robot.yml");
	const camera = "{ name: front, source: sample, publish: 'rtsp://127.0.0.1:9/x' }";
	writeFileSync(config, `name: r1\nstateDir: ${folder}\nlog: { level: silent }\ncameras: [${camera}]\n`);
	const ask = async (...args: string[]) => {
		for (;;) {
			const answer = await robot(...args, "--config", config);
			if (answer.code !== 3) return answer;
		}
	};
	const begin = () => spawn(process.execPath, [MAIN, "robot", "--config", config], { stdio: "ignore" });
	const end = async (child: ReturnType<typeof begin>) => {
		child.kill("SIGTERM");
		await once(child, "exit");
	};
	assert.equal((await robot("status", "--config", config)).code, 3);
	const first = begin();
	assert.match((await ask("status")).out, /^front +(starting|error) /);
	assert.match((await ask("pause", "front")).out, /^front +(stopping|idle) +paused at the robot/);
	assert.match((await ask("trigger", "rear")).err, /no camera "rear"; there is front/);
	await end(first);
	const second = begin();
	assert.match((await ask("status")).out, /^front +idle +paused at the robot/);
	assert.match((await ask("trigger", "--reason", "dog")).out, /^front +idle +paused at the robot/);
	assert.match((await ask("resume")).out, /^front +(starting|error) /);
	await end(second);
});
