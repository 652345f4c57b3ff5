import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { WebSocket } from "../../net/web-socket.ts";
import { type Call, Connection, type Switchboard } from "./connection.ts";

const SDP = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 8189 typ host\r\n";
const viewer = { type: "viewer", cameraId: "front", streamId: "x", sdpOffer: "v=0" };

type Caller = Parameters<Switchboard["call"]>[1];

/** A client of signaling, and a room that answers its offers when it is told to. */
function connect() {
	const heard: Record<string, unknown>[] = [];
	const closed: unknown[] = [];
	const socket = Object.assign(new EventEmitter(), {
		...{ OPEN: 1, readyState: 1 },
		send: (text: string) => void heard.push(JSON.parse(text)),
		close: (code: number, reason: string) => void closed.push([code, reason]),
		terminate: () => void closed.push("terminated"),
	});
	const calls: { readonly caller: Caller; answer(): void; refuse(message: string): void }[] = [];
	const ended: number[] = [];
	const board: Switchboard = {
		call: (_offer, caller) =>
			new Promise((resolve, reject) => {
				const number = calls.length;
				const call: Call = { session: `s${number}`, sdp: SDP, end: () => void ended.push(number) };
				calls.push({ caller, answer: () => resolve(call), refuse: (message) => reject(new Error(message)) });
			}),
	};
	new Connection(socket as unknown as WebSocket, board);
	const say = (message: object | string): void => {
		socket.emit("message", Buffer.from(typeof message === "string" ? message : JSON.stringify(message)));
	};
	const settled = () => new Promise((resolve) => setImmediate(resolve));
	return { socket, heard, closed, calls, ended, say, settled };
}

test("an offer is answered, with its candidates, and the session's end is told", async () => {
	const { heard, calls, ended, say, settled } = connect();
	say(viewer);
	calls[0]?.answer();
	await settled();
	const candidate = { candidate: "candidate:1 1 udp 1 192.0.2.1 8189 typ host", sdpMid: "0", sdpMLineIndex: 0 };
	assert.deepEqual(heard, [
		{ type: "viewerResponse", sdpAnswer: SDP, viewerId: "s0" },
		{ type: "iceCandidate", candidate },
	]);
	calls[0]?.caller.onEnd("stopped by bob");
	assert.deepEqual(heard.at(-1), { type: "stopped", message: "stopped by bob" });
	say({ type: "stop" });
	assert.deepEqual(ended, [], "what is over is not ended once more");
});

test("a connection has one session: a newer offer, a stop and the end of the connection end it", async () => {
	const { socket, heard, calls, ended, say, settled } = connect();
	say(viewer);
	calls[0]?.answer();
	await settled();
	say(viewer);
	assert.deepEqual(ended, [0]);
	assert.equal(calls[0]?.caller.gone.aborted, true);
	calls[0]?.caller.onEnd("the peer ended it");
	calls[1]?.answer();
	await settled();
	assert.equal(heard.filter(({ type }) => type === "stopped").length, 0, "what a client ends itself it is not told");
	say({ type: "stop" });
	assert.deepEqual(ended, [0, 1]);
	say(viewer);
	calls[2]?.answer();
	await settled();
	socket.emit("close");
	assert.deepEqual(ended, [0, 1, 2]);
});

test("what is answered when nobody waits for it any more is ended, and not told", async () => {
	const { heard, calls, ended, say, settled } = connect();
	say(viewer);
	say(viewer);
	say({ type: "stop" });
	assert.deepEqual(
		calls.map(({ caller }) => caller.gone.aborted),
		[true, true],
	);
	calls[0]?.answer();
	calls[1]?.refuse("nobody publishes");
	await settled();
	assert.deepEqual([heard, ended], [[], [0]]);
});

test("a refusal is told in the language that was spoken last; a token counts from then on", async () => {
	const { heard, calls, say, settled } = connect();
	say({ id: "viewer", sdpOffer: "v=0" });
	assert.equal(calls[0]?.caller.token, undefined);
	calls[0]?.refuse("authentication is needed");
	await settled();
	say({ type: "token", token: "secret" });
	say(viewer);
	assert.equal(calls[1]?.caller.token, "secret");
	calls[1]?.refuse("nobody publishes");
	await settled();
	say("{");
	say({ type: "ping" });
	assert.deepEqual(heard, [
		{ id: "viewerResponse", response: "rejected", message: "authentication is needed" },
		{ type: "error", message: "nobody publishes" },
		{ type: "error", message: "Invalid JSON" },
		{ type: "pong" },
	]);
});

test("who says too much is sent away", () => {
	const { closed, say } = connect();
	for (let n = 0; n < 200; n++) say({ type: "ping" });
	assert.deepEqual(closed, []);
	say({ type: "ping" });
	assert.deepEqual(closed, [[1008, "too many messages"]]);
});
