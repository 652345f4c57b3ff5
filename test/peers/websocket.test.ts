import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Stream } from "../../src/hub/stream.ts";
import type { Frame } from "../../src/media/frame.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { h264Track, PARAMETER_SETS } from "../support/tracks.ts";

const track = h264Track(PARAMETER_SETS);

/** A publisher of frames of so many bytes, every 30th a key frame. */
function publish({ relay }: TestRelay, bytes = 100) {
	const info = { type: "test", id: "1", remoteAddress: "127.0.0.1:1", identity: "robot1" };
	const path = parsePathName("robot1/front")!;
	const publication = relay.hub.publish(path, [track], info, { onEnd: () => undefined });
	let count = 0;
	return (): void => {
		const key = count % 30 === 0;
		const unit = Buffer.alloc(bytes, 0x11);
		unit[0] = key ? 0x65 : 0x41;
		const frame: Frame = { track: 0, pts: count++ * 3000, key, units: [unit] };
		publication.frame(frame);
	};
}

/** Asks for WebSocket with these headers; the answer's status, 101 where it was given. */
async function status(relay: TestRelay, path: string, headers: Record<string, string> = {}): Promise<number> {
	const asked = request(`${relay.httpUrl}${path}`, {
		headers: {
			Connection: "Upgrade",
			Upgrade: "websocket",
			"Sec-WebSocket-Version": "13",
			"Sec-WebSocket-Key": Buffer.alloc(16, 7).toString("base64"),
			...headers,
		},
	});
	asked.end();
	const [response, socket] = await Promise.race([once(asked, "response"), once(asked, "upgrade")]);
	if (socket) (socket as Socket).destroy();
	else response.resume();
	return response.statusCode;
}

/** The text message and the bytes that come until there are so many messages. */
async function receive(socket: WebSocket, messages: number): Promise<{ text: string; bytes: Buffer[] }> {
	socket.binaryType = "arraybuffer";
	const bytes: Buffer[] = [];
	let text = "";
	await new Promise<void>((resolve, reject) => {
		socket.onclose = ({ code, reason }) => reject(new Error(`closed with ${code} ${reason}`));
		socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
			if (typeof data === "string") text ||= data;
			else if (bytes.push(Buffer.from(data)) === messages) resolve();
		};
	});
	return { text, bytes };
}

const liveUrl = (relay: TestRelay) => `${relay.httpUrl.replace("http", "ws")}/robot1/front/live.ws`;

test("who may not read hears it by HTTP, as at every other door", async () => {
	const user = { name: "ann", password: "p", allow: ["read"], paths: ["robot1/*"] };
	await using relay = await startTestRelay({ access: { anonymous: [], users: [user] } });
	publish(relay)();
	const basic = `Basic ${btoa("ann:p")}`;
	const path = "/robot1/front/live.ws";
	assert.equal(await status(relay, path), 401);
	assert.equal(await status(relay, path, { Authorization: `Basic ${btoa("ann:wrong")}` }), 401);
	assert.equal(await status(relay, path, { Authorization: basic }), 101);
	const protocol = `vedette, authorization.${Buffer.from(basic).toString("base64url")}`;
	assert.equal(await status(relay, path, { "Sec-WebSocket-Protocol": protocol }), 101);
	assert.equal(await status(relay, "/other/live.ws", { Authorization: basic }), 403);
	assert.equal(await status(relay, "/robot1/none/live.ws", { Authorization: basic }), 404);
	assert.equal(await status(relay, path, { Authorization: basic, Origin: "http://evil.example" }), 403);
	assert.equal(await status(relay, path, { Authorization: basic, Origin: relay.httpUrl }), 101);
	assert.equal((await fetch(`${relay.httpUrl}${path}`, { headers: { Authorization: basic } })).status, 426);
	assert.equal((await fetch(`${relay.httpUrl}/robot1/front/other`)).status, 404);
});

test("a viewer that takes nothing is cut to a key frame, and the relay keeps little for it", async () => {
	await using relay = await startTestRelay({ paths: { all_others: { behind: "200 ms" } } });
	const send = publish(relay, 60_000);
	send();
	const asked = request(`${relay.httpUrl}/robot1/front/live.ws`, {
		headers: {
			Connection: "Upgrade",
			Upgrade: "websocket",
			"Sec-WebSocket-Version": "13",
			"Sec-WebSocket-Key": Buffer.alloc(16, 7).toString("base64"),
		},
	});
	asked.end();
	const [, socket] = (await once(asked, "upgrade")) as [unknown, Socket];
	socket.pause();
	const { stream } = relay.relay.hub.path(parsePathName("robot1/front")!)!;
	const [reader] = stream!.readers;
	for (let i = 0; i < 400 && reader!.counters.cuts === 0; i++) {
		send();
		await pause(5);
	}
	assert.ok(reader!.counters.cuts > 0, "it was cut");
	assert.ok(reader!.counters.dropped > 0);
	assert.ok(reader!.frames!.length <= 30, `${reader!.frames!.length} frames wait`);
	socket.destroy();
	await once(socket, "close");
});

test("a stream that ends closes the connection with its reason", async () => {
	await using relay = await startTestRelay();
	publish(relay)();
	const socket = new WebSocket(liveUrl(relay), ["vedette"]);
	const { text } = await receive(socket, 2);
	assert.deepEqual(JSON.parse(text), { mime: 'video/mp4; codecs="avc1.42c01e"', leftOut: [], held: 1 });
	const closed = once(socket, "close") as Promise<[CloseEvent]>;
	socket.onclose = null;
	relay.relay.hub.close("the relay is going down");
	const [{ code, reason }] = await closed;
	assert.equal(code, 1001);
	assert.equal(reason, "the relay is going down");
});

const cases = [
	{
		name: "H.264 with B-frames and AAC",
		video: ["libx264", "-bf", "2", "-g", "30"],
		audio: "aac",
		codecs: /avc1.+mp4a\.40\.2/,
	},
	{ name: "H.264 and Opus", video: ["libx264", "-bf", "0", "-g", "30"], audio: "libopus", codecs: /avc1.+opus/ },
	{
		name: "H.265",
		video: ["libx265", "-x265-params", "keyint=30:log-level=error"],
		audio: "libopus",
		codecs: /hvc1\.1\.6\.L\d+\..+opus/,
	},
] as const;

/** Waits until so many frames of the picture have come. */
async function pictures(stream: Stream, count: number): Promise<void> {
	let come = 0;
	await new Promise<void>((resolve) => {
		const stop = stream.frames(({ track: index }) => {
			if (index === 0 && ++come === count) setImmediate(() => resolve(stop()));
		});
	});
}

function encode(t: TestContext, url: string, video: readonly string[], audio: string): ChildProcess {
	const input = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=30", "-f", "lavfi", "-i", "sine=sample_rate=48000"];
	const coded = ["-c:v", ...video, "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", audio, "-ac", "2"];
	const sink = ["-f", "rtsp", "-rtsp_transport", "tcp", url];
	const child = spawn("ffmpeg", ["-v", "fatal", "-re", ...input, ...coded, ...sink], { stdio: "ignore" });
	t.after(() => child.kill("SIGKILL"));
	return child;
}

for (const { name, video, audio, codecs } of cases) {
	test(`${name}: ffmpeg decodes what comes, without a complaint`, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await startTestRelay();
		const child = encode(t, `${relay.rtspUrl}/robot1/front`, video, audio);
		const path = parsePathName("robot1/front")!;
		for (let i = 0; i < 200 && !relay.relay.hub.path(path)?.stream?.keyFrame(0); i++) await pause(50);
		await pictures(relay.relay.hub.find(path), 40);
		const socket = new WebSocket(liveUrl(relay), ["vedette"]);
		const { text, bytes } = await receive(socket, 150);
		socket.close();
		child.kill("SIGKILL");
		assert.match(JSON.parse(text).mime, codecs);
		const folder = mkdtempSync(join(tmpdir(), "vedette-fmp4-"));
		t.after(() => rmSync(folder, { recursive: true, force: true }));
		const file = join(folder, "live.mp4");
		writeFileSync(file, Buffer.concat(bytes));
		assert.equal(complaintsAbout(file), "");
		const times = decodingTimes(file);
		assert.ok(times.length > 30, `${times.length} pictures`);
		assert.ok(times.every((time, i) => i === 0 || time > times[i - 1]!));
	});
}

/** What ffmpeg has to say while it decodes; throws where it gives up. */
function complaintsAbout(file: string): string {
	return execFileSync("sh", ["-c", 'ffmpeg -v warning -i "$0" -f null - 2>&1', file], { encoding: "utf8" });
}

function decodingTimes(file: string): number[] {
	const wanted = ["-v", "error", "-select_streams", "v", "-show_entries", "packet=dts", "-of", "csv=p=0", file];
	const lines = execFileSync("ffprobe", wanted, { encoding: "utf8" }).trim().split("\n");
	return lines.map((line) => Number.parseInt(line, 10));
}
