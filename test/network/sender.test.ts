import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { DeliveryStats, JoinOptions } from "../../src/net/sender/join.ts";
import { makeLink, type NetworkLink, needsNamespaces } from "../support/netns.ts";
import { gcm, SenderBench } from "../support/sender.ts";

const readers = fileURLToPath(new URL("./support/udp-readers.ts", import.meta.url));
const VIEWERS = 100;
const UNITS = 50;
const UNIT_MS = 40;
const KEY_PACKETS = 50;
const UNIT_PACKETS = 6;
/** 12 bytes of RTP header and 16 of tag make it 1228. */
const PAYLOAD_BYTES = 1200;
/** How long after the last packet something may still come. */
const PATIENCE_MS = 5_000;
const GIGABIT = { kbit: 1_000_000, queueBytes: 512 * 1024 };

interface Report {
	readonly ports?: readonly number[];
	readonly least: number;
	readonly most: number;
	readonly lost: number;
}

/** Starts readers in the namespace; their reports come by `next`. */
function startReaders(t: TestContext, link: NetworkLink, count: number): { next: () => Promise<Report> } {
	const child = link.node(readers, [link.there, `${count}`]);
	t.after(() => child.kill("SIGKILL"));
	const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
	return { next: async () => JSON.parse((await lines.next()).value ?? "null") };
}

interface Outcome {
	readonly expected: number;
	readonly report: Report;
	readonly stats: readonly DeliveryStats[];
}

/** Plays a stream with large key frames to all viewers, and waits for what they got. */
async function play(
	t: TestContext,
	link: NetworkLink,
	threads: number,
	viewers: number,
	more: Partial<JoinOptions>,
): Promise<Outcome> {
	await using bench = await SenderBench.open(threads, "gso", {
		address: `${link.here}:0`,
		buffers: undefined,
		behindMs: 1_000,
	});
	const { next } = startReaders(t, link, viewers);
	const ports = (await next()).ports ?? [];
	const options = {
		socket: bench.port.sockets[0]!,
		address: link.there,
		from: 0,
		tracks: [{ payloadType: 96, ssrc: 1 }],
	};
	const deliveries = ports.map((port) =>
		bench.stream.join({ ...options, port, protection: null, rewrite: true, ...more }),
	);
	for (let unit = 0; unit < UNITS; unit++) {
		const key = unit % 10 === 0;
		bench.unit(key ? KEY_PACKETS : UNIT_PACKETS, key, 0, PAYLOAD_BYTES);
		bench.send();
		await new Promise((resolve) => setTimeout(resolve, UNIT_MS));
	}
	const expected = bench.ring.head;
	const deadline = performance.now() + PATIENCE_MS;
	let report = await next();
	while (report.least < expected && performance.now() < deadline) report = await next();
	return { expected, report, stats: deliveries.map((delivery) => delivery.stats) };
}

for (const mtu of [1500, 1280]) {
	for (const threads of [0, 1]) {
		test(`1 Gbit/s, MTU ${mtu}, ${threads} threads: key frames to 100 viewers, no packet lost`, async (t) => {
			if (!needsNamespaces(t)) return;
			using link = makeLink({ ...GIGABIT, mtu });
			const { expected, report, stats } = await play(t, link, threads, VIEWERS, { protection: gcm });
			assert.deepEqual({ least: report.least, lost: report.lost }, { least: expected, lost: 0 });
			assert.ok(stats.every(({ cuts, refused }) => cuts === 0 && refused === 0));
		});
	}
}

test("an MTU below the packets' size: they leave one by one, in fragments, and arrive", async (t) => {
	if (!needsNamespaces(t)) return;
	using link = makeLink({ ...GIGABIT, mtu: 900 });
	const { expected, report, stats } = await play(t, link, 1, 5, { protection: gcm });
	assert.deepEqual({ least: report.least, lost: report.lost }, { least: expected, lost: 0 });
	assert.ok(stats.every(({ refused }) => refused === 0));
});

test("a link that is too slow: destinations are cut to key frames, and their numbers have no gap", async (t) => {
	if (!needsNamespaces(t)) return;
	using link = makeLink({ kbit: 4_000, queueBytes: 512 * 1024 });
	const { expected, report, stats } = await play(t, link, 1, 10, {});
	assert.ok(report.most < expected, "not everything fits through");
	assert.equal(report.lost, 0);
	assert.ok(stats.every(({ cuts, dropped }) => cuts > 0 && dropped > 0));
});
