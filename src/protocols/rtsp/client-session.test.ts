import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClientActions, ClientSession, type Goal } from "./client-session.ts";
import { type Headers, headerOf, type Message, type Request } from "./message.ts";
import { StreamParser } from "./stream-parser.ts";

/** A client whose requests and reports are noted, and a server that answers what it is told. */
function connect(goal: Goal, lower: "tcp" | "udp" = "tcp", credentials = true) {
	const requests: Message[] = [];
	const said: unknown[] = [];
	const firsts: unknown[] = [];
	const parser = new StreamParser({ packet: () => assert.fail(), message: (message) => requests.push(message) });
	const actions: ClientActions = {
		send: (bytes) => parser.push(bytes),
		authorize: ([challenge], method) => (credentials && challenge ? `${challenge} for ${method}` : undefined),
		described: (sdp) => client.choose({ controls: sdp.split(" "), ports: [] }, 0),
		live: (setups) => {
			said.push(setups.map((setup) => setup.transport));
			firsts.push(...setups.map((setup) => setup.first));
		},
		ended: (reason, { location, status }) =>
			said.push(location ? [reason, location] : status ? [reason, status] : reason),
	};
	const client = new ClientSession("rtsp://h/a", goal, lower, actions);
	let now = 0;
	const last = () => requests.at(-1) as Request;
	return {
		client,
		said,
		firsts,
		last,
		lines: () => requests.map((one) => (one.kind === "request" ? `${one.method} ${one.url}` : `${one.status}`)),
		start: () => client.start(now),
		answer(status: number, headers: Headers = [], body = "") {
			const cseq = headerOf(last(), "cseq") ?? "";
			client.message({ kind: "response", status, reason: "x", headers: [["cseq", cseq], ...headers], body }, now);
		},
		wait(ms: number) {
			now += ms;
			client.tick(now);
		},
	};
}

const session = ["session", "abc;timeout=10"] as const;
const tcp = (channel: number) => ["transport", `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}`] as const;

test("a stream of two tracks is played over TCP and kept alive", () => {
	const peer = connect({ mode: "play" });
	peer.start();
	peer.answer(200, [["public", "DESCRIBE, SETUP, GET_PARAMETER"]]);
	assert.equal(headerOf(peer.last(), "accept"), "application/sdp");
	peer.answer(200, [["content-base", "rtsp://h/a/"]], "trackID=0 trackID=1");
	assert.equal(headerOf(peer.last(), "transport"), "RTP/AVP/TCP;unicast;interleaved=0-1");
	peer.answer(200, [session, tcp(0)]);
	assert.equal(headerOf(peer.last(), "session"), "abc");
	peer.answer(200, [session, tcp(6)]);
	peer.answer(200, [["rtp-info", "url=rtsp://h/a/trackID=1;seq=7;rtptime=9"]]);
	assert.deepEqual(peer.firsts, [{}, { sequence: 7, timestamp: 9 }]);
	peer.wait(4999);
	peer.wait(1);
	assert.deepEqual(peer.lines(), [
		"OPTIONS rtsp://h/a",
		"DESCRIBE rtsp://h/a",
		"SETUP rtsp://h/a/trackID=0",
		"SETUP rtsp://h/a/trackID=1",
		"PLAY rtsp://h/a/",
		"GET_PARAMETER rtsp://h/a/",
	]);
	assert.deepEqual(peer.said, [
		[
			{ lower: "tcp", mode: "play", interleaved: [0, 1] },
			{ lower: "tcp", mode: "play", interleaved: [6, 7] },
		],
	]);
	peer.client.close(0);
	assert.equal(peer.last().method, "TEARDOWN");
});

test("a stream is published over UDP, with a login", () => {
	const peer = connect({ mode: "record", sdp: "v=0", controls: ["trackID=0"], ports: [[5000, 5001]] }, "udp");
	peer.start();
	peer.answer(200);
	assert.equal(peer.last().body, "v=0");
	peer.answer(401, [["www-authenticate", "Basic"]]);
	assert.equal(headerOf(peer.last(), "authorization"), "Basic for ANNOUNCE");
	assert.equal(peer.last().body, "v=0");
	peer.answer(200);
	assert.equal(headerOf(peer.last(), "transport"), "RTP/AVP;unicast;client_port=5000-5001;mode=record");
	assert.equal(headerOf(peer.last(), "authorization"), "Basic for SETUP");
	peer.answer(200, [session, ["transport", "RTP/AVP;unicast;client_port=5000-5001;server_port=8000-8001"]]);
	assert.equal(peer.last().method, "RECORD");
	peer.answer(200);
	assert.deepEqual(peer.said, [[{ lower: "udp", mode: "play", clientPort: [5000, 5001], serverPort: [8000, 8001] }]]);
});

const endings: { name: string; drive: (peer: ReturnType<typeof connect>) => void; said: unknown }[] = [
	{
		name: "no such stream",
		drive: (peer) => {
			peer.answer(200);
			peer.answer(404);
		},
		said: ["DESCRIBE was answered with 404 x", 404],
	},
	{
		name: "a password that is wrong",
		drive: (peer) => {
			peer.answer(401, [["www-authenticate", "Basic"]]);
			peer.answer(401, [["www-authenticate", "Basic"]]);
		},
		said: ["OPTIONS was answered with 401: wrong user or password", 401],
	},
	{
		name: "a login that cannot be given",
		drive: (peer) => peer.answer(401, []),
		said: ["OPTIONS was answered with 401: there is no login for it, or none but in the open (Basic)", 401],
	},
	{ name: "no answer", drive: (peer) => peer.wait(10_000), said: "no answer to OPTIONS for 10 s" },
	{
		name: "sent elsewhere",
		drive: (peer) => {
			peer.answer(200);
			peer.answer(302, [["location", "rtsp://other/a"]]);
		},
		said: ["sent elsewhere with 302", "rtsp://other/a"],
	},
	{
		name: "UDP where TCP was asked for",
		drive: (peer) => {
			peer.answer(200);
			peer.answer(200, [], "trackID=0");
			peer.answer(200, [["transport", "RTP/AVP;unicast;server_port=1-2"]]);
		},
		said: "the server gives no TCP for track 0",
	},
];

test("whatever goes wrong ends the session once, with the reason", () => {
	for (const { name, drive, said } of endings) {
		const peer = connect({ mode: "play" });
		peer.start();
		drive(peer);
		peer.answer(200);
		peer.wait(100_000);
		assert.deepEqual(peer.said, [said], name);
	}
});

test("without credentials a login ends the session", () => {
	const peer = connect({ mode: "play" }, "tcp", false);
	peer.start();
	peer.answer(401, [["www-authenticate", "Basic"]]);
	assert.equal(peer.said.length, 1);
});

test("requests of the server are answered, answers to nothing are not", () => {
	const peer = connect({ mode: "play" });
	peer.start();
	peer.client.message({ kind: "request", method: "OPTIONS", url: "*", headers: [["cseq", "7"]], body: "" }, 0);
	peer.client.message({ kind: "request", method: "REDIRECT", url: "*", headers: [["cseq", "8"]], body: "" }, 0);
	peer.client.message({ kind: "response", status: 200, reason: "", headers: [["cseq", "99"]], body: "" }, 0);
	assert.deepEqual(peer.lines(), ["OPTIONS rtsp://h/a", "200", "501"]);
});
