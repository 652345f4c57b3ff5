import assert from "node:assert/strict";
import { test } from "node:test";
import { Handshake } from "./handshake.ts";

const random = (fill: number): Buffer => Buffer.alloc(1528, fill);

/** Takes both sides' words to the other until nobody says anything, in pieces of so many bytes. */
function meet(pieces: number): { server: Buffer; client: Buffer } {
	const server = new Handshake("server", random(1));
	const client = new Handshake("client", random(2));
	let toServer = Buffer.concat([client.hello()]);
	let toClient = Buffer.alloc(0);
	let left: { server?: Buffer; client?: Buffer } = {};
	while (!left.server || !left.client) {
		const said = server.push(toServer.subarray(0, pieces));
		toServer = toServer.subarray(pieces);
		if (said.rest) left = { ...left, server: Buffer.concat([said.rest, toServer]) };
		toClient = Buffer.concat([toClient, said.reply ?? Buffer.alloc(0)]);
		if (left.client) continue;
		const answer = client.push(toClient.subarray(0, pieces));
		toClient = toClient.subarray(pieces);
		if (answer.rest) left = { ...left, client: Buffer.concat([answer.rest, toClient]) };
		toServer = Buffer.concat(
			[toServer, answer.reply ?? Buffer.alloc(0), answer.rest ? Buffer.from("next") : ""].map((one) =>
				Buffer.from(one),
			),
		);
	}
	return { server: left.server!, client: left.client! };
}

test("both sides come through, in pieces of any size", () => {
	for (const pieces of [1, 7, 1536, 1537, 5000]) {
		const { server, client } = meet(pieces);
		assert.equal(server.toString(), "next");
		assert.equal(client.length, 0);
	}
});

test("the server echoes the client's bytes and announces no digest, whatever the client announces", () => {
	const server = new Handshake("server", random(1));
	// Flash and ffmpeg have a version and a digest in their first packet.
	const digest = Buffer.concat([Buffer.of(3, 0, 0, 0, 9, 0x80, 0, 7, 2), Buffer.alloc(1528, 0x5a)]);
	const { reply } = server.push(digest);
	assert.equal(reply?.length, 1 + 2 * 1536);
	assert.deepEqual(reply!.subarray(5, 9), Buffer.alloc(4));
	assert.deepEqual(reply!.subarray(1537), digest.subarray(1));
	// The second packet is taken as it is: OBS echoes, others send zeros.
	assert.equal(server.push(Buffer.concat([Buffer.alloc(1536), Buffer.from("x")])).rest?.toString(), "x");
});

test("another version is refused with its first byte", () => {
	assert.throws(() => new Handshake("server", random(1)).push(Buffer.of(6)), /RTMP version 6, only 3/);
	assert.throws(() => new Handshake("server", random(1)).push(Buffer.from("GET / HTTP/1.1")), /version 71/);
	assert.throws(() => new Handshake("client", random(1)).push(Buffer.from("HTTP/1.1 400")), /version 72/);
});
