import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { choosePorts } from "./ports.ts";

async function takeTcp(t: TestContext): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	t.after(() => server.close());
	await once(server, "listening");
	return (server.address() as AddressInfo).port;
}

async function takeUdp(t: TestContext): Promise<number> {
	const socket = createSocket("udp4").bind(0, "127.0.0.1");
	t.after(() => socket.close());
	await once(socket, "listening");
	return socket.address().port;
}

test("free ports stay, taken ones are replaced by free ones", async (t) => {
	const taken = { http: await takeTcp(t), rtsp: await takeTcp(t), rtp: await takeUdp(t), webrtc: await takeUdp(t) };
	const chosen = await choosePorts(taken);
	for (const key of ["http", "rtsp", "rtp", "webrtc"] as const) {
		assert.notEqual(chosen[key], taken[key], key);
		assert.ok(chosen[key] > 0, key);
	}
	assert.equal(chosen.rtp % 2, 0);
	assert.deepEqual(await choosePorts(chosen), chosen);
});
