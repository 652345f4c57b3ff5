import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseYaml } from "../config/load.ts";
import { relaySchema } from "../config/relay-schema.ts";
import type { StreamInfo } from "../control/page-api.ts";
import { startError } from "./start-error.ts";
import { statusText } from "./status-text.ts";

const program = join(import.meta.dirname, "../../bin/vedette");

interface Outcome {
	readonly code: number;
	readonly out: string;
	readonly err: string;
}

function vedette(...args: string[]): Promise<Outcome> {
	return new Promise((resolve) => {
		const child = execFile(program, args, (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }));
	});
}

/** Settings that take no port which others may want. */
function quiet(stateDir: string): string[] {
	const settings = {
		stateDir,
		"http.address": "127.0.0.1:0",
		"rtsp.address": "127.0.0.1:0",
		"rtsp.rtpAddress": "",
		"rtsp.rtcpAddress": "",
		"rtmp.address": "",
		"srt.address": "",
		"mqtt.address": "127.0.0.1:0",
		"signaling.address": "127.0.0.1:0",
		"webrtc.address": "127.0.0.1:0",
		"api.address": "",
		"metrics.address": "",
	};
	return Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
}

interface Running {
	readonly child: ChildProcess;
	text(): string;
	/** Tells it to end; gives the exit code. */
	end(): Promise<number>;
}

/** Starts a relay and waits until it says that it runs. */
function start(...args: string[]): Promise<Running> {
	const child = spawn(program, ["relay", ...args], { stdio: ["ignore", "pipe", "inherit"] });
	let text = "";
	const exit = new Promise<number>((resolve) => child.on("exit", (code) => resolve(code ?? -1)));
	return new Promise((resolve, reject) => {
		child.on("exit", () => reject(new Error(`the relay ended:\n${text}`)));
		child.stdout.on("data", (chunk) => {
			text += chunk;
			if (!text.includes("the relay is running")) return;
			const end = () => {
				child.kill("SIGTERM");
				return exit;
			};
			resolve({ child, text: () => text, end });
		});
	});
}

test("a log file that cannot be written stops the start with a sentence", async () => {
	const { code, err } = await vedette("relay", "--set", "log.file=/proc/none/relay.log");
	assert.equal(code, 1);
	assert.match(err, /^vedette relay: log\.file: cannot make the folder \/proc\/none: [^\n]+\n$/);
});

test("a relay's life: passwords once, status by the socket, a clean end", async (t) => {
	const stateDir = mkdtempSync(join(tmpdir(), "vedette-relay-"));
	t.after(() => rmSync(stateDir, { recursive: true }));
	const first = await start(...quiet(stateDir));
	t.after(() => first.child.kill("SIGKILL"));
	assert.match(first.text(), /user admin +password [\w-]{20} /);
	assert.match(first.text(), /rtsp:\/\/publisher:[\w-]{32}@HOST:[1-9]\d*\/PATH/);
	assert.match(first.text(), /In a browser +http:\/\/HOST:[1-9]\d*\//);
	const status = await vedette("status", "--set", `stateDir=${stateDir}`);
	assert.equal(status.code, 0, status.err);
	assert.match(status.out, /^vedette \d.*, up \d+ s, .*\n0 streams, 0 viewers\n$/);
	const json = await vedette("status", "--json", "--set", `stateDir=${stateDir}`);
	assert.deepEqual((JSON.parse(json.out) as { streams: unknown }).streams, []);
	const twin = await vedette("relay", ...quiet(stateDir));
	assert.equal(twin.code, 1);
	assert.match(twin.err, /another relay uses .*vedette\.sock/);
	assert.equal(await first.end(), 0);

	const second = await start("--open", ...quiet(stateDir));
	t.after(() => second.child.kill("SIGKILL"));
	assert.doesNotMatch(second.text(), /password/);
	assert.match(second.text(), /everybody may use this relay \(--open\)/);
	assert.equal(await second.end(), 0);
	const gone = await vedette("status", "--set", `stateDir=${stateDir}`);
	assert.equal(gone.code, 3);
	assert.match(gone.err, /no relay at .*vedette\.sock/);
});

test("a wrong configuration or command line stops the start with all that is wrong", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "vedette-relay-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const file = join(folder, "v.yml");
	writeFileSync(file, "http:\n  addres: x\nthreads: many\n");
	const [wrong, setting, option, help] = await Promise.all([
		vedette("relay", "--config", file),
		vedette("relay", "--set", "log.levle=info"),
		vedette("relay", "--colour"),
		vedette("relay", "--help"),
	]);
	assert.equal(wrong.code, 2);
	assert.deepEqual(wrong.err.trimEnd().split("\n"), [
		`vedette relay: ${file}:2:3: http.addres: unknown key "addres"; did you mean "address"?`,
		`vedette relay: ${file}:3:10: threads: expected "auto" or a number from 0 to 256, got "many"`,
	]);
	assert.equal(setting.code, 2);
	assert.match(setting.err, /--set log\.levle: .*did you mean "level"/);
	assert.equal(option.code, 2);
	assert.match(option.err, /--colour[\s\S]*usage: vedette relay/);
	assert.equal(help.code, 0);
	assert.match(help.out, /--open/);
});

test("a port that cannot be opened is told with its setting", () => {
	const config = parseYaml("rtsp: { address: '127.0.0.1:8555' }\nhttp: { address: ':80' }", "v.yml", relaySchema);
	const table: readonly (readonly [string, string])[] = [
		[
			"cannot listen on 127.0.0.1 port 8555: EADDRINUSE",
			"rtsp.address 127.0.0.1:8555: another program listens there; choose another with --set rtsp.address=ADDRESS:PORT",
		],
		[
			"listen EACCES: permission denied :::80",
			"http.address :80: this user may not listen there; ports below 1024 are for root; choose another with --set http.address=ADDRESS:PORT",
		],
		...[
			"something else",
			"EACCES: permission denied, open '/var/lib/8555/access.json'",
			"EACCES: permission denied, mkdir '/srv/127.0.0.1:8555/vedette'",
			"EACCES: permission denied, open 'port 8555.pem'",
		].map((other) => [other, other] as const),
	];
	for (const [message, wanted] of table) assert.equal(startError(new Error(message), config), wanted);
});

test("the status is a table", () => {
	const stream: StreamInfo = {
		name: "robot1/front",
		state: "live",
		since: 1_000_000,
		lastPacketAt: 8_000_000,
		tracks: [{ kind: "video", codec: "H264", width: 1280, height: 720, fps: 29.97, channels: null, webrtc: true }],
		publisher: { protocol: "rtsp", user: "robot1", address: "192.0.2.7:5000" },
		viewers: 3,
		bitrate: 2_034_000,
		lost: 12,
		thumbnail: null,
		watch: "/watch/robot1/front",
		whep: "/robot1/front/whep",
		demand: null,
		sourceFault: null,
	};
	const idle: StreamInfo = {
		...stream,
		name: "x",
		state: "offline",
		since: null,
		tracks: [],
		publisher: null,
		viewers: 0,
		lost: 0,
	};
	const gate = { ...idle, name: "gate", sourceFault: "connect ECONNREFUSED 127.0.0.1:9" };
	const health = { status: "healthy", active_streams: 1, total_viewers: 3, version: "1.2.3", uptime_seconds: 90_000 };
	const text = statusText({ ...health, cpu_seconds: 900, memory_bytes: 84_000_000 }, [stream, idle, gate], 9_000_000);
	assert.equal(
		text,
		`vedette 1.2.3, healthy, up 1 d 1 h, 1.0 % of one core, 84 MB
1 stream, 3 viewers

path          state    since       tracks                in           lost  viewers  publisher
robot1/front  live     2 h 13 min  H264 1280x720 30 fps  2.03 Mbit/s  12    3        rtsp robot1 192.0.2.7:5000
x             offline  –           –                     –            0     0        –
gate          offline  –           –                     –            0     0        no source: connect ECONNREFUSED 127.0.0.1:9
`,
	);
});
