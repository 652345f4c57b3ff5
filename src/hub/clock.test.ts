import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { systemClock } from "./clock.ts";

/** Does nothing else for so many milliseconds, and lets nobody else do anything. */
function standStill(ms: number): void {
	for (const until = performance.now() + ms; performance.now() < until; );
}

test("what came while the process stood still is read before a deadline is over", async (t) => {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	assert.ok(address !== null && typeof address === "object");
	const client = connect(address.port, "127.0.0.1");
	const [[accepted]] = (await Promise.all([once(server, "connection"), once(client, "connect")])) as [
		[Socket],
		unknown,
	];
	t.after(() => {
		for (const end of [client, accepted]) end.destroy();
		server.close();
	});
	const order: string[] = [];
	accepted.on("data", () => order.push("read"));
	await new Promise<void>((resolve) => {
		systemClock.after(5, () => {
			order.push("due");
			resolve();
		});
		client.write("x");
		standStill(20);
	});
	assert.deepEqual(order, ["read", "due"]);
});

test("what is taken back is not called, even when its time has come", async () => {
	const called: string[] = [];
	const takeBack = [
		systemClock.after(1, () => called.push("early")),
		systemClock.after(60_000, () => called.push("late")),
	];
	const over = new Promise((resolve) => setTimeout(resolve, 1));
	standStill(5);
	await over;
	for (const one of takeBack) one();
	await new Promise((resolve) => setTimeout(resolve, 5));
	assert.deepEqual(called, []);
});
