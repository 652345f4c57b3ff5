import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { relaySchema } from "../../src/config/relay-schema.ts";
import { schemaAt } from "../../src/config/schema-tree.ts";
import { needs } from "../support/peers.ts";
import { blockOf } from "../support/recipe-page.ts";

const program = join(import.meta.dirname, "../../bin/vedette");
const block = (name: string): string => blockOf("from-mediamtx", name);

const free = "127.0.0.1:0";
/** Doors that others may hold, where this version has them. */
const noPorts = Object.entries({
	"http.address": free,
	"rtsp.address": free,
	"rtsp.rtpAddress": free,
	"rtsp.rtcpAddress": free,
	"rtmp.address": "",
	"srt.address": "",
	"webrtc.address": free,
	"api.address": free,
	"metrics.address": free,
}).filter(([key]) => schemaAt(relaySchema, key.split(".")) !== undefined);

interface Line {
	readonly msg: string;
	readonly level: string;
	readonly [field: string]: unknown;
}

/** A relay with a file of MediaMTX's, on free ports. */
class Relay implements AsyncDisposable {
	readonly lines: Line[] = [];
	readonly #folder: string;
	readonly #child: ChildProcess;
	readonly #exit: Promise<unknown>;
	readonly #waiting = new Set<() => void>();

	constructor(file: string) {
		this.#folder = mkdtempSync(join(tmpdir(), "vedette-mediamtx-"));
		const path = join(this.#folder, "mediamtx.yml");
		writeFileSync(path, file);
		const settings = [["stateDir", this.#folder], ...noPorts].flatMap(([key, value]) => ["--set", `${key}=${value}`]);
		this.#child = spawn(program, ["relay", "--config", path, ...settings], { stdio: ["ignore", "pipe", "inherit"] });
		this.#exit = once(this.#child, "exit");
		let rest = "";
		this.#child.stdout?.on("data", (chunk: Buffer) => {
			const parts = (rest + chunk).split("\n");
			rest = parts.pop() ?? "";
			for (const part of parts) if (part.startsWith("{")) this.lines.push(JSON.parse(part));
			for (const look of this.#waiting) look();
		});
	}

	/** The first line that says so. */
	said(text: string): Promise<Line> {
		return new Promise((resolve, reject) => {
			const look = (): void => {
				const found = this.lines.find(({ msg }) => msg.includes(text));
				if (found) resolve(found);
			};
			this.#waiting.add(look);
			look();
			void this.#exit.then(() => reject(new Error(`the relay ended:\n${JSON.stringify(this.lines)}`)));
		});
	}

	async port(kind: "rtsp" | "api" | "http"): Promise<number> {
		const line = await this.said("the relay is running");
		return (line[kind] as number[])[0]!;
	}

	async end(signal: NodeJS.Signals): Promise<void> {
		this.#child.kill(signal);
		await this.#exit;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.end("SIGKILL");
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

/** Runs a command of the recipe with the relay's own port; ends it when the test is over. */
function run(command: string, printed: number, port: number): ChildProcess {
	const text = command.replaceAll("\\\n", " ").replaceAll(`localhost:${printed}`, `127.0.0.1:${port}`);
	const [name = "", ...args] = text.trim().split(/\s+/);
	return spawn(name, args, { stdio: ["ignore", "ignore", "pipe"] });
}

async function output(command: string, printed: number, port: number): Promise<string> {
	const [name = "", ...args] = command.trim().replace(`localhost:${printed}`, `127.0.0.1:${port}`).split(/\s+/);
	return new Promise((resolve) => {
		execFile(name, args, (_, out, err) => resolve(out + err));
	});
}

function lives(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}

async function gone(pid: number): Promise<void> {
	while (lives(pid)) await wait(20);
}

test("the recipe's open file: hook, API and pictures", { timeout: 40_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = new Relay(block("open.yml"));
	const camera = run(block("open-publish"), 8555, await relay.port("rtsp"));
	t.after(() => camera.kill("SIGKILL"));
	const ready = await relay.said("Camera stream ready");
	assert.deepEqual([ready.hook, ready.path], ["runOnAvailable", "camera"]);
	assert.match((await relay.said("everybody may use this relay")).level, /warn/);
	const path = JSON.parse(await output(block("open-ask").replace("curl", "curl -s"), 9997, await relay.port("api")));
	assert.deepEqual([path.name, path.ready, path.tracks, path.source.type], ["camera", true, ["H264"], "rtspSession"]);
	const warnings = relay.lines.filter(({ level, room }) => level === "warn" && room === undefined);
	assert.equal(warnings.length, 1, JSON.stringify(warnings));
});

test("the recipe's closed file: who publishes cannot watch, who watches cannot publish", {
	timeout: 40_000,
}, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = new Relay(block("closed.yml"));
	const port = await relay.port("rtsp");
	const [publish, watch] = [block("closed-publish"), block("closed-watch")];
	const other = run(publish.replace("mypublisher:secret123", "myviewer:view456"), 8554, port);
	assert.notEqual((await once(other, "exit"))[0], 0);
	const camera = run(publish, 8554, port);
	t.after(() => camera.kill("SIGKILL"));
	await relay.said("publishing");
	assert.match(await output(watch, 8554, port), /frame= +10 /);
	assert.match(await output(watch.replace("myviewer:view456@", ""), 8554, port), /401 Unauthorized/);
	assert.match(await output(watch.replace("view456", "secret123"), 8554, port), /401 Unauthorized/);
});

test("commands end with the relay, and the command itself when it is killed", { timeout: 40_000 }, async (t) => {
	const file =
		"rtspAddress: :1\npaths: { camera: { runOnInit: \"sh -c 'echo $$; sleep 1000 & echo $!; exec sleep 1000'\" } }";
	const started = async (relay: Relay) => {
		const pids = (): number[] => relay.lines.flatMap(({ hook, msg }) => (hook === "runOnInit" ? [Number(msg)] : []));
		await relay.port("rtsp");
		while (pids().length < 2) await wait(20);
		return pids();
	};
	await using relay = new Relay(file);
	const pids = await started(relay);
	await relay.end("SIGTERM");
	await Promise.all(pids.map(gone));
	if (!needs(t, "setpriv")) return;
	await using killed = new Relay(file);
	const [leader = 0, child = 0] = await started(killed);
	t.after(() => lives(child) && process.kill(child, "SIGKILL"));
	await killed.end("SIGKILL");
	await gone(leader);
});

test("nothing that comes from outside becomes a word or a command", { timeout: 40_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	const mark = join(mkdtempSync(join(tmpdir(), "vedette-words-")), "mark");
	t.after(() => rmSync(join(mark, ".."), { recursive: true }));
	const file = `paths:
  all_others:
    runOnOnline: printf <%s> said $MTX_QUERY $MTX_PATH
    runOnReady: sh -c 'echo "shell $MTX_QUERY"'
`;
	await using relay = new Relay(file);
	const address = `rtsp://127.0.0.1:${await relay.port("rtsp")}/a.b/c?x=1;touch%20${mark};$(touch%20${mark})&y='"&pass=hidden`;
	const publish = block("open-publish");
	const args = publish.replaceAll("\\\n", " ").trim().split(/\s+/).slice(1, -1);
	const camera = spawn("ffmpeg", [...args, address], { stdio: "ignore" });
	t.after(() => camera.kill("SIGKILL"));
	const { msg } = await relay.said("<said>");
	assert.match(msg, /^<said><x%3D1[\w.~%-]*><a\.b\/c>$/);
	assert.match((await relay.said("shell ")).msg, /^shell x%3D1[\w.~%-]*$/);
	assert.doesNotMatch(msg, /hidden/);
	assert.throws(() => readFileSync(mark), /ENOENT/);
});
