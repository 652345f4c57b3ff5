import assert from "node:assert/strict";
import { test } from "node:test";
import type { WebRtcDoor, WebRtcOffer } from "../../src/control/http/room.ts";
import { Refused } from "../../src/hub/refused.ts";
import { raw, startControl, users } from "../support/control.ts";

const CLOSED = `access: { failureDelay: 0 s, users: ${users} }
webrtc: { iceServers: [{ urls: ["turn:t:1", "stun:s:2"], username: 'u"', credential: c }] }`;
const OFFER = { "content-type": "application/sdp; charset=utf-8" };
const FRAGMENT = { "content-type": "application/trickle-ice-sdpfrag" };
const viewer = { authorization: "Bearer viewer:v" };
const robot = { authorization: "Bearer robot1:r" };

/** A WebRTC room that knows one session, and notes what it was asked. */
function fakeDoor() {
	const offers: WebRtcOffer[] = [];
	const patches: unknown[] = [];
	const door: WebRtcDoor = {
		offer: async (offer) => {
			offers.push(offer);
			if (offer.sdp === "absent") throw new Refused("absent", "nobody publishes");
			if (offer.sdp === "in use") throw new Refused("in use", "somebody else does");
			if (offer.sdp === "406") throw Object.assign(new Error("no common video track"), { status: 406 });
			if (offer.sdp === "crash") throw new TypeError("x is not a function");
			const leftOut = [{ track: 1, codec: "MPEG-4 Audio", reason: "browsers do not take it – ever" }];
			return { id: "s3cr3t", sdp: "v=0 answer", etag: "e1", leftOut };
		},
		patch: async (session, fragment, ifMatch) => {
			patches.push({ session, fragment, ifMatch });
			if (ifMatch === "old") throw Object.assign(new Error("another ICE session"), { status: 412 });
			return { etag: "e2", fragment: ifMatch === "*" ? "a=ice-ufrag:x" : undefined };
		},
		end: ({ id }) => id === "s3cr3t",
	};
	return { door, offers, patches };
}

test("an offer is answered with the session's address, its tag and the ICE servers", async () => {
	const { door, offers } = fakeDoor();
	await using room = await startControl(CLOSED, { webrtc: door });
	const headers = { ...OFFER, ...viewer, "user-agent": "test" };
	const answer = await raw(room.url(), { method: "POST", path: "/robot1/front/whep?a=b", headers, body: "v=0" });
	assert.equal(answer.status, 201, answer.body);
	assert.equal(answer.body, "v=0 answer");
	assert.equal(answer.headers["content-type"], "application/sdp");
	assert.equal(answer.headers.location, "/robot1/front/whep/s3cr3t");
	assert.equal(answer.headers.etag, '"e1"');
	assert.equal(answer.headers["accept-patch"], "application/trickle-ice-sdpfrag");
	const link = 'rel="ice-server"; username="u\\""; credential="c"; credential-type="password"';
	assert.equal(answer.headers.link, `<turn:t:1>; ${link}, <stun:s:2>; ${link}`);
	assert.deepEqual(JSON.parse(String(answer.headers["vedette-left-out"])), [
		{ track: 1, codec: "MPEG-4 Audio", reason: "browsers do not take it – ever" },
	]);
	const { principal, gone, ...offer } = offers[0]!;
	assert.equal(gone.aborted, false);
	assert.equal(principal.name, "viewer");
	assert.deepEqual(offer, {
		direction: "read",
		path: "robot1/front",
		sdp: "v=0",
		remoteAddress: "127.0.0.1",
		userAgent: "test",
		query: "a=b",
	});
});

test("publishing and watching are different rights", async () => {
	const { door, offers } = fakeDoor();
	await using room = await startControl(CLOSED, { webrtc: door });
	const post = async (path: string, login: Record<string, string>) =>
		(await raw(room.url(), { method: "POST", path, headers: { ...OFFER, ...login }, body: "v=0" })).status;
	assert.equal(await post("/robot1/front/whip", robot), 201);
	assert.equal(await post("/robot1/front/whip", viewer), 403);
	assert.equal(await post("/robot1/front/whep", robot), 403);
	assert.equal(await post("/robot2/front/whip", robot), 403);
	assert.equal(await post("/robot1/whip/whip", robot), 201);
	assert.deepEqual(
		offers.map(({ direction, path }) => [direction, path]),
		[
			["publish", "robot1/front"],
			["publish", "robot1/whip"],
		],
	);
});

test("offers that are not served get the status that says why", async () => {
	const { door } = fakeDoor();
	await using room = await startControl(CLOSED, { webrtc: door });
	const post = (body: string, headers: Record<string, string> = OFFER) =>
		raw(room.url(), { method: "POST", path: "/robot1/front/whep", headers: { ...headers, ...viewer }, body });
	const absent = await post("absent");
	assert.deepEqual([absent.status, absent.headers["retry-after"]], [404, "2"]);
	assert.equal((await post("in use")).status, 409);
	const common = await post("406");
	assert.deepEqual(
		[common.status, JSON.parse(common.body)],
		[406, { status: "error", error: "no common video track" }],
	);
	const crash = await post("crash");
	assert.deepEqual([crash.status, JSON.parse(crash.body)], [500, { status: "error", error: "internal error" }]);
	assert.match(room.lines.at(-1) ?? "", /request failed/);
	assert.equal((await post("{}", { "content-type": "application/json" })).status, 415);
	assert.equal((await post("")).status, 400);
	assert.equal((await post("x".repeat(300_000))).status, 413);
});

test("sessions are changed and ended at their address", async () => {
	const { door, patches } = fakeDoor();
	await using room = await startControl(CLOSED, { webrtc: door });
	const path = "/robot1/front/whep/s3cr3t";
	const patch = (ifMatch: Record<string, string>) =>
		raw(room.url(), { method: "PATCH", path, headers: { ...FRAGMENT, ...ifMatch }, body: "a=candidate" });
	assert.equal((await patch({ "if-match": '"e1"' })).status, 204);
	const restart = await patch({ "if-match": "*" });
	assert.deepEqual([restart.status, restart.body, restart.headers.etag], [200, "a=ice-ufrag:x", '"e2"']);
	assert.equal((await patch({ "if-match": '"old"' })).status, 412);
	assert.equal((await patch({})).status, 204);
	const session = { direction: "read", path: "robot1/front", id: "s3cr3t" };
	assert.deepEqual(patches[0], { session, fragment: "a=candidate", ifMatch: "e1" });
	assert.equal((await raw(room.url(), { method: "DELETE", path })).status, 200);
	assert.equal((await raw(room.url(), { method: "DELETE", path: "/robot1/front/whep/other" })).status, 404);
	assert.equal((await raw(room.url(), { method: "DELETE", path: "/robot1/front/whep" })).status, 405);
	assert.equal((await raw(room.url(), { method: "POST", path, headers: OFFER, body: "v=0" })).status, 405);
});

test("OPTIONS tells the ICE servers to those who may use the path", async () => {
	await using room = await startControl(CLOSED, { webrtc: fakeDoor().door });
	const options = (headers: Record<string, string>) =>
		raw(room.url(), { method: "OPTIONS", path: "/robot1/front/whep", headers });
	const answer = await options(viewer);
	assert.equal(answer.status, 204);
	assert.match(String(answer.headers.link), /^<turn:t:1>; rel="ice-server"/);
	assert.equal((await options({})).status, 401);
});

test("without WebRTC the relay says so", async () => {
	await using room = await startControl(CLOSED);
	const headers = { ...OFFER, ...viewer };
	assert.equal((await raw(room.url(), { method: "POST", path: "/robot1/x/whep", headers, body: "v=0" })).status, 503);
});
