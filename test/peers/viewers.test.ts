import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { WebSocket } from "ws";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { type Program, run } from "./rtsp-programs.ts";

const camera = parsePathName("yard/camera") as PathName;

async function publish({ relay, rtspUrl }: TestRelay): Promise<Program> {
	const input = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30"];
	const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-pix_fmt", "yuv420p"];
	const sink = ["-f", "rtsp", "-rtsp_transport", "tcp", `${rtspUrl}/${camera}`];
	const program = run("ffmpeg", ["-v", "error", ...input, ...coded, ...sink]);
	while (!relay.hub.path(camera)?.stream?.keyFrame(0)) await new Promise((resolve) => setTimeout(resolve, 25));
	return program;
}

interface Item {
	readonly id: string;
	readonly [field: string]: unknown;
}

async function items({ httpUrl }: TestRelay, name: string): Promise<readonly Item[]> {
	return ((await (await fetch(`${httpUrl}/v3/${name}/list`)).json()) as { items: Item[] }).items;
}

async function kick({ httpUrl }: TestRelay, name: string, id: string): Promise<number> {
	return (await fetch(`${httpUrl}/v3/${name}/kick/${id}`, { method: "POST" })).status;
}

test("HLS: muxers and viewers are listed; who is kicked gets nothing until it begins anew", {
	timeout: 60_000,
}, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = await startTestRelay();
	await using _publisher = await publish(relay);
	const get = (file: string, player: string): Promise<Response> =>
		fetch(`${relay.httpUrl}/${camera}/${file}`, { headers: { "user-agent": player } });
	assert.deepEqual(await items(relay, "hlsmuxers"), []);
	const list = await (await get("index.m3u8?token=abc&x=1", "one")).text();
	assert.equal((await get("index.m3u8", "two")).status, 200);
	const viewers = await items(relay, "hlssessions");
	assert.deepEqual(
		viewers.map(({ userAgent, path, query, remoteAddr }) => ({ userAgent, path, query, remoteAddr })),
		[
			{ userAgent: "one", path: camera, query: "token=…&x=1", remoteAddr: "127.0.0.1" },
			{ userAgent: "two", path: camera, query: "", remoteAddr: "127.0.0.1" },
		],
	);
	assert.equal(viewers[0]!.outboundBytes, list.length);
	const muxer = (await (await fetch(`${relay.httpUrl}/v3/hlsmuxers/get/${camera}`)).json()) as Item;
	assert.deepEqual({ path: muxer.path, bytes: muxer.outboundBytes }, { path: camera, bytes: 2 * list.length });
	assert.equal((await fetch(`${relay.httpUrl}/v3/hlsmuxers/get/other`)).status, 404);
	assert.equal(await kick(relay, "hlssessions", viewers[0]!.id), 200);
	assert.equal(await kick(relay, "hlssessions", viewers[0]!.id), 404);
	assert.equal((await get("stream.m3u8", "one")).status, 403);
	assert.equal((await get("stream.m3u8", "two")).status, 200);
	assert.equal((await items(relay, "hlssessions")).length, 1);
	assert.equal((await get("index.m3u8", "one")).status, 200);
	assert.equal((await get("stream.m3u8", "one")).status, 200);
	const metrics = await (await fetch(`${relay.httpUrl}/metrics`)).text();
	assert.match(metrics, /hls_muxers\{name="yard\/camera"\} 1/);
	assert.match(metrics, /hls_sessions\{path="yard\/camera",state=""\} 2/);
});

test("WebSocket: viewers are listed and can be kicked", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "ffmpeg")) return;
	await using relay = await startTestRelay();
	await using _publisher = await publish(relay);
	const socket = new WebSocket(`${relay.httpUrl.replace("http", "ws")}/${camera}/live.ws?token=abc`);
	await once(socket, "message");
	const [viewer] = await items(relay, "websocketsessions");
	assert.deepEqual(
		{ path: viewer?.path, state: viewer?.state, query: viewer?.query },
		{ path: camera, state: "read", query: "token=…" },
	);
	const closed = once(socket, "close");
	assert.equal(await kick(relay, "websocketsessions", viewer!.id), 200);
	const [code] = (await closed) as [number];
	assert.equal(code, 1001);
	while ((await items(relay, "websocketsessions")).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
	assert.equal(await kick(relay, "websocketsessions", viewer!.id), 404);
});
