import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { gcm, SenderBench, unprotect } from "../../../test/support/sender.ts";
import { native } from "../native.ts";

const skip = native && process.platform === "linux" ? false : "no threads without foreign functions";

/** Opens a bench and gives the thread that it begins. */
async function openWithThread(): Promise<{ bench: SenderBench; thread: Worker }> {
	const begun = once(process, "worker");
	const bench = await SenderBench.open(1);
	const [thread] = (await begun) as [Worker];
	return { bench, thread };
}

/** Ends a thread as an exception in it does: first the error, then the exit. */
async function fail(thread: Worker): Promise<void> {
	thread.emit("error", new Error("broken on purpose"));
	await thread.terminate();
	// Those that were waiting for the exit have been told, and go on.
	await new Promise((resolve) => setTimeout(resolve, 5));
}

test("when a sending thread fails another one goes on for its destinations", { skip }, async () => {
	const { bench, thread } = await openWithThread();
	await using _ = bench;
	const [plain, secret] = [await bench.viewer(), await bench.viewer()];
	const rtx = { payloadType: 121, ssrc: 78 };
	const tracks = [{ payloadType: 120, ssrc: 77, firstSequence: 65_530, rtx }];
	const unchanged = bench.stream.join(bench.options(plain));
	const sealed = bench.stream.join(bench.options(secret, { tracks, rewrite: true, protection: gcm }));
	bench.unit(10, true);
	bench.send();
	await Promise.all([plain.got(10), secret.got(10)]);
	sealed.resend(0, [65_530]);
	await secret.got(11);
	await fail(thread);
	assert.equal(bench.log.length, 1);
	assert.match(
		bench.log[0]!,
		/^a sending thread failed, its 2 destinations go on in another one: Error: broken on purpose/,
	);

	const sent = bench.unit(4);
	bench.send();
	const after = (await plain.got(14)).slice(10);
	assert.deepEqual(
		after.map(({ sequence }) => sequence),
		[0xfffa, 0xfffb, 0xfffc, 0xfffd],
	);
	const opened = (await secret.got(15)).slice(11);
	const numbers = new Set(secret.packets.map(({ ssrc, sequence }) => `${ssrc} ${sequence}`));
	assert.equal(numbers.size, 15, "no number is used twice under one key");
	assert.deepEqual(
		opened.map((packet) => unprotect(packet, gcm, 1)),
		sent,
		"the roll-over counter goes on, too",
	);
	sealed.resend(0, [opened[0]!.sequence]);
	const [repeated] = (await secret.got(16)).slice(15);
	assert.ok(repeated!.sequence > 1000 || repeated!.sequence < 65_530);
	assert.deepEqual([unchanged.stats.packets, sealed.stats.packets], [14, 14]);
});

test("who moves or leaves while no thread is there is not forgotten", { skip }, async () => {
	const { bench, thread } = await openWithThread();
	await using _ = bench;
	const [first, second, third] = [await bench.viewer(), await bench.viewer(), await bench.viewer()];
	const moving = bench.stream.join(bench.options(first));
	const leaving = bench.stream.join(bench.options(third));
	bench.unit(2, true);
	bench.send();
	await Promise.all([first.got(2), third.got(2)]);
	thread.emit("error", new Error("broken on purpose"));
	const gone = thread.terminate();
	moving.setAddress("127.0.0.1", second.port, bench.port.sockets[0]!);
	leaving.leave();
	await gone;
	await new Promise((resolve) => setTimeout(resolve, 5));
	bench.unit(2);
	bench.send();
	await second.got(2);
	assert.equal(third.packets.length, 2);
});

test("threads that fail are begun again, and when they fail again and again the caller's thread sends", {
	skip,
}, async () => {
	const { bench, thread } = await openWithThread();
	await using _ = bench;
	const viewer = await bench.viewer();
	bench.stream.join(bench.options(viewer));
	let present = thread;
	const follow = (worker: Worker): void => {
		present = worker;
	};
	process.on("worker", follow);
	try {
		for (let i = 0; i < 4; i++) {
			const failed = present;
			await fail(failed);
			if (i === 3) break;
			const deadline = AbortSignal.timeout(10_000);
			while (present === failed) {
				deadline.throwIfAborted();
				await new Promise((resolve) => setTimeout(resolve, 5));
			}
		}
	} finally {
		process.off("worker", follow);
	}
	assert.equal(bench.log.length, 5);
	assert.match(bench.log[4]!, /^sending threads fail again and again/);
	const before = viewer.packets.length;
	const deadline = AbortSignal.timeout(10_000);
	while (viewer.packets.length === before) {
		deadline.throwIfAborted();
		bench.unit(3, true);
		bench.send();
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
});

test("what fails in the caller's own thread throws nothing at those who send", { skip }, async (t: TestContext) => {
	await using bench = await SenderBench.open(0);
	const viewer = await bench.viewer();
	bench.stream.join(bench.options(viewer));
	bench.unit(2, true);
	bench.send();
	await viewer.got(2);
	bench.unit(2);
	t.mock.method(performance, "now").mock.mockImplementationOnce(() => {
		throw new Error("broken on purpose");
	});
	bench.send();
	t.mock.restoreAll();
	await new Promise((resolve) => setTimeout(resolve, 5));
	assert.match(bench.log[0]!, /^sending failed, its 1 destinations go on in another one: Error: broken on purpose/);
	bench.unit(3);
	bench.send();
	await viewer.got(5);
});

test("auto serves a few destinations in the caller's thread and begins threads for more", { skip }, async () => {
	let begun = 0;
	const count = (): void => {
		begun++;
	};
	process.on("worker", count);
	try {
		await using bench = await SenderBench.open("auto");
		const viewer = await bench.viewer();
		const deliveries = Array.from({ length: 128 }, () => bench.stream.join(bench.options(viewer)));
		await new Promise((resolve) => setTimeout(resolve, 1));
		assert.equal(begun, 0);
		deliveries.push(bench.stream.join(bench.options(viewer)), bench.stream.join(bench.options(viewer)));
		await new Promise((resolve) => setTimeout(resolve, 1));
		assert.equal(begun, 1);
		bench.unit(1, true);
		bench.send();
		await viewer.got(130);
		for (const delivery of deliveries.splice(0)) delivery.leave();
		bench.stream.join(bench.options(viewer));
		bench.unit(1, true);
		bench.send();
		await viewer.got(131);
	} finally {
		process.off("worker", count);
	}
});
