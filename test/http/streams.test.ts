import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { test } from "node:test";
import { byteRange } from "../../src/control/http/ranges.ts";
import type { DemandInfo } from "../../src/control/page-api.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import type { Track } from "../../src/media/track.ts";
import { publishTo, raw, startControl, users } from "../support/control.ts";
import { h264Track, PARAMETER_SETS } from "../support/tracks.ts";

const OPEN = "access: { anonymous: [publish, read, api, metrics] }";
const CLOSED = `access: { failureDelay: 0 s, users: ${users} }`;
const viewer = { authorization: `Basic ${btoa("viewer:v")}` };

interface View {
	name: string;
	state: string;
	thumbnail: string | null;
	viewers: number;
	bitrate: number;
	publisher: { address: string | null } | null;
	tracks: { fps: number | null; width: number | null }[];
	demand: DemandInfo | null;
	sourceFault: string | null;
}

interface Listing {
	now: number;
	streams: View[];
}

async function streams(url: string, headers: Record<string, string> = {}): Promise<View[]> {
	const answer = await raw(url, { path: "/api/streams", headers });
	assert.equal(answer.status, 200, answer.body);
	return (JSON.parse(answer.body) as Listing).streams;
}

/** The events of `/api/events`, one after the other. */
async function* events(
	url: string,
	headers: Record<string, string> = {},
): AsyncGenerator<{ response: IncomingMessage; data: Listing }> {
	const response = await new Promise<IncomingMessage>((resolve, reject) => {
		get(`${url}/api/events`, { headers }, resolve).on("error", reject);
	});
	assert.equal(response.statusCode, 200);
	response.setEncoding("utf8");
	let text = "";
	try {
		for await (const chunk of response) {
			text += chunk as string;
			for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
				const event = text.slice(0, end);
				text = text.slice(end + 2);
				if (event.startsWith("event: streams\ndata: "))
					yield { response, data: JSON.parse(event.slice(21)) as Listing };
			}
		}
	} finally {
		response.destroy();
	}
}

test("the list of streams is what docs/page-api.md says", async () => {
	await using room = await startControl(`${OPEN}\npaths: { all_others: {}, idle: {} }`);
	const { feed, publication } = publishTo(room.hub, "robot1/front");
	feed(1);
	const info = { type: "webRTCSession", id: "r", remoteAddress: "192.0.2.9", user: "" };
	room.hub.read(parsePathName("robot1/front")!, [0], info, { onEnd: () => undefined });
	const [idle, front] = await streams(room.url());
	assert.deepEqual(idle, {
		name: "idle",
		state: "offline",
		since: null,
		lastPacketAt: null,
		tracks: [],
		publisher: null,
		viewers: 0,
		bitrate: 0,
		lost: 0,
		thumbnail: null,
		watch: "/watch/idle",
		whep: "/idle/whep",
		demand: null,
		sourceFault: null,
	});
	const { lastPacketAt, thumbnail, ...rest } = front as View & { lastPacketAt: number };
	assert.ok(Math.abs(lastPacketAt - Date.now()) < 5000);
	assert.match(thumbnail ?? "", /^\/thumbnails\/robot1\/front\.mp4\?v=[\w-]+$/);
	assert.deepEqual(rest, {
		name: "robot1/front",
		state: "live",
		since: publication.since,
		tracks: [{ kind: "video", codec: "H264", width: 240, height: 160, fps: null, channels: null, webrtc: true }],
		publisher: { protocol: "rtsp", user: "robot1", address: "192.0.2.7:5000" },
		viewers: 1,
		bitrate: 0,
		lost: 0,
		watch: "/watch/robot1/front",
		whep: "/robot1/front/whep",
		demand: null,
		sourceFault: null,
	});
	publication.close("gone");
	assert.equal((await streams(room.url()))[1]?.state, "stalled", "readers still wait");
});

test("one stream, by its path or by the id of its camera", async () => {
	await using room = await startControl(`${CLOSED}\nstreams: { CAM4: { path: robot1/front } }`);
	publishTo(room.hub, "robot1/front").feed(1);
	const one = async (id: string, headers: Record<string, string> = viewer) => {
		const { status, body } = await raw(room.url(), { path: `/api/streams/${id}`, headers });
		const { stream } = JSON.parse(body) as { stream?: View };
		return [status, stream?.name, stream?.state, stream?.publisher?.address];
	};
	assert.deepEqual(await one("CAM4"), [200, "robot1/front", "live", null]);
	assert.deepEqual(await one("robot1/front", { authorization: "Bearer administrators-token" }), [
		...[200, "robot1/front", "live", "192.0.2.7:5000"],
	]);
	assert.deepEqual(await one("robot1/rear"), [200, "robot1/rear", "offline", undefined]);
	assert.equal((await one("secret"))[0], 403);
	assert.equal((await one("CAM4", {}))[0], 401);
	assert.equal((await one("a%20b"))[0], 404);
});

test("everybody sees what they may read, and publishers' addresses only with the right api", async () => {
	await using room = await startControl(CLOSED);
	publishTo(room.hub, "robot1/front").feed(1);
	publishTo(room.hub, "secret").feed(1);
	const seen = await streams(room.url(), viewer);
	assert.deepEqual(
		seen.map(({ name, publisher }) => [name, publisher?.address]),
		[["robot1/front", null]],
	);
	const all = await streams(room.url(), { authorization: "Bearer administrators-token" });
	assert.deepEqual(
		all.map(({ name, publisher }) => [name, publisher?.address]),
		[
			["robot1/front", "192.0.2.7:5000"],
			["secret", "192.0.2.7:5000"],
		],
	);
});

test("a path that sleeps is shown, and who keeps it awake, from where only with the right api", async () => {
	await using room = await startControl(CLOSED);
	const path = parsePathName("robot1/rear")!;
	const driver = { start: () => undefined, stop: () => undefined };
	room.hub.demand.drive(path, { kind: "command", open: () => driver });
	const [asleep] = await streams(room.url(), viewer);
	assert.deepEqual([asleep?.name, asleep?.state, asleep?.demand?.state], ["robot1/rear", "offline", "idle"]);
	room.hub.demand.start(path, { by: { type: "mqtt", user: "bob", remoteAddress: "192.0.2.3" } });
	for (const [headers, address] of [
		[viewer, null],
		[{ authorization: "Bearer administrators-token" }, "192.0.2.3"],
	] as const) {
		const [woken] = await streams(room.url(), headers);
		assert.deepEqual([woken?.demand?.state, woken?.demand?.online, woken?.demand?.error], ["starting", true, null]);
		assert.deepEqual(
			woken?.demand?.holds.map(({ since, ...hold }) => hold),
			[{ by: "mqtt", user: "bob", address }],
		);
	}
});

test("events come at once and then each second, with bitrate and pictures per second", async () => {
	await using room = await startControl(OPEN);
	const { feed } = publishTo(room.hub, "camera");
	feed(1);
	const feeding = setInterval(() => feed(3), 100);
	try {
		let count = 0;
		const began = Date.now();
		for await (const { data, response } of events(room.url())) {
			if (count === 0) {
				assert.match(String(response.headers["content-type"]), /^text\/event-stream/);
				assert.equal(data.streams[0]?.name, "camera");
				assert.ok(Date.now() - began < 900, "the first event comes at once");
			}
			count++;
			const camera = data.streams[0]!;
			if (camera.tracks[0]?.fps && camera.bitrate > 10_000) {
				assert.equal(camera.tracks[0].fps, 30, "by the stream's own timestamps");
				return;
			}
			assert.ok(count < 6, "rates are known within a few seconds");
		}
		assert.fail("the events ended");
	} finally {
		clearInterval(feeding);
	}
});

test("events end with the relay, without keeping it", async () => {
	const room = await startControl(OPEN);
	const listening = events(room.url());
	await listening.next();
	const ended = listening.next().then(
		() => "ended",
		() => "ended",
	);
	await room[Symbol.asyncDispose]();
	assert.equal(await ended, "ended");
});

test("a thumbnail is the last key frame as an MP4, whole or in ranges", async () => {
	await using room = await startControl(OPEN);
	const { feed } = publishTo(room.hub, "camera");
	const ask = (path: string, headers: Record<string, string> = {}) => raw(room.url(), { path, headers });
	assert.equal((await streams(room.url()))[0]?.thumbnail, null);
	assert.equal((await ask("/thumbnails/camera.mp4")).status, 404);
	feed(3);
	const [view] = await streams(room.url());
	assert.ok(view?.thumbnail, "a first picture is told at once");
	const whole = await ask(view.thumbnail);
	assert.equal(whole.status, 200);
	assert.equal(whole.headers["content-type"], "video/mp4");
	assert.match(String(whole.headers["cache-control"]), /immutable/);
	assert.match(whole.body, /ftyp[\s\S]*moov[\s\S]*avcC[\s\S]*mdat/);
	const length = Number(whole.headers["content-length"]);
	assert.ok(length > 600);
	const part = await ask("/thumbnails/camera.mp4", { range: "bytes=4-7" });
	assert.deepEqual([part.status, part.body, part.headers["content-range"]], [206, "ftyp", `bytes 4-7/${length}`]);
	assert.equal(part.headers["cache-control"], "no-cache");
	assert.equal((await ask("/thumbnails/camera.mp4", { range: `bytes=${length}-` })).status, 416);
	assert.equal((await ask("/thumbnails/camera.mp4", { "if-none-match": String(whole.headers.etag) })).status, 304);
});

const codings = [
	{ codec: "h264", encoding: "H264", key: "6742c01ed903c568400000030040000000c038b192 68cb83cb20 658801", box: /avcC/ },
	{ codec: "av1", encoding: "AV1", key: "0a0b000000043d06d4daf900403201ff", box: /av1C/ },
	{ codec: "vp9", encoding: "VP9", key: "824983420014100b5606", box: /vpcC/ },
] as const;

for (const { codec, encoding, key, box } of codings) {
	test(`of frames of ${encoding} that nobody reads: size and thumbnail`, async () => {
		await using room = await startControl(OPEN);
		const fmtp = codec === "h264" ? PARAMETER_SETS : "";
		const track: Track = { ...h264Track(fmtp), codec, encoding };
		const publisher = { type: "rtmpConn", id: "p", remoteAddress: "", identity: "p" };
		const publication = room.hub.publish(parsePathName("camera")!, [track], publisher, { onEnd: () => undefined });
		const units = key.split(" ").map((hex) => Buffer.from(hex, "hex"));
		const look = async () => (await streams(room.url()))[0]!;
		assert.equal((await look()).thumbnail, null);
		publication.frame({ track: 0, pts: 3000, key: true, units });
		const { thumbnail, tracks } = await look();
		assert.equal(tracks[0]?.width, codec === "h264" ? 240 : 322);
		const { status, body, headers } = await raw(room.url(), { path: thumbnail! });
		assert.equal(status, 200);
		assert.match(body, box);
		publication.frame({ track: 0, pts: 6000, key: true, units });
		const again = await raw(room.url(), { path: "/thumbnails/camera.mp4" });
		assert.notEqual(again.headers.etag, headers.etag, "another key frame, another picture");
		const { tracks2 } = JSON.parse((await raw(room.url("api"), { path: "/v3/paths/get/camera" })).body);
		assert.deepEqual(tracks2[0].codecProps, properties[codec]);
	});
}

/** What MediaMTX tells of each. */
const properties = {
	h264: { width: 240, height: 160, profile: "Baseline", level: "3" },
	av1: { width: 322, height: 182, profile: 0, level: 0, tier: 0 },
	vp9: { profile: 0 },
};

test("byte ranges", () => {
	const table: readonly (readonly [string | undefined, readonly [number, number] | undefined])[] = [
		[undefined, undefined],
		["bytes=0-1", [0, 1]],
		["bytes=5-", [5, 99]],
		["bytes=-10", [90, 99]],
		["bytes=-1000", [0, 99]],
		["bytes=50-1000", [50, 99]],
		["bytes=100-", [100, 99]],
		["bytes=-", undefined],
		["bytes=0-1,3-4", undefined],
		["lines=0-1", undefined],
		["bytes=-0", [100, 99]],
	];
	for (const [header, range] of table) assert.deepEqual(byteRange(header, 100), range, header);
});

test("why a source gives nothing is told to who may see addresses; others hear that it is so", async () => {
	await using room = await startControl(`${CLOSED}\npaths: { robot1/gate: {} }`);
	const fault = "connect ECONNREFUSED 127.0.0.1:9";
	room.hub.sourceFaults.set(parsePathName("robot1/gate")!, fault);
	const admin = { authorization: `Basic ${btoa("admin:a")}` };
	for (const [headers, told] of [
		[admin, fault],
		[viewer, "the relay gets nothing from its source"],
	] as const) {
		assert.equal((await streams(room.url(), headers))[0]?.sourceFault, told);
		const one = JSON.parse((await raw(room.url(), { path: "/api/streams/robot1/gate", headers })).body);
		assert.equal(one.stream.sourceFault, told);
	}
});
