import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { DirectSender, SharedBytes } from "./tcp-send.ts";

async function pair(t: TestContext): Promise<{ near: Socket; far: Socket }> {
	const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
	await once(server, "listening");
	const accepted = once(server, "connection");
	const far = connect({ port: (server.address() as { port: number }).port, host: "127.0.0.1" });
	const [near] = (await accepted) as [Socket];
	t.after(() => {
		near.destroy();
		far.destroy();
		server.close();
	});
	return { near, far };
}

test("what a full socket holds back is not changed by what is written into the same memory next", async (t) => {
	const { near, far } = await pair(t);
	far.pause();
	const sender = new DirectSender(near);
	const shared = new SharedBytes();
	const lengths = [100, 8_000_000, 5, 8_000_000, 8_000_000, 7];
	let blocked = 0;
	for (const [round, length] of lengths.entries()) {
		shared.resize(length).fill(round + 1, 0, length);
		if (!sender.write(shared)) blocked++;
	}
	assert.ok(blocked > 0, "the socket was never full");
	const got: Buffer[] = [];
	const total = lengths.reduce((sum, length) => sum + length, 0);
	for await (const chunk of far) {
		got.push(chunk as Buffer);
		if (got.reduce((sum, { length }) => sum + length, 0) === total) break;
	}
	const expected = Buffer.concat(lengths.map((length, round) => Buffer.alloc(length, round + 1)));
	assert.ok(Buffer.concat(got).equals(expected));
});

test("memory grows to what was needed, and is not made anew after that", () => {
	const shared = new SharedBytes();
	shared.resize(10_000);
	const { room, address } = shared;
	shared.resize(20);
	assert.equal(shared.length, 20);
	assert.equal(shared.resize(room.length), room);
	assert.equal(shared.address, address);
	assert.notEqual(shared.resize(room.length + 1), room);
});
