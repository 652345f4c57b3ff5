import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { parsePathName } from "../../src/media/path-name.ts";
import { releaseWebRtc } from "../../src/protocols/webrtc/client.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { exitCode, type Program, run } from "./rtsp-programs.ts";

/*
 * Sound in the other codec. The camera shows a white picture and sounds 1 kHz for 200 ms at the beginning of each
 * second, black and silence else: what is decoded shows whether sound and picture are still together.
 */

const name = parsePathName("cam")!;
const TONE_HZ = 1000;
/** Apart from each other by more, people notice. */
const MOST_APART_MS = 100;

async function until(ready: () => boolean | Promise<boolean>, what: string, ms = 20_000): Promise<void> {
	for (const end = performance.now() + ms; !(await ready()); ) {
		if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

function camera(codec: "aac" | "libopus" | "libmp3lame", out: readonly string[], rate = 48_000): Program {
	const flash = "color=black:size=320x240:rate=30,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.2)'";
	const beep = `aevalsrc='0.5*sin(${2 * Math.PI * TONE_HZ}*t)*lt(mod(t\\,1)\\,0.2)':s=${rate}`;
	const video = "-c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -pix_fmt yuv420p -g 30";
	const inputs = ["-re", "-f", "lavfi", "-i", flash, "-re", "-f", "lavfi", "-i", beep];
	return run("ffmpeg", ["-v", "warning", ...inputs, ...video.split(" "), "-c:a", codec, "-ac", "2", ...out]);
}

const isLive = ({ relay }: TestRelay) => relay.hub.path(name)?.stream?.keyFrame(0) !== undefined;

async function metric({ httpUrl }: TestRelay, metricName: string): Promise<number> {
	const text = await (await fetch(`${httpUrl}/metrics`)).text();
	return Number(new RegExp(`^${metricName} (\\S+)$`, "m").exec(text)?.[1]);
}

const making = async (relay: TestRelay): Promise<number> => metric(relay, "vedette_transcoders");

/** The processes that this one has started and whose arguments hold a text. */
function childrenWith(text: string): number[] {
	return readdirSync("/proc")
		.filter((entry) => /^\d+$/.test(entry))
		.map(Number)
		.filter((pid) => {
			try {
				const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
				return Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
			} catch {
				return false;
			}
		});
}

/** What ffmpeg finds in a file: when pictures turn white and sound begins, in seconds, and how high it is. */
function analyse(file: string): { flashes: number[]; beeps: number[]; hertz: number } {
	const filters = ["-vf", "blackdetect=d=0.1", "-af", "silencedetect=n=-30dB:d=0.2"];
	const found = execFileSync("sh", ["-c", 'exec ffmpeg "$@" 2>&1', "-", "-i", file, ...filters, "-f", "null", "-"]);
	const times = (pattern: RegExp) => [...found.toString().matchAll(pattern)].map(([, time]) => Number(time));
	const decode = ["-v", "error", "-i", file, "-ac", "1", "-ar", "48000", "-f", "s16le", "-"];
	const pcm = execFileSync("ffmpeg", decode, { maxBuffer: 1e8 });
	return { flashes: times(/black_end:(\S+)/g), beeps: times(/silence_end: (\S+)/g), hertz: pitch(pcm) };
}

/** By the crossings of zero where it is loud. */
function pitch(pcm: Buffer): number {
	const gaps: number[] = [];
	let last = -1;
	for (let i = 1; i < pcm.length / 2; i++) {
		const isRise = pcm.readInt16LE(2 * i - 2) < 0 && pcm.readInt16LE(2 * i) >= 0;
		if (!isRise || Math.abs(pcm.readInt16LE(2 * Math.min(i + 12, pcm.length / 2 - 1))) < 3000) continue;
		if (last > 0 && i - last < 200) gaps.push(i - last);
		last = i;
	}
	return 48_000 / (gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length);
}

/** Records some seconds as they come and checks that sound and picture are together. */
async function checkTogether(input: readonly string[], codec: string): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), "vedette-audio-"));
	try {
		const file = join(folder, "out.mkv");
		await using player = run("ffmpeg", ["-v", "warning", ...input, "-t", "7", "-c", "copy", file]);
		assert.equal(await exitCode(player, 40_000), 0, player.text());
		const probe = ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", file];
		assert.match(execFileSync("ffprobe", probe).toString(), new RegExp(codec));
		const { flashes, beeps, hertz } = analyse(file);
		const pairs = flashes.map((flash) => beeps.map((beep) => beep - flash).sort((a, b) => a ** 2 - b ** 2)[0] ?? 99);
		const apart = pairs.slice(1, -1).map((seconds) => seconds * 1000);
		assert.ok(apart.length >= 3, `${flashes.length} flashes, ${beeps.length} beeps`);
		for (const ms of apart) assert.ok(Math.abs(ms) < MOST_APART_MS, `sound is late by ${apart.map(Math.round)} ms`);
		assert.ok(Math.abs(hertz - TONE_HZ) < 40, `${hertz} Hz`);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** A second relay that watches the first one as a browser does: by WHEP. */
async function watcher(relay: TestRelay): Promise<TestRelay> {
	const source = `${relay.httpUrl.replace("http", "whep")}/cam/whep`;
	const own = await startTestRelay({ audio: { transcode: false }, paths: { cam: { source } } });
	await until(() => isLive(own), "the second relay has pictures");
	return own;
}

after(releaseWebRtc);

/** The type that frames over WebSocket begin with. */
function liveType({ httpUrl }: TestRelay, query: string): Promise<string> {
	return new Promise((resolve, reject) => {
		const socket = new WebSocket(`${httpUrl.replace("http", "ws")}/cam/live.ws${query}`, "vedette");
		socket.onerror = () => reject(new Error("no WebSocket"));
		socket.onmessage = ({ data }) => {
			if (typeof data !== "string") return;
			resolve(JSON.parse(data).mime);
			socket.close();
		};
	});
}

suite("sound in the other codec", { concurrency: false }, () => {
	const rtmp = ({ rtmpUrl }: TestRelay) => ["-f", "flv", `${rtmpUrl}/cam`];
	const rtsp = ({ rtspUrl }: TestRelay) => ["-f", "rtsp", "-rtsp_transport", "tcp", `${rtspUrl}/cam`];
	for (const [codec, lane, out] of [
		["aac", "frames", rtmp],
		["aac", "packets", rtsp],
		["libmp3lame", "frames", rtmp],
	] as const) {
		test(`${codec} that comes in ${lane} is Opus for WebRTC`, { timeout: 120_000 }, async (t) => {
			if (!needs(t, "ffmpeg")) return;
			await using relay = await startTestRelay();
			await using publisher = camera(codec, out(relay), lane === "frames" ? 44_100 : 48_000);
			await until(() => isLive(relay), "a picture");
			assert.equal(await making(relay), 0, "nobody needs it");
			{
				await using second = await watcher(relay);
				const stream = second.relay.hub.path(name)?.stream;
				assert.equal(stream?.tracks[1]?.codec, "opus");
				// By then the sender reports have come, which put sound and picture together.
				await until(() => stream.intakes[1]!.counters.packets > 100, "sound");
				assert.equal(await making(relay), 1);
				await checkTogether(["-rtsp_transport", "tcp", "-i", `${second.rtspUrl}/cam`], "opus");
			}
			await until(async () => (await making(relay)) === 0, "it ends with the last viewer");
			await until(() => childrenWith("libopus").length === 0, "its process is gone");
			assert.ok(publisher.running);
		});
	}

	test("Opus is AAC for RTMP and HLS, made once; it comes back when it was killed", { timeout: 120_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await startTestRelay();
		await using _publisher = camera("libopus", ["-f", "rtsp", "-rtsp_transport", "tcp", `${relay.rtspUrl}/cam`]);
		await until(() => isLive(relay), "a picture");
		const playlist = `${relay.httpUrl}/cam/index.m3u8`;
		assert.match(await (await fetch(playlist)).text(), /CODECS="avc1\.\w+,mp4a\.40\.2"/);
		assert.match(await liveType(relay, "?audio=aac"), /mp4a\.40\.2/);
		assert.match(await liveType(relay, ""), /opus/);
		await Promise.all([`${relay.rtmpUrl}/cam`, playlist].map((url) => checkTogether(["-i", url], "aac")));
		assert.equal(await making(relay), 1);
		const [child, ...others] = childrenWith("pipe:1");
		assert.deepEqual(others, []);
		process.kill(child!, "SIGKILL");
		await until(async () => (await metric(relay, "vedette_transcoder_restarts_total")) === 1, "its end is noticed");
		await until(async () => (await making(relay)) === 1, "it is started again");
		assert.notEqual(childrenWith("pipe:1")[0], child);
		await checkTogether(["-i", `${relay.rtmpUrl}/cam`], "aac");
	});

	test("MP3 goes from RTMP to RTMP, RTSP and SRT as it is", { timeout: 120_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await startTestRelay();
		await using _publisher = camera("libmp3lame", rtmp(relay), 44_100);
		await until(() => isLive(relay), "a picture");
		await Promise.all([
			checkTogether(["-i", `${relay.rtmpUrl}/cam`], "mp3"),
			// RTP and transport streams do not tell the layer: before it decodes, ffmpeg may take it for the one below.
			checkTogether(["-rtsp_transport", "tcp", "-i", `${relay.rtspUrl}/cam`], "mp[23]"),
			checkTogether(["-i", `${relay.srtUrl}?streamid=read:cam`], "mp[23]"),
		]);
		assert.equal(await making(relay), 0);
	});

	test("without ffmpeg sound is left out, and it is said why", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await startTestRelay({ audio: { ffmpeg: "/nowhere/ffmpeg" } });
		await using _publisher = camera("aac", ["-f", "flv", `${relay.rtmpUrl}/cam`]);
		await until(() => isLive(relay), "a picture");
		await using second = await watcher(relay);
		assert.deepEqual(
			second.relay.hub.path(name)?.stream?.tracks.map(({ codec }) => codec),
			["h264"],
		);
		const reason = relay.relay.hub.path(name)?.stream?.notMade(1);
		assert.equal(reason, "Opus is not made of it: ffmpeg is not installed");
	});
});
