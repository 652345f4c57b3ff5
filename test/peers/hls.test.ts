import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { parsePathName } from "../../src/media/path-name.ts";
import { parsePlaylist, playlistFaults, successionFaults } from "../support/hls-rules.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";

const run = promisify(execFile);
const path = parsePathName("robot1/front")!;
const KEY_FRAME_MS = 2000;

async function publish(t: TestContext, relay: TestRelay, audio = "aac"): Promise<ChildProcess> {
	const input = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=30", "-f", "lavfi", "-i", "sine=sample_rate=48000"];
	const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "60", "-pix_fmt", "yuv420p"];
	const sink = ["-c:a", audio, "-ac", "2", "-f", "rtsp", "-rtsp_transport", "tcp", `${relay.rtspUrl}/${path}`];
	const child = spawn("ffmpeg", ["-v", "fatal", "-re", ...input, ...coded, ...sink], { stdio: "ignore" });
	t.after(() => child.kill("SIGKILL"));
	for (let i = 0; i < 200 && !relay.relay.hub.path(path)?.stream?.keyFrame(0); i++) await pause(50);
	return child;
}

const readersOf = ({ relay }: TestRelay) => relay.hub.path(path)?.stream?.readers.size ?? 0;

async function get(relay: TestRelay, name: string): Promise<{ status: number; text: string }> {
	const response = await fetch(`${relay.httpUrl}/${path}/${name}`);
	return { status: response.status, text: await response.text() };
}

test("the first playlist comes within a key frame interval, later ones with each part; what they name is there", async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = await startTestRelay();
	await publish(t, relay);
	assert.equal(readersOf(relay), 0, "nobody reads before somebody asks");
	const began = performance.now();
	const variants = await get(relay, "index.m3u8");
	const took = performance.now() - began;
	assert.equal(variants.status, 200);
	assert.match(variants.text, /CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2",RESOLUTION=320x240\nstream\.m3u8/);
	assert.ok(took < KEY_FRAME_MS + 500, `${took.toFixed(0)} ms`);
	let text = (await get(relay, "stream.m3u8")).text;
	for (let i = 0; i < 12; i++) {
		assert.deepEqual(playlistFaults(text), []);
		const { segments, rest } = parsePlaylist(text);
		const wanted = `_HLS_msn=${(segments.at(-1)?.number ?? -1) + 1}&_HLS_part=${rest.length}`;
		const next = await get(relay, `stream.m3u8?${wanted}`);
		assert.equal(next.status, 200);
		assert.notEqual(next.text, text);
		assert.deepEqual(successionFaults(text, next.text), []);
		text = next.text;
	}
	const { segments, rest, hint } = parsePlaylist(text);
	const last = segments.at(-1)!;
	const names = [last.map, last.uri, ...last.parts.map(({ uri }) => uri), ...rest.map(({ uri }) => uri), hint];
	for (const name of names) assert.equal((await get(relay, name)).status, 200, name);
	assert.equal(readersOf(relay), 1);
});

test("ffmpeg plays it: every picture, no complaint", async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = await startTestRelay();
	await publish(t, relay);
	const url = `${relay.httpUrl}/${path}/index.m3u8`;
	const wanted = ["-select_streams", "v", "-show_entries", "packet=dts", "-of", "csv=p=0", "-read_intervals", "%+3"];
	const { stdout } = await run("ffprobe", ["-v", "error", ...wanted, url], { timeout: 20_000 });
	const times = stdout
		.trim()
		.split("\n")
		.map((line) => Number.parseInt(line, 10));
	assert.ok(times.length >= 80, `${times.length} pictures`);
	assert.ok(times.every((time, i) => i === 0 || time > times[i - 1]!));
	const { stderr } = await run("ffmpeg", ["-v", "error", "-i", url, "-t", "3", "-f", "null", "-"], { timeout: 20_000 });
	assert.equal(stderr, "");
});

test("what cannot be answered is refused with its reason", async (t) => {
	if (!needs(t, "ffmpeg")) return;
	const user = { name: "ann", password: "p", allow: ["read"], paths: ["robot1/*"] };
	await using relay = await startTestRelay({ access: { anonymous: ["publish"], users: [user] } });
	await publish(t, relay);
	const headers = { Authorization: `Basic ${btoa("ann:p")}` };
	const ask = async (name: string, as: Record<string, string> = headers) =>
		(await fetch(`${relay.httpUrl}/${name}`, { headers: as })).status;
	assert.equal(await ask("robot1/front/index.m3u8", {}), 401);
	assert.equal(await ask("other/index.m3u8"), 403);
	assert.equal(await ask("robot1/none/index.m3u8"), 404);
	assert.equal(await ask("robot1/front/0a_seg0.mp4"), 404);
	assert.equal(await ask("robot1/front/index.m3u8"), 200);
	assert.equal(await ask("robot1/front/0a_seg0.mp4"), 404);
	for (const query of ["_HLS_msn=900", "_HLS_msn=x", "_HLS_part=1", "_HLS_msn=-1"]) {
		assert.equal(await ask(`robot1/front/stream.m3u8?${query}`), 400, query);
	}
});
