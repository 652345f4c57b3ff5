import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { pullIntoPath } from "../../src/protocols/hls/pull.ts";
import { needs } from "../support/peers.ts";
import { freeTcpPort } from "../support/ports.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { type Program, run } from "./rtsp-programs.ts";

const execute = promisify(execFile);
const PATIENCE_MS = 25_000;
const pulled = parsePathName("pulled") as PathName;

async function until(ready: () => boolean, what: string, more: () => string = () => ""): Promise<void> {
	for (const end = performance.now() + PATIENCE_MS; !ready(); ) {
		if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what} ${more()}`);
		await new Promise((resolve) => setTimeout(resolve, 25));
	}
}

/** Serves a folder: with a login, a redirect at `/moved/`, and ranges. */
async function serve(t: TestContext, folder: string): Promise<string> {
	const server: Server = createServer((request, response) => {
		const { pathname } = new URL(request.url ?? "/", "http://x");
		if (request.headers.authorization !== `Basic ${Buffer.from("ann:secret").toString("base64")}`) {
			return response.writeHead(401).end();
		}
		if (pathname.startsWith("/moved/")) return response.writeHead(302, { location: pathname.slice(6) }).end();
		const file = join(folder, pathname);
		if (!existsSync(file)) return response.writeHead(404).end();
		const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
		if (from === undefined) return createReadStream(file).pipe(response);
		response.writeHead(206, { "content-range": `bytes ${from}-${to}/${statSync(file).size}` });
		return createReadStream(file, { start: Number(from), end: Number(to) }).pipe(response);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => {
		server.close();
		server.closeAllConnections();
	});
	return `http://ann:secret@127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function temporary(t: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), "vedette-hls-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

function encoded(video: string): string[] {
	const input = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30", "-f", "lavfi", "-i", "sine=sample_rate=48000"];
	const quiet = video === "libx265" ? ["-x265-params", "log-level=none"] : [];
	const coded = ["-c:v", video, "-preset", "ultrafast", "-bf", "2", "-g", "30", "-pix_fmt", "yuv420p", ...quiet];
	return [...input, ...coded, "-c:a", "aac"];
}

/** ffmpeg writes live HLS into a folder. */
function write(t: TestContext, args: readonly string[], video = "libx264"): { folder: string; program: Program } {
	const folder = temporary(t);
	const out = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "4", ...args, join(folder, "index.m3u8")];
	const program = run("ffmpeg", [
		"-v",
		"error",
		"-re",
		...encoded(video).slice(0, 4),
		"-re",
		...encoded(video).slice(4),
		...out,
	]);
	t.after(() => program.kill());
	return { folder, program };
}

function relayWith(source: string): Promise<TestRelay> {
	return startTestRelay({ paths: { pulled: { source }, all_others: {} } });
}

interface Seen {
	readonly pictures: number;
	readonly times: readonly number[];
	readonly sounds: number;
}

/** What ffmpeg decodes of the pulled path, by RTSP, in a while. */
async function watch({ rtspUrl }: TestRelay, seconds = 4): Promise<Seen> {
	const input = ["-rtsp_transport", "tcp", "-i", `${rtspUrl}/pulled`, "-t", `${seconds}`];
	const out = ["-fps_mode", "passthrough", "-f", "framecrc", "pipe:1"];
	const { stdout, stderr } = await execute("ffmpeg", ["-v", "error", ...input, ...out], { timeout: 40_000 });
	assert.doesNotMatch(stderr, /concealing|error while decoding|corrupt|Invalid data|missing picture|non-existing/i);
	const rows = stdout
		.split("\n")
		.filter((line) => /^\d/.test(line))
		.map((line) => line.split(",").map(Number));
	const times = rows.filter(([track]) => track === 0).map((row) => row[2]!);
	return { pictures: times.length, times, sounds: rows.length - times.length };
}

function isWhole({ pictures, times, sounds }: Seen, t: TestContext, least = 100): void {
	t.diagnostic(`${pictures} pictures, ${sounds} blocks of sound`);
	assert.ok(pictures >= least, `${pictures} pictures, at least ${least} are due`);
	// What it joins with is pressed together: to one and the same tick of ffmpeg's, with B-frames.
	const back = times.filter((time, i) => i > 0 && time < times[i - 1]!);
	assert.deepEqual(back, [], `not in order: ${times}`);
	assert.ok(sounds >= 1.4 * least, `${sounds} blocks of sound`);
}

const kinds: Readonly<Record<string, { readonly args: readonly string[]; readonly video?: string }>> = {
	"MPEG-TS": { args: [] },
	"fragmented MP4": { args: ["-hls_segment_type", "fmp4"] },
	"fragmented MP4 with H.265": { args: ["-hls_segment_type", "fmp4", "-tag:v", "hvc1"], video: "libx265" },
};

for (const [kind, { args, video }] of Object.entries(kinds)) {
	test(`ffmpeg's ${kind} is pulled, at its own pace`, { timeout: 90_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		const { folder, program } = write(t, args, video);
		await until(() => existsSync(join(folder, "index.m3u8")), "a playlist is there", program.text);
		await using relay = await relayWith(`${await serve(t, folder)}/moved/index.m3u8`);
		await until(() => relay.relay.hub.path(pulled)?.publication !== undefined, "it is pulled", program.text);
		isWhole(await watch(relay), t);
	});
}

const files: Readonly<Record<string, readonly string[]>> = {
	"MPEG-TS by ranges": ["-hls_flags", "single_file"],
	"fragmented MP4 by ranges": ["-hls_segment_type", "fmp4", "-hls_flags", "single_file"],
	"encrypted MPEG-TS": ["-hls_key_info_file", "key.info"],
};

for (const [kind, args] of Object.entries(files)) {
	test(`a list that has ended, ${kind}: all of it at its own pace, and once more`, { timeout: 90_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		const folder = temporary(t);
		writeFileSync(join(folder, "key"), Buffer.alloc(16, 7));
		writeFileSync(join(folder, "key.info"), `key\n${join(folder, "key")}\n`);
		const placed = args.map((arg) => (arg === "key.info" ? join(folder, arg) : arg));
		const list = ["-hls_list_size", "0", ...placed, join(folder, "index.m3u8")];
		await execute("ffmpeg", ["-v", "error", ...encoded("libx264"), "-t", "4", "-f", "hls", "-hls_time", "1", ...list]);
		await using relay = await relayWith(`${await serve(t, folder)}/index.m3u8`);
		const seen: number[] = [];
		const { hub } = relay.relay;
		hub.listen(({ at }) => void (at === "published" && seen.push(performance.now())));
		await until(() => hub.path(pulled)?.publication !== undefined, "it is pulled");
		const first = performance.now();
		isWhole(await watch(relay, 3.5), t, 90);
		await until(() => seen.some((time) => time > first), "it begins once more");
		const took = seen.find((time) => time > first)! - first;
		assert.ok(took > 3500, `all of 4 s left within ${took.toFixed(0)} ms`);
	});
}

for (const [kind, args] of Object.entries({ "MPEG-TS": [], "fragmented MP4": ["-hls_segment_type", "fmp4"] })) {
	test(`sound with a list of its own, ${kind}`, { timeout: 90_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		const folder = temporary(t);
		const input = encoded("libx264");
		const lists = ["-master_pl_name", "index.m3u8", "-var_stream_map", "v:0,agroup:s a:0,agroup:s"];
		const out = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "4", ...args, ...lists, join(folder, "of_%v.m3u8")];
		const live = ["-re", ...input.slice(0, 4), "-re", ...input.slice(4)];
		await using program = run("ffmpeg", ["-v", "error", ...live, "-map", "0:v", "-map", "1:a", ...out]);
		await until(() => existsSync(join(folder, "index.m3u8")), "a playlist is there", program.text);
		await using relay = await relayWith(`${await serve(t, folder)}/index.m3u8`);
		await until(() => relay.relay.hub.path(pulled)?.publication !== undefined, "it is pulled", program.text);
		isWhole(await watch(relay), t);
	});
}

test("frames leave one by one, not segment by segment", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	const { folder, program } = write(t, []);
	await until(() => existsSync(join(folder, "index.m3u8")), "a playlist is there", program.text);
	await using relay = await relayWith(`${await serve(t, folder)}/index.m3u8`);
	const { hub } = relay.relay;
	await until(() => hub.path(pulled)?.publication !== undefined, "it is pulled", program.text);
	const came: number[] = [];
	const stop = hub.path(pulled)!.stream!.frames(({ track }) => void (track === 0 && came.push(performance.now())));
	// The first segments may come late: what is kept in hand has to be found out.
	await until(() => came.length >= 150, "pictures come");
	stop();
	const gaps = came.slice(60).map((at, i) => at - came[i + 59]!);
	t.diagnostic(`longest wait for a picture: ${Math.max(...gaps).toFixed(0)} ms`);
	assert.ok(Math.max(...gaps) < 700, `${gaps.map(Math.round)}`);
});

const pieces: Readonly<Record<string, { readonly args: readonly string[]; readonly end: string }>> = {
	"MPEG-TS": { args: [], end: "ts" },
	"fragmented MP4 of another size": { args: ["-hls_segment_type", "fmp4"], end: "m4s" },
};

for (const [kind, { args, end }] of Object.entries(pieces)) {
	test(`behind a discontinuity times go on: ${kind}`, { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		const folder = temporary(t);
		const sizes = end === "ts" ? ["320x240", "320x240"] : ["320x240", "160x120"];
		for (const [i, size] of sizes.entries()) {
			const init = args.length > 0 ? [...args, "-hls_fmp4_init_filename", `${i}_init.mp4`] : [];
			const out = ["-f", "hls", "-hls_time", "9", ...init];
			const coded = encoded("libx264").map((arg) => arg.replace("320x240", size));
			await execute("ffmpeg", ["-v", "error", ...coded, "-t", "2", ...out, join(folder, `${i}.m3u8`)]);
		}
		const map = (i: number): string => (args.length > 0 ? `#EXT-X-MAP:URI="${i}_init.mp4"\n` : "");
		const piece = (i: number): string => `${map(i)}#EXTINF:2,\n${i}0.${end}\n`;
		const list = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n${piece(0)}#EXT-X-DISCONTINUITY\n${piece(1)}#EXT-X-ENDLIST\n`;
		writeFileSync(join(folder, "index.m3u8"), list);
		await using relay = await startTestRelay();
		const { hub } = relay.relay;
		const times: number[] = [];
		hub.listen((event) => {
			if (event.at !== "published") return;
			event.publication.stream.frames(({ track, pts, dts }) => void (track === 0 && times.push(dts ?? pts)));
		});
		const options = { url: `${await serve(t, folder)}/index.m3u8`, maxFrameBytes: 1e7, onLeftOut: () => {} };
		const reason = await pullIntoPath(hub, pulled, options, AbortSignal.timeout(30_000), () => {});
		assert.equal(reason, "the playlist has ended");
		assert.ok(times.length >= 118, `${times.length} pictures of 120`);
		const span = (Math.max(...times) - Math.min(...times)) / 90_000;
		assert.ok(span > 3.8 && span < 4.3, `${span} s`);
	});
}

test("another relay's HLS is pulled, and again when it comes back", { timeout: 90_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	const port = await freeTcpPort();
	const there = { http: { address: `127.0.0.1:${port}` } };
	await using relay = await relayWith(`http://127.0.0.1:${port}/camera/index.m3u8`);
	const { hub } = relay.relay;
	for (let round = 0; round < 2; round++) {
		await using origin = await startTestRelay(there);
		const sink = ["-f", "rtsp", "-rtsp_transport", "tcp", `${origin.rtspUrl}/camera`];
		await using _publisher = run("ffmpeg", ["-v", "error", "-re", ...encoded("libx264"), ...sink]);
		await until(() => hub.path(pulled)?.publication !== undefined, `it is pulled, round ${round}`);
		isWhole(await watch(relay, 3), t, 75);
		await origin[Symbol.asyncDispose]();
		await until(() => hub.path(pulled)?.publication === undefined, `what is left of it is played, round ${round}`);
	}
});

test("what is no playlist, or refuses, is told and tried again", { timeout: 30_000 }, async (t) => {
	const folder = temporary(t);
	writeFileSync(join(folder, "index.m3u8"), "<html>");
	const url = await serve(t, folder);
	const signal = AbortSignal.timeout(10_000);
	await using relay = await startTestRelay();
	const pull = (address: string): Promise<string> =>
		pullIntoPath(relay.relay.hub, pulled, { url: address, maxFrameBytes: 1e6, onLeftOut: () => {} }, signal, () => {});
	await assert.rejects(pull(`${url}/index.m3u8`), /does not begin with #EXTM3U/);
	await assert.rejects(pull(`${url}/none.m3u8`), /the server answered 404/);
	await assert.rejects(pull(`${url.replace("secret", "wrong")}/index.m3u8`), /the server answered 401/);
	await assert.rejects(pull(`http://127.0.0.1:${await freeTcpPort()}/index.m3u8`), /ECONNREFUSED/);
	writeFileSync(join(folder, "index.m3u8"), "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n");
	await assert.rejects(pull(`${url}/index.m3u8`), /not asked for by HTTP/);
	writeFileSync(join(folder, "a.ts"), "nothing of the kind");
	writeFileSync(join(folder, "index.m3u8"), "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n");
	await assert.rejects(pull(`${url}/index.m3u8`), /neither MPEG-TS nor fragmented MP4/);
});
