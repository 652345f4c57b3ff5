import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { parsePathName } from "../../src/media/path-name.ts";
import { publishTo, raw, startControl } from "../support/control.ts";

const OPEN = "access: { anonymous: [publish, read, api, metrics] }";

async function json(url: string, path: string): Promise<unknown> {
	const answer = await raw(url, { path });
	assert.equal(answer.status, 200, `${path}: ${answer.body}`);
	return JSON.parse(answer.body);
}

test("/ greets programs and shows the page to browsers", async () => {
	await using room = await startControl(OPEN);
	const greeting = (await json(room.url(), "/")) as { msg: string };
	assert.match(greeting.msg, /Media bridge service running!/);
	const page = await raw(room.url(), { path: "/", headers: { accept: "text/html" } });
	assert.match(page.body, /<title>page/);
	assert.equal(page.headers["cache-control"], "no-cache");
	assert.match(String(page.headers["content-security-policy"]), /default-src 'self';.*frame-ancestors 'self'$/);
	assert.equal(page.headers["x-content-type-options"], "nosniff");
	for (const path of ["/watch/robot1/front", "/viewer?camera=x", "/login"]) {
		assert.equal((await raw(room.url(), { path })).body, page.body, path);
	}
});

test("a browser that knows a stream by its path alone is led to its page", async () => {
	await using room = await startControl(OPEN);
	const html = { accept: "text/html,*/*" };
	for (const path of ["/robot1/front", "/robot1/front/", "/camera?controls=false"]) {
		const { status, headers } = await raw(room.url(), { path, headers: html });
		assert.deepEqual([status, headers.location], [302, `/watch${path.replace(/\/?(\?.*)?$/, "")}`]);
	}
	for (const path of ["//example.org/x", "/a//b", "/%2e%2e/x", "/a%0d%0ab", "/health/x", "/camera//"]) {
		assert.equal((await raw(room.url(), { path, headers: html })).status, 404, path);
	}
	assert.equal((await raw(room.url(), { path: "/robot1/front" })).status, 404);
});

test("files of the page", async () => {
	await using room = await startControl(OPEN);
	const asset = await raw(room.url(), { path: "/assets/x-1234.js" });
	assert.equal(asset.status, 200);
	assert.match(String(asset.headers["content-type"]), /javascript/);
	assert.match(String(asset.headers["cache-control"]), /immutable/);
	const element = await raw(room.url(), { path: "/vedette-player.js", headers: { origin: "https://example.org" } });
	assert.equal(element.headers["access-control-allow-origin"], "*");
	assert.equal(element.headers["cross-origin-resource-policy"], "cross-origin");
	for (const path of [
		"/assets/none.js",
		"/assets/../index.html",
		"/assets/%2e%2e/index.html",
		"/assets/..%2findex.html",
	]) {
		const answer = await raw(room.url(), { path });
		assert.ok(answer.status === 404 || answer.status === 403, `${path} ${answer.status}`);
	}
});

test("without a built page browsers are told so, programs are served", async () => {
	await using room = await startControl(OPEN, { pageDir: "/nowhere/page" });
	const answer = await raw(room.url(), { path: "/", headers: { accept: "text/html" } });
	assert.equal(answer.status, 503);
	assert.match(answer.body, /npm run build/);
	await json(room.url(), "/health");
});

test("/health has seed 003's fields for all, more for those with the right", async () => {
	await using room = await startControl("access: { anonymous: [read] }");
	publishTo(room.hub, "robot1/front");
	const { timestamp, ...health } = (await json(room.url(), "/health")) as { timestamp: string };
	assert.ok(Number.isFinite(Date.parse(timestamp)));
	assert.deepEqual(health, { status: "degraded", kurento_connected: false, active_streams: 1, total_viewers: 0 });
	await using open = await startControl(OPEN);
	const more = (await json(open.url("api"), "/health")) as { memory_bytes: number; version: string };
	assert.ok(more.memory_bytes > 1e6 && /^\d/.test(more.version));
});

test("/v3/paths/get tells what MediaMTX tells", async () => {
	await using room = await startControl(OPEN);
	const { feed, publication } = publishTo(room.hub, "robot1/front");
	feed(2);
	const item = await json(room.url("api"), "/v3/paths/get/robot1/front");
	const since = new Date(publication.since).toISOString();
	assert.deepEqual(item, {
		name: "robot1/front",
		confName: "all_others",
		ready: true,
		readyTime: since,
		available: true,
		availableTime: since,
		online: true,
		onlineTime: since,
		source: { type: "rtspSession", id: "id-robot1/front" },
		tracks: ["H264"],
		tracks2: [{ codec: "H264", codecProps: { width: 240, height: 160, profile: "Baseline", level: "3" } }],
		readers: [],
		inboundBytes: 224,
		outboundBytes: 0,
		inboundFramesInError: 0,
		bytesReceived: 224,
		bytesSent: 0,
	});
	const missing = await raw(room.url("api"), { path: "/v3/paths/get/none" });
	assert.equal(missing.status, 404);
	assert.deepEqual(JSON.parse(missing.body), { status: "error", error: "path not found" });
});

test("/v3/paths/list holds idle paths of the configuration too, in pages", async () => {
	await using room = await startControl(`${OPEN}\npaths: { all_others: {}, robot2/*: {}, idle: {}, camera: {} }`);
	publishTo(room.hub, "camera").feed(1);
	publishTo(room.hub, "zoo");
	type List = { itemCount: number; pageCount: number; items: { name: string; ready: boolean; confName: string }[] };
	const list = (await json(room.url("api"), "/v3/paths/list")) as List;
	assert.deepEqual(
		list.items.map(({ name, ready, confName }) => [name, ready, confName]),
		[
			["camera", true, "camera"],
			["idle", false, "idle"],
			["zoo", true, "all_others"],
		],
	);
	assert.deepEqual([list.itemCount, list.pageCount], [3, 1]);
	const page = (await json(room.url("api"), "/v3/paths/list?itemsPerPage=2&page=1")) as List;
	assert.deepEqual([page.itemCount, page.pageCount, page.items.map(({ name }) => name)], [3, 2, ["zoo"]]);
	for (const query of ["itemsPerPage=0", "itemsPerPage=x", "page=-1", "itemsPerPage=1001"]) {
		assert.equal((await raw(room.url("api"), { path: `/v3/paths/list?${query}` })).status, 400, query);
	}
	assert.equal(((await json(room.url("api"), "/v3/paths/get/idle")) as { ready: boolean }).ready, false);
});

test("lists of sessions come from their protocols and can be ended", async () => {
	const kicked: string[] = [];
	const rtspsessions = {
		list: () => [{ id: "a", state: "read" }],
		kick: (id: string) => {
			kicked.push(id);
			return id === "a";
		},
	};
	await using room = await startControl(OPEN, { sessions: { rtspsessions } });
	const url = room.url("api");
	assert.deepEqual(await json(url, "/v3/rtspsessions/list"), {
		itemCount: 1,
		pageCount: 1,
		items: [{ id: "a", state: "read" }],
	});
	assert.deepEqual(await json(url, "/v3/rtspsessions/get/a"), { id: "a", state: "read" });
	assert.equal((await raw(url, { path: "/v3/rtspsessions/get/b" })).status, 404);
	assert.deepEqual(JSON.parse((await raw(url, { method: "POST", path: "/v3/rtspsessions/kick/a" })).body), {
		status: "ok",
	});
	assert.equal((await raw(url, { method: "POST", path: "/v3/rtspsessions/kick/b" })).status, 404);
	assert.deepEqual(kicked, ["a", "b"]);
});

test("/metrics is Prometheus' format; every metric has HELP and TYPE", async () => {
	await using room = await startControl(OPEN);
	const { feed, publication } = publishTo(room.hub, "robot1/front");
	feed(3);
	const info = { type: "webRTCSession", id: "r", remoteAddress: "192.0.2.9", user: "" };
	const reader = room.hub.read(parsePathName("robot1/front")!, [0], info, { onEnd: () => undefined });
	reader.counters.bytes = 500;
	const scrape = async () => {
		const answer = await raw(room.url("metrics"), { path: "/metrics" });
		assert.match(String(answer.headers["content-type"]), /^text\/plain; version=0\.0\.4/);
		return answer.body;
	};
	const text = await scrape();
	for (const line of [
		"vedette_streams 1",
		'vedette_readers{type="webRTCSession"} 1',
		'vedette_path_readers{path="robot1/front"} 1',
		"vedette_received_bytes_total 336",
		"vedette_received_packets_total 3",
		"vedette_sent_bytes_total 500",
		"vedette_lost_packets_total 0",
		"vedette_joins_total 1",
		'vedette_relay_delay_seconds_bucket{le="+Inf"} 3',
		'vedette_first_frame_seconds_bucket{le="0.1"} 0',
	]) {
		assert.ok(text.split("\n").includes(line), `${line} is not in\n${text.replaceAll(/^[^v].*\n/gm, "")}`);
	}
	for (const name of [
		"process_cpu_seconds_total",
		"process_resident_memory_bytes",
		"nodejs_eventloop_utilization_ratio",
	]) {
		assert.match(text, new RegExp(`^${name} `, "m"));
	}
	const described = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
	const helped = new Set([...text.matchAll(/^# HELP (\w+) \S/gm)].map(([, name]) => name));
	for (const [, name] of text.matchAll(/^(\w+)/gm)) {
		const base = name!.replace(/_(bucket|sum|count)$/, "");
		assert.ok(
			[name, base].some((one) => described.has(one) && helped.has(one)),
			name,
		);
	}
	const guide = readFileSync(join(import.meta.dirname, "../../docs/monitoring.md"), "utf8");
	for (const name of described) {
		if (name!.startsWith("vedette_"))
			assert.ok(guide.includes(`\`${name}`), `docs/monitoring.md does not tell of ${name}`);
	}
	reader.leave();
	publication.close("gone");
	const after = await scrape();
	assert.match(after, /^vedette_streams 0$/m);
	assert.match(after, /^vedette_received_bytes_total 336$/m, "sums outlive their streams");
	assert.match(after, /^vedette_sent_bytes_total 500$/m);
});

test("MediaMTX's names for what means the same", async () => {
	const rtspsessions = {
		list: () => [
			{ id: "1", path: "robot1/front", state: "read" },
			{ id: "2", path: "robot1/front", state: "read" },
			{ id: "3", path: "robot1/front", state: "publish" },
		],
	};
	await using room = await startControl(OPEN, { sessions: { rtspsessions } });
	const { feed } = publishTo(room.hub, "robot1/front");
	feed(3);
	const info = { type: "webRTCSession", id: "r", remoteAddress: "", user: "" };
	room.hub.read(parsePathName("robot1/front")!, [0], info, { onEnd: () => undefined });
	const lines = (await raw(room.url(), { path: "/metrics" })).body.split("\n");
	for (const line of [
		'paths{name="robot1/front",state="ready"} 1',
		'paths_readers{name="robot1/front",state="ready",readerType="webRTCSession"} 1',
		'paths_inbound_bytes{name="robot1/front",state="ready"} 336',
		'paths_bytes_received{name="robot1/front",state="ready"} 336',
		'rtsp_sessions{path="robot1/front",state="read"} 2',
		'rtsp_sessions{path="robot1/front",state="publish"} 1',
	]) {
		assert.ok(lines.includes(line), line);
	}
});

test("what viewers report is in the metrics, over all of them", async () => {
	const viewers = [10, 30, 20].map((roundTripMs, at) => ({ id: String(at), state: "read", roundTripMs, loss: null }));
	const webrtcsessions = { list: () => [...viewers, { id: "p", state: "publish" }] };
	await using room = await startControl(OPEN, { sessions: { webrtcsessions } });
	const lines = (await raw(room.url(), { path: "/metrics" })).body.split("\n");
	for (const line of [
		'vedette_webrtc_sessions{state="read"} 3',
		'vedette_webrtc_sessions{state="publish"} 1',
		'vedette_webrtc_round_trip_seconds{quantile="0.5"} 0.02',
		'vedette_webrtc_round_trip_seconds{quantile="1"} 0.03',
	]) {
		assert.ok(lines.includes(line), line);
	}
	assert.ok(!lines.some((line) => line.startsWith("vedette_webrtc_loss_ratio{")), "nobody reported any");
});

test("other origins may use the relay only where they are named", async () => {
	await using room = await startControl(
		`http: { address: "127.0.0.1:0", allowOrigins: ["https://a.example"] }\n${OPEN}`,
	);
	const preflight = (origin: string) =>
		raw(room.url(), {
			method: "OPTIONS",
			path: "/robot1/front/whep",
			headers: { origin, "access-control-request-method": "POST" },
		});
	const allowed = await preflight("https://a.example");
	assert.equal(allowed.status, 204);
	assert.equal(allowed.headers["access-control-allow-origin"], "https://a.example");
	assert.match(String(allowed.headers["access-control-allow-headers"]), /Authorization/);
	assert.equal(allowed.headers["access-control-allow-credentials"], undefined);
	assert.equal((await preflight("https://b.example")).headers["access-control-allow-origin"], undefined);
	const list = await raw(room.url(), { path: "/api/streams", headers: { origin: "https://a.example" } });
	assert.match(String(list.headers["access-control-expose-headers"]), /Location/);
});

test("bad requests get an answer that says why, and harm nobody", async () => {
	await using room = await startControl(
		`http: { address: "127.0.0.1:0", maxBody: 16 KiB, requestTimeout: 1 s }\n${OPEN}`,
	);
	const url = room.url();
	const sdp = { "content-type": "application/sdp" };
	const table: readonly (readonly [Parameters<typeof raw>[1], number])[] = [
		[{ method: "POST", path: "/robot1/front/whep", headers: sdp, body: "x".repeat(20_000) }, 413],
		[{ method: "POST", path: "/login", headers: { "content-type": "application/json" }, body: "{" }, 400],
		[{ method: "POST", path: "/login", headers: { "content-type": "application/json" }, body: '{"name":1}' }, 400],
		[{ method: "POST", path: "/login", headers: { "content-type": "text/plain" }, body: "x" }, 400],
		[
			{ method: "POST", path: "/login", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "x" },
			415,
		],
		[{ method: "POST", path: "/nothing" }, 404],
		[{ path: "/nothing" }, 404],
		[{ method: "HEAD", path: "/api/events" }, 405],
		[{ path: `/${"x".repeat(2000)}` }, 404],
		[{ path: "/%zz" }, 400],
		[{ path: "/thumbnails/../../etc/passwd" }, 404],
		[{ path: "/thumbnails/a b.mp4".replace(" ", "%20") }, 400],
		[{ path: "/thumbnails/none.mp4" }, 404],
		[{ method: "POST", path: "/a/../b/whep", headers: sdp, body: "v=0" }, 400],
		[{ method: "POST", path: "/api/whep", headers: sdp, body: "v=0" }, 400],
		[{ path: "/", headers: { a: "x".repeat(20_000) } }, 431],
	];
	for (const [options, status] of table) {
		const answer = await raw(url, options);
		assert.equal(answer.status, status, `${JSON.stringify(options).slice(0, 100)}: ${answer.body}`);
		assert.doesNotMatch(answer.body, /node_modules|\.ts:/);
	}
	const half = connect(Number(new URL(url).port), "127.0.0.1");
	half.write("GET / HTTP/1.1\r\nHost:");
	let text = "";
	half.on("data", (chunk) => {
		text += chunk;
	});
	await new Promise((resolve) => half.on("close", resolve));
	assert.match(text, /^HTTP\/1\.1 408 /);
	await json(url, "/health");
});

test("a method that a route does not have is told which it has", async () => {
	await using room = await startControl(OPEN);
	const table: readonly (readonly [method: string, path: string, allow: string])[] = [
		["GET", "/stream/start?camera=x", "POST"],
		["OPTIONS", "/stream/stop", "POST"],
		["DELETE", "/health", "GET, HEAD"],
		["PUT", "/v3/paths/get/robot1/front", "GET, HEAD"],
		["POST", "/v3/paths/list", "GET, HEAD"],
		["GET", "/api/robots/enrol", "DELETE, POST"],
		["POST", "/favicon.ico", "GET, HEAD"],
	];
	for (const [method, path, allow] of table) {
		const { status, headers, body } = await raw(room.url(), { method, path });
		assert.deepEqual([status, headers.allow], [405, allow], `${method} ${path}: ${body}`);
	}
	for (const [method, path] of [
		["PUT", "/robot1/front"],
		["POST", "/favicon-ico"],
		["GET", "/api/robots/enrol/2"],
		["GET", "/v3/paths/get/nobody"],
	] as const) {
		assert.equal((await raw(room.url(), { method, path })).status, 404, `${method} ${path}`);
	}
});
