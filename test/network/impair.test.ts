import assert from "node:assert/strict";
import { test } from "node:test";
import { PATH, publish, readers, viewers } from "../../bench/support/bench.ts";
import { pause } from "../../bench/support/clock.ts";
import { usual } from "../../bench/support/stream.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import { native } from "../../src/net/native.ts";
import type { Relay } from "../../src/relay/relay.ts";
import { skipFor } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { Direction, seeded } from "./impair.ts";
import { ImpairedTcp } from "./impair-tcp.ts";
import { ImpairedUdp } from "./impair-udp.ts";

const able = native && process.platform === "linux";
const skip = skipFor(able ? undefined : "the load generators need Linux and koffi");
const path = parsePathName(PATH)!;
const WATCH_MS = 5000;
/** Key frames come every 2 s; joining takes about 200 ms. */
const JOIN_AGE_MS = 1720;

test("a direction loses, delays and orders by its seed", async (t) => {
	const fates = (seed: number) => {
		const direction = new Direction({ loss: 0.3, delayMs: 10, jitterMs: 5 }, seeded(seed));
		return Array.from({ length: 200 }, (_, i) => direction.datagram(100, i));
	};
	await t.test("the same seed does the same", () => assert.deepEqual(fates(7), fates(7)));
	await t.test("another one does not", () => assert.notDeepEqual(fates(7), fates(8)));
	await t.test("about as much is lost as was asked for", () => {
		const lost = fates(7).filter((at) => at === undefined).length;
		assert.ok(lost > 40 && lost < 80, `${lost} of 200`);
	});
	await t.test("nothing arrives before its delay, or after its jitter", () => {
		for (const [i, at] of fates(7).entries()) assert.ok(at === undefined || (at >= i + 10 && at <= i + 15));
	});
	await t.test("what is sent faster than the link waits, until its queue is full", () => {
		const direction = new Direction({ rate: 800_000, queueBytes: 3000 }, seeded(1));
		assert.deepEqual(
			[0, 0, 0, 0].map((now) => direction.datagram(1000, now)),
			[10, 20, 30, undefined],
		);
		assert.deepEqual(direction.fate, { passed: 3, lost: 1 });
	});
	await t.test("pieces of a stream keep their order", () => {
		const direction = new Direction({ jitterMs: 50 }, seeded(3));
		const times = Array.from({ length: 100 }, (_, i) => direction.piece(10, i));
		assert.deepEqual(
			times,
			times.toSorted((a, b) => a - b),
		);
	});
});

test("WebRTC through 3 % of loss each way: every packet comes in the end", { skip }, async (t) => {
	await using relay = await startTestRelay();
	const { ports } = relay.relay;
	await using network = await ImpairedUdp.open(
		ports.webrtc[0] ?? 0,
		20_261_120,
		{ loss: 0.03, delayMs: 10 },
		{ loss: 0.03, delayMs: 10, jitterMs: 3 },
	);
	await using _publisher = await publish({ rtspPort: ports.rtsp[0] ?? 0 }, usual);
	await using child = viewers();
	const url = `http://127.0.0.1:${ports.http[0]}/${PATH}/whep`;
	// What they join with is old by then, and the next key frame comes before they can ask for what they miss.
	await untilJoinIs(JOIN_AGE_MS, relay.relay);
	await child.ask("start", { url, count: 4, listen: true, through: network.port });
	await pause(WATCH_MS);
	const { packets, lost, repaired, ended } = await child.ask("report", null);
	t.diagnostic(`${packets} packets, ${network.back.fate.lost} lost on the way, ${repaired} repaired, ${lost} missing`);
	assert.ok(network.back.fate.lost > 20, "the network loses");
	assert.ok(repaired > 20, "the relay repairs");
	assert.deepEqual({ lost, ended }, { lost: 0, ended: 0 });
});

/** Resolves when the newest key frame is `ms` old. */
async function untilJoinIs(ms: number, { hub }: Relay): Promise<void> {
	const until = performance.now() + 10_000;
	for (let age = -1; age < ms || age > ms + 20; await pause(5)) {
		const ring = hub.find(path)?.ring;
		age = ring && ring.join >= 0 ? ring.age(ring.join, hub.clock.now()) : -1;
		assert.ok(performance.now() < until, "key frames come");
	}
}

test("a publisher behind a slow, uneven network: readers get every picture in order", { skip }, async (t) => {
	await using relay = await startTestRelay();
	const port = relay.relay.ports.rtsp[0] ?? 0;
	await using network = await ImpairedTcp.open(port, 4711, { delayMs: 30, jitterMs: 20, rate: 4_000_000 }, {});
	await using publisher = await publish({ rtspPort: network.port }, usual);
	await using child = readers();
	await child.ask("start", { port, path: PATH, count: 2, transport: "tcp", listen: true });
	await child.ask("report", null);
	const before = await publisher.ask("sent", null);
	await pause(WATCH_MS);
	const { packets, lost, delay } = await child.ask("report", null);
	const sent = ((await publisher.ask("sent", null)) - before) * 2;
	t.diagnostic(`${packets} of ${sent} packets, delay p50 ${delay.p50.toFixed(0)}, p99 ${delay.p99.toFixed(0)} ms`);
	assert.equal(lost, 0);
	assert.ok(packets > sent * 0.9, `${packets} of ${sent} packets came`);
	assert.ok(delay.p50 >= 30, `p50 ${delay.p50} ms`);
});
