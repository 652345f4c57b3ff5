import assert from "node:assert/strict";
import { get } from "node:http";
import { test } from "node:test";
import type { HlsDoor, LiveDoor, SessionSource, WebRtcDoor } from "../../src/control/http/room.ts";
import { Refused } from "../../src/hub/refused.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import { publishTo, raw, startControl, users } from "../support/control.ts";
import { answerChecker, operationsOf, type Place, readDocument } from "../support/openapi.ts";

/** A request for one operation, and how it is answered. */
interface Row {
	readonly id: string;
	readonly status: number;
	/** What stands in braces in the address, `robot1/front` and the like where it is left out. */
	readonly at?: Readonly<Record<string, string>>;
	readonly query?: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: object | string;
	/** Asked with these credentials; `null` without any. */
	readonly as?: string | null;
}

const ADMIN = "Bearer admin:a";
const places = { path: "robot1/front", id: "CAM", session: "s1", robot: "robot1", camera: "front", file: "x-1234.js" };
const sdp = { "content-type": "application/sdp" };
const fragment = { "content-type": "application/trickle-ice-sdpfrag" };
const page = { accept: "text/html" };
const idle = { id: "cameras/5" };
const nobody = { path: "robot1/nobody" };
const unknown = { session: "s2" };

const rows: readonly Row[] = [
	{ id: "startCamera", status: 201, at: { id: "SLEEPER" }, body: { max_bandwidth: 3000 } },
	{ id: "startCamera", status: 409 },
	{ id: "startCamera", status: 400, body: { max_bandwidth: -1 } },
	{ id: "startCamera", status: 404, at: { id: "robot9/front" } },
	{ id: "startCamera", status: 401, as: null },
	{ id: "startCamera", status: 403, as: "Bearer viewer:v" },
	{ id: "listCameras", status: 200 },
	{ id: "getCamera", status: 200 },
	{ id: "getCamera", status: 404, at: idle },
	{ id: "listViewers", status: 200 },
	{ id: "listViewersOfCamera", status: 200 },
	{ id: "listViewersOfCamera", status: 404, at: { id: "robot9/front" } },
	{ id: "stopCamera", status: 404, at: idle },
	{ id: "stopCamera", status: 200, at: { id: "SLEEPER" } },
	{ id: "publishStart", status: 503 },
	{ id: "publishStart", status: 400, query: "robot=..&camera=front" },
	{ id: "publishStart", status: 400, query: "robot=robot1" },
	{ id: "publishStop", status: 200, query: "robot=cameras&camera=4" },
	{ id: "askWhatIsWanted", status: 200, at: { robot: "robot2" } },
	{ id: "askWhatIsWanted", status: 304, at: { robot: "robot2" }, headers: { "if-none-match": '"0"' } },
	{ id: "askWhatIsWanted", status: 400, at: { robot: ".." } },
	{ id: "login", status: 200, as: null, body: { name: "viewer", password: "v" } },
	{ id: "login", status: 400, as: null, body: { name: "viewer" } },
	{ id: "login", status: 401, as: null, body: { name: "viewer", password: "w" } },
	{ id: "logout", status: 204 },
	{ id: "logout", status: 403, headers: { origin: "https://example.org" } },
	{ id: "whoAmI", status: 200 },
	{ id: "whoAmI", status: 200, as: null },
	{ id: "listStreams", status: 200 },
	{ id: "listStreams", status: 200, as: "Bearer viewer:v" },
	{ id: "getStream", status: 200 },
	{ id: "getStream", status: 404, at: { id: ".." } },
	{ id: "listRobots", status: 200 },
	{ id: "listRobots", status: 400, query: "limit=0" },
	{ id: "listRobots", status: 400, query: "limit=10001" },
	{ id: "inviteRobot", status: 409, body: { name: "robot3" } },
	{ id: "inviteRobot", status: 400, body: { name: "no name" } },
	{ id: "inviteRobot", status: 400, body: { name: "robot3", replace: "no" } },
	{ id: "revokeRobot", status: 404 },
	{ id: "enrolRobot", status: 403, body: {} },
	{ id: "health", status: 200 },
	{ id: "health", status: 200, as: null },
	{ id: "metrics", status: 200 },
	{ id: "info", status: 200 },
	{ id: "pathsList", status: 200 },
	{ id: "pathsList", status: 400, query: "itemsPerPage=0" },
	{ id: "pathsGet", status: 200 },
	{ id: "pathsGet", status: 404, at: nobody },
	{ id: "hlsMuxersList", status: 200 },
	{ id: "hlsMuxersGet", status: 200 },
	{ id: "hlsMuxersGet", status: 404, at: nobody },
	{ id: "forwardsList", status: 200 },
	{ id: "forwardsGet", status: 200, query: "id=f1" },
	{ id: "forwardsGet", status: 404, query: "id=f2" },
	{ id: "rtspsessionsList", status: 200 },
	{ id: "rtspsessionsGet", status: 200 },
	{ id: "rtspsessionsGet", status: 404, at: unknown },
	{ id: "rtspsessionsKick", status: 200 },
	{ id: "rtspsessionsKick", status: 404, at: unknown },
	...["watch", "publish"].flatMap((word): Row[] => [
		{ id: `${word}ByWebRtc`, status: 201, headers: sdp, body: "v=0" },
		{ id: `${word}ByWebRtc`, status: 415, headers: fragment, body: "v=0" },
		{ id: `${word}ByWebRtc`, status: 401, as: null, headers: sdp, body: "v=0" },
		{ id: `${word}Options`, status: 204 },
		{ id: `${word}Patch`, status: 204, headers: fragment, body: "a=candidate" },
		{ id: `${word}Patch`, status: 200, headers: { ...fragment, "if-match": "*" }, body: "a=ice-ufrag:x" },
		{ id: `${word}End`, status: 200 },
		{ id: `${word}End`, status: 404, at: unknown },
	]),
	{ id: "hlsIndex", status: 200 },
	{ id: "hlsIndex", status: 404, at: nobody },
	{ id: "hlsPlaylist", status: 200 },
	{ id: "hlsFile", status: 200, at: { file: "1f_seg7.mp4" } },
	{ id: "hlsFile", status: 404, at: { file: "1f_seg8.mp4" } },
	{ id: "watchFrames", status: 426 },
	{ id: "watchFrames", status: 401, as: null },
	{ id: "thumbnail", status: 404, at: nobody },
	{ id: "mqtt", status: 404 },
	{ id: "signaling", status: 426 },
	{ id: "signalingLikeKurento", status: 426 },
	{ id: "home", status: 200 },
	{ id: "home", status: 200, headers: page },
	{ id: "home", status: 302, headers: page, as: null },
	{ id: "watchPage", status: 200 },
	{ id: "streamInBrowser", status: 302, headers: page },
	{ id: "streamInBrowser", status: 404 },
	{ id: "viewerPage", status: 200 },
	{ id: "viewerFile", status: 200 },
	{ id: "robotsPage", status: 200 },
	{ id: "loginPage", status: 200 },
	{ id: "asset", status: 200 },
	{ id: "asset", status: 404, at: { file: "none.js" } },
	{ id: "player", status: 200 },
	{ id: "icon", status: 204 },
	{ id: "openapi", status: 200 },
	{ id: "reference", status: 200 },
];

const webrtc: WebRtcDoor = {
	offer: async () => ({ id: "s1", sdp: "v=0", etag: "e1", leftOut: [] }),
	patch: async (_session, text) => ({ etag: "e2", fragment: text.includes("ufrag") ? text : undefined }),
	end: ({ id }) => id === "s1",
};

const hls: HlsDoor = {
	answer: async (path, name) => {
		if (path !== places.path) throw new Refused("absent", "nobody publishes");
		if (name.endsWith(".m3u8"))
			return { status: 200, type: "application/vnd.apple.mpegurl", body: "#EXTM3U", maxAge: 0 };
		const status = name === "1f_seg7.mp4" ? 200 : 404;
		return { status, type: "video/mp4", body: "there is no such file", maxAge: 3600 };
	},
	muxers: () => [{ path: "robot1/front", created: new Date(0).toISOString() }],
};

const live: LiveDoor = {
	prepare: () => () => undefined,
};

const session = {
	id: "s1",
	created: new Date(0).toISOString(),
	state: "read",
	path: "robot1/front",
	user: "",
	more: 1,
};
const rtspsessions: SessionSource = { list: () => [session], kick: (id) => id === "s1" };
const forwards = { list: () => [{ id: "f1", path: "robot1/front", state: "forwarding" }] };

/** A control room with everything that can be asked: a stream, a camera that sleeps, sessions. */
async function startRoom() {
	const streams = "{ CAM: { path: robot1/front }, SLEEPER: { path: cameras/4 } }";
	const yaml = `access: { failureDelay: 0 s, users: ${users} }\nwebrtc: { iceServers: [{ urls: ["stun:s:2"] }] }\nstreams: ${streams}\npaths: { all_others: {}, cameras/5: {} }`;
	const room = await startControl(yaml, { webrtc, hls, live, forwards, sessions: { rtspsessions } });
	publishTo(room.hub, "robot1/front").feed(2);
	const sleeper = parsePathName("cameras/4")!;
	let camera: ReturnType<typeof publishTo> | undefined;
	room.hub.demand.drive(sleeper, {
		kind: "robot",
		open: (reports) => {
			queueMicrotask(() => reports.online());
			return {
				start: () => {
					camera ??= publishTo(room.hub, sleeper);
					camera.feed(2);
				},
				stop: () => camera?.publication.end("the robot stopped"),
			};
		},
	});
	return room;
}

/** Asks what a row says. */
function ask(url: string, { method, path }: Place, { at, query, headers, body, as = ADMIN }: Row) {
	const values = new Map(Object.entries({ ...places, ...at }));
	const address = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => values.get(name)!);
	const isJson = typeof body === "object";
	return raw(url, {
		method,
		path: query === undefined ? address : `${address}?${query}`,
		headers: {
			...(as !== null && { authorization: as }),
			...(isJson && { "content-type": "application/json" }),
			...headers,
		},
		...(body !== undefined && { body: isJson ? JSON.stringify(body) : body }),
	});
}

test("every operation answers as the document says", async () => {
	await using room = await startRoom();
	const document = await readDocument(room.url());
	const check = answerChecker(document);
	const known = new Map(operationsOf(document).map((place) => [place.operation.operationId, place]));
	for (const row of rows) {
		const place = known.get(row.id);
		assert.ok(place, `${row.id} is not in the document`);
		const where = `${row.id} ${row.status}`;
		const answer = await ask(room.url(), place, row);
		assert.equal(answer.status, row.status, `${where}: ${answer.body.slice(0, 200)}`);
		const declared = place.operation.responses[row.status];
		assert.ok(declared, `${where} is not declared`);
		for (const [name, { description }] of Object.entries(declared.headers ?? {})) {
			const isOptional = description.includes("where ");
			assert.ok(isOptional || answer.headers[name.toLowerCase()] !== undefined, `${where} has no ${name}`);
		}
		const type = String(answer.headers["content-type"] ?? "").split(";")[0]!;
		const media = declared.content?.[type] ?? declared.content?.["*/*"];
		if (!declared.content) assert.equal(answer.body, "", where);
		else assert.ok(media, `${where}: ${type} is not declared`);
		if (media && type === "application/json") check(media.schema, JSON.parse(answer.body), where);
	}
	const asked = new Set([...rows.map(({ id }) => id), "followStreams"]);
	assert.deepEqual(
		[...known.keys()].filter((id) => !asked.has(id)),
		[],
		"these are never asked",
	);
});

test("the events are the list of streams", async () => {
	await using room = await startRoom();
	const document = await readDocument(room.url());
	const text = await new Promise<string>((resolve, reject) => {
		const request = get(`${room.url()}/api/events`, { headers: { authorization: ADMIN } }, (response) => {
			let heard = "";
			response.setEncoding("utf8").on("data", (chunk: string) => {
				heard += chunk;
				if (!/^data: .*\n\n/m.test(heard)) return;
				resolve(heard);
				request.destroy();
			});
		});
		request.on("error", reject);
	});
	const data = /^data: (.*)$/m.exec(text)?.[1];
	answerChecker(document)({ $ref: "#/components/schemas/Streams" }, JSON.parse(data ?? ""), "event");
});
