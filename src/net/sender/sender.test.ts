import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import {
	cm,
	gcm,
	type Received,
	SenderBench,
	SSRC,
	unprotect,
	VIDEO,
	type Viewer,
} from "../../../test/support/sender.ts";
import { native } from "../native.ts";
import { openUdp } from "../udp.ts";
import type { SendLevel } from "./channel.ts";
import { squeezeOf } from "./squeeze.ts";

const levels: readonly SendLevel[] = native && process.platform === "linux" ? ["gso", "sendmmsg", "dgram"] : ["dgram"];
const setups = levels.flatMap((level) => (level === "dgram" ? [0] : [0, 1, 2]).map((threads) => ({ level, threads })));

/** The packets carry these payloads, in this order. A short word instead of thousands of bytes where they do not. */
function assertCarry(packets: readonly Received[], payloads: readonly Buffer[]): void {
	const wrong = packets.findIndex(({ payload }, i) => !payloads[i]?.equals(payload));
	assert.deepEqual({ packets: packets.length, wrong }, { packets: payloads.length, wrong: -1 });
}

/** Waits for what another thread does. */
async function until(done: () => boolean): Promise<void> {
	const deadline = AbortSignal.timeout(30_000);
	while (!done()) {
		deadline.throwIfAborted();
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

/** Numbers follow each other without a gap. */
function assertRun(packets: readonly Received[], first: number): void {
	assert.deepEqual(
		packets.map(({ sequence }) => sequence),
		packets.map((_, i) => (first + i) & 0xffff),
	);
}

async function many(bench: SenderBench, count: number): Promise<Viewer[]> {
	return Promise.all(Array.from({ length: count }, () => bench.viewer()));
}

type Case = (setup: (typeof setups)[number], t: TestContext) => Promise<void>;

/** One test on every level, with and without threads. */
function each(name: string, run: Case, wanted = setups): void {
	describe(name, () => {
		for (const setup of wanted) test(`${setup.level}, ${setup.threads} threads`, (t) => run(setup, t));
	});
}

/** The same for protected streams, which \`dgram\` does not carry. */
function secure(name: string, run: Case): void {
	const wanted = setups.filter(({ level }) => level !== "dgram");
	each(name, run, wanted);
}

each("unchanged packets reach every destination, bytes and order", async ({ level, threads }) => {
	await using bench = await SenderBench.open(threads, level);
	const viewers = await many(bench, 3);
	const deliveries = viewers.map((viewer) => bench.stream.join(bench.options(viewer)));
	const sent = [...bench.unit(9, true), ...bench.unit(1), ...bench.unit(7)];
	bench.send();
	for (const viewer of viewers) {
		const packets = await viewer.got(17);
		assertCarry(packets, sent);
		assertRun(packets, 0xfff0);
		assert.ok(packets.every(({ ssrc, payloadType }) => ssrc === SSRC && payloadType === 96));
	}
	assert.equal(deliveries[0]!.stats.packets, 17);
	assert.equal(deliveries[0]!.stats.octets, Buffer.concat(sent).length);
});

each(
	"a joiner gets everything since the key frame, then what is live; others are not disturbed",
	async ({ level, threads }) => {
		await using bench = await SenderBench.open(threads, level);
		const [early, late] = await many(bench, 2);
		bench.stream.join(bench.options(early!));
		bench.unit(5);
		const sent = [...bench.unit(60, true), ...bench.unit(90)];
		bench.send();
		await early!.got(155);
		bench.stream.join(bench.options(late!));
		sent.push(...bench.unit(30));
		bench.send();
		const packets = await late!.got(180);
		assertCarry(packets, sent);
		assertRun(await early!.got(185), 0xfff0);
	},
);

each("numbers, payload type and SSRC of the destination's own", async ({ level, threads }) => {
	await using bench = await SenderBench.open(threads, level);
	const viewer = await bench.viewer();
	const sent = bench.unit(20, true);
	bench.send();
	const tracks = [{ payloadType: 120, ssrc: 77 }];
	const delivery = bench.stream.join(bench.options(viewer, { tracks, rewrite: true }));
	sent.push(...bench.unit(3));
	bench.send();
	const packets = await viewer.got(23);
	assertCarry(packets, sent);
	assertRun(packets, 1000);
	assert.ok(packets.every(({ ssrc, payloadType }) => ssrc === 77 && payloadType === 120));
	assert.deepEqual(
		packets.map(({ marker }) => marker),
		packets.map((_, i) => i === 19 || i === 22),
	);
	assert.equal(delivery.stats.tracks[0]?.lastSequence, 1022);
});

each("a burst's timestamps are pressed together to end at the live edge", async ({ level, threads }) => {
	await using bench = await SenderBench.open(threads, level);
	const viewer = await bench.viewer();
	bench.unit(2, true);
	for (let i = 0; i < 30; i++) bench.unit(2);
	bench.send();
	const edge = bench.timestamp;
	const squeeze = squeezeOf(edge - 90_000, edge, 90_000);
	bench.stream.join(bench.options(viewer, { tracks: [{ ...VIDEO, squeeze }] }));
	bench.unit(2);
	bench.send();
	const packets = await viewer.got(64);
	const stamps = packets.map(({ timestamp }) => timestamp);
	assert.equal(edge - stamps[0]!, 3600, "the burst spans 40 ms");
	assert.equal(stamps[61], edge);
	assert.equal(stamps[63], edge + 3000);
	assert.deepEqual(stamps.toSorted(), stamps);
	assertRun(packets, 0xfff0);
});

each("what was lost is sent again, what was never sent is not", async ({ level, threads }) => {
	await using bench = await SenderBench.open(threads, level);
	const viewer = await bench.viewer();
	bench.unit(30, true);
	const first = bench.ring.head;
	const sent = [...bench.unit(20, true), ...bench.unit(20)];
	bench.send();
	const delivery = bench.stream.join(bench.options(viewer, { rewrite: true, from: first }));
	await viewer.got(40);
	delivery.resend(0, [1003, 1039, 999, 1040, 5000, 1010]);
	const packets = await viewer.got(43);
	bench.unit(1);
	bench.send();
	assert.equal((await viewer.got(44)).length, 44);
	const again = packets.slice(40, 43);
	assert.deepEqual(
		again.map(({ sequence }) => sequence),
		[1003, 1039, 1010],
	);
	assertCarry(again, [sent[3]!, sent[39]!, sent[10]!]);
	assert.equal(delivery.stats.resent, 3);
});

secure("all that was lost of a burst is sent again at once, more than a socket's memory holds", async (setup) => {
	await using bench = await SenderBench.open(setup.threads, setup.level);
	const viewer = await bench.viewer();
	const delivery = bench.stream.join(bench.options(viewer, { rewrite: true, protection: gcm }));
	for (let unit = 1; unit <= 10; unit++) {
		bench.unit(48, unit === 1, 0, 1150);
		bench.send();
		await viewer.got(48 * unit);
	}
	delivery.resend(
		0,
		Array.from({ length: 480 }, (_, i) => 1000 + i),
	);
	await until(() => delivery.stats.resent === 480);
});

each("retransmissions have a stream of their own where there is one (RFC 4588)", async ({ level, threads }) => {
	await using bench = await SenderBench.open(threads, level);
	const viewer = await bench.viewer();
	const tracks = [{ ...VIDEO, rtx: { payloadType: 97, ssrc: 99 } }];
	const delivery = bench.stream.join(bench.options(viewer, { rewrite: true, tracks }));
	const sent = bench.unit(10, true);
	bench.send();
	await viewer.got(10);
	delivery.resend(0, [1002, 1009]);
	const again = (await viewer.got(12)).slice(10);
	assert.ok(again.every(({ ssrc, payloadType }) => ssrc === 99 && payloadType === 97));
	assert.equal(again[1]!.sequence, again[0]!.sequence + 1);
	assert.equal(again[1]!.payload.readUInt16BE(0), 1009);
	assert.deepEqual(again[0]!.payload.subarray(2), sent[2]);
});

each("a replay is the same bytes again, once at a time", async ({ level, threads }) => {
	await using bench = await SenderBench.open(threads, level);
	const viewer = await bench.viewer();
	const delivery = bench.stream.join(bench.options(viewer, { rewrite: true }));
	bench.unit(60, true);
	bench.send();
	await viewer.got(60);
	delivery.replay();
	delivery.replay();
	const packets = await viewer.got(120);
	assert.ok(packets.slice(60).every(({ bytes }, i) => bytes.equals(packets[i]!.bytes)));
	bench.unit(1);
	bench.send();
	assert.equal((await viewer.got(121))[120]!.sequence, 1060);
});

each("each track can have its own port, and be left out", async ({ level, threads }) => {
	await using bench = await SenderBench.open(threads, level);
	const [video, audio] = await many(bench, 2);
	const tracks = [VIDEO, { payloadType: 97, ssrc: SSRC + 1, port: audio!.port }];
	bench.stream.join(bench.options(video!, { tracks, rewrite: true }));
	const only = await bench.viewer();
	bench.stream.join(bench.options(only, { tracks: [null, { payloadType: 97, ssrc: SSRC + 1 }], rewrite: true }));
	for (let i = 0; i < 5; i++) {
		bench.unit(3, i === 0);
		bench.unit(1, false, 1);
	}
	bench.send();
	assertRun(await video!.got(15), 1000);
	assertRun(await audio!.got(5), 1000);
	assert.ok((await only.got(5)).every(({ ssrc }) => ssrc === SSRC + 1));
});

each("another address from now on; who left gets nothing, and its record is erased", async ({ level, threads }) => {
	await using bench = await SenderBench.open(threads, level);
	const [before, now] = await many(bench, 2);
	const delivery = bench.stream.join(bench.options(before!, { rewrite: true }));
	bench.unit(2, true);
	bench.send();
	await before!.got(2);
	delivery.setAddress("127.0.0.1", now!.port, bench.port.sockets[0]!);
	bench.unit(2);
	bench.send();
	assertRun(await now!.got(2), 1002);
	delivery.leave();
	assert.equal(delivery.stats.packets, 4);
	const next = await bench.viewer();
	bench.stream.join(bench.options(next));
	bench.unit(2);
	bench.send();
	await next.got(6);
	assert.deepEqual([before!.packets.length, now!.packets.length], [2, 2]);
});

each("a destination that the system refuses harms nobody else", async ({ level, threads }) => {
	await using bench = await SenderBench.open(threads, level);
	const [before, after] = await many(bench, 2);
	bench.stream.join(bench.options(before!));
	// Broadcasting is forbidden: EACCES.
	const refused = bench.stream.join({ ...bench.options(before!), address: "255.255.255.255" });
	bench.stream.join(bench.options(after!));
	const sent = bench.unit(7, true);
	bench.send();
	assertCarry(await before!.got(7), sent);
	assertCarry(await after!.got(7), sent);
	await until(() => refused.stats.refused > 0);
});

each("many streams, many destinations: memory that was let go is used again", async ({ level, threads }) => {
	await using bench = await SenderBench.open(threads, level);
	const viewer = await bench.viewer();
	bench.stream.join(bench.options(viewer));
	let largest = 0;
	let expected = 0;
	for (let round = 0; round < 40; round++) {
		bench.unit(40, true, 0, 8000);
		bench.send();
		expected += 40;
		await viewer.got(expected);
		largest = Math.max(largest, bench.pool.usedBytes);
		bench.ring.trim(performance.now() + 20_000);
	}
	assert.ok(largest < 8 * 1024 * 1024, `${largest} bytes of memory for 13 MB of media`);
});

each("more joins and leaves at once than a thread's commands have room for", async ({ level, threads }) => {
	await using bench = await SenderBench.open(threads, level);
	const viewer = await bench.viewer();
	const deliveries = Array.from({ length: 1500 }, () => bench.stream.join(bench.options(viewer)));
	for (const delivery of deliveries.slice(0, 1200)) delivery.leave();
	bench.unit(1, true);
	bench.send();
	assert.equal((await viewer.got(300)).length, 300);
	await until(() => deliveries.slice(1200).every(({ stats }) => stats.packets === 1));
	const left = deliveries.slice(0, 1200).reduce((sum, { stats }) => sum + stats.packets, 0);
	assert.equal(left, 0);
});

each("a socket that is closed first takes nothing of another with it", async ({ level, threads }) => {
	await using bench = await SenderBench.open(threads, level);
	const viewer = await bench.viewer();
	const delivery = bench.stream.join(bench.options(viewer));
	bench.unit(2, true);
	bench.send();
	await viewer.got(2);
	await bench.port.close();
	const other = await openUdp("127.0.0.1:0", () =>
		assert.fail("a packet came to a socket that has nothing to do with it"),
	);
	const before = delivery.stats.packets;
	bench.unit(2);
	bench.send();
	await until(() => delivery.stats.packets > before);
	await other.close();
});

each("IPv6", async ({ level, threads }, t) => {
	const bench = await SenderBench.open(threads, level, { address: "[::1]:0" }).catch(() => undefined);
	if (!bench) return t.skip("no IPv6 on this machine");
	await using _ = bench;
	const viewer = await bench.viewer("::1");
	bench.stream.join(bench.options(viewer));
	const sent = bench.unit(7, true);
	bench.send();
	assertCarry(await viewer.got(7), sent);
});

for (const keys of [gcm, cm]) {
	secure(
		`${keys.profile}: another implementation decrypts it, across a wrap of the numbers`,
		async ({ level, threads }) => {
			await using bench = await SenderBench.open(threads, level);
			const viewer = await bench.viewer();
			const tracks = [{ payloadType: 120, ssrc: 77, firstSequence: 65_500, rtx: { payloadType: 121, ssrc: 78 } }];
			const delivery = bench.stream.join(bench.options(viewer, { tracks, rewrite: true, protection: keys }));
			const sent = [...bench.unit(30, true), ...bench.unit(1, false, 0, 0), ...bench.unit(40)];
			bench.send();
			const packets = (await viewer.got(71)).slice(0, 71);
			assertRun(packets, 65_500);
			const plain = packets.map((packet, i) => unprotect(packet, keys, i < 36 ? 0 : 1));
			assert.ok(plain.every((payload, i) => payload.equals(sent[i]!)));
			delivery.resend(0, [65_535, 3]);
			const again = (await viewer.got(73)).slice(71).map((packet) => unprotect(packet, keys));
			assert.deepEqual(again[0]!.subarray(2), sent[35]);
			assert.deepEqual(again[1]!.subarray(2), sent[39]);
			assert.equal(again[1]!.readUInt16BE(0), 3);
		},
	);

	secure(`${keys.profile}: a packet sent again is the same bytes`, async ({ level, threads }) => {
		await using bench = await SenderBench.open(threads, level);
		const viewer = await bench.viewer();
		const delivery = bench.stream.join(bench.options(viewer, { rewrite: true, protection: keys }));
		bench.unit(10, true);
		bench.send();
		await viewer.got(10);
		delivery.resend(0, [1004]);
		const packets = await viewer.got(11);
		assert.deepEqual(packets[10]!.bytes, packets[4]!.bytes);
	});
}

test("keys of the wrong length are refused", async () => {
	await using bench = await SenderBench.open(0);
	const viewer = await bench.viewer();
	const protection = { ...gcm, key: new Uint8Array(8) };
	assert.throws(() => bench.stream.join(bench.options(viewer, { protection })), RangeError);
});
