import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { native } from "../native.ts";
import { Pool } from "../pool.ts";
import { Channel } from "./channel.ts";
import { DO_LEAVE } from "./layout.ts";

const skip = native && process.platform === "linux" ? false : "no threads without foreign functions";
const POOL_BYTES = 8 * 1024 * 1024;
const TIMEOUT_MS = 5000;

/** A command that changes nothing: whose record it names is not there. */
const nothing = (command: Uint32Array): void => command.set([DO_LEAVE, 0, 0]);

async function settled(channel: Channel): Promise<void> {
	const until = performance.now() + TIMEOUT_MS;
	while (channel.settled() !== Number.POSITIVE_INFINITY) {
		assert.ok(performance.now() < until, "the thread sleeps on");
		await pause(1);
	}
}

test("a thread that is woken wakes the next one that has commands", { skip }, async () => {
	const pool = new Pool(POOL_BYTES);
	let stamp = 0;
	const options = {
		pool,
		level: "gso" as const,
		behindMs: 1000,
		say: () => {},
		socket: () => undefined,
		stamp: () => ++stamp,
		failed: () => {},
	};
	const [first, second, third] = [0, 1, 2].map(() => new Channel(options, true)) as [Channel, Channel, Channel];
	first.follow(second);
	second.follow(third);
	third.follow(first);
	// All of them are up, and sleep.
	for (const channel of [first, second, third]) channel.post(nothing);
	await Promise.all([first, second, third].map(settled));
	await pause(20);

	for (const channel of [first, second, third]) channel.lay(nothing);
	first.wake();
	await Promise.all([first, second, third].map(settled));
	await Promise.all([first, second, third].map((channel) => channel.close()));
});
