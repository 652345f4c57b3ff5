import assert from "node:assert/strict";
import { test } from "node:test";
import { Timeline } from "./timeline.ts";

const RATE = 90_000;
const UNIX = 1_700_000_000_000;

/** Packets 33 ms apart from `from` to `to` (ms), each `late` ms late, with timestamps that begin at `base`. */
function feed(timeline: Timeline, from: number, to: number, base: number, late = 0): void {
	for (let ms = from; ms < to; ms += 33) {
		const mapped = timeline.map((base + ((ms - from) * RATE) / 1000) >>> 0, ms + late);
		timeline.observe(mapped, ms + late, UNIX + ms + late);
	}
}

test("the earliest arrival tells what time a timestamp stands for", () => {
	const timeline = new Timeline(RATE);
	feed(timeline, 0, 330, 5000, 20);
	feed(timeline, 330, 660, 5000 + 330 * 90, 0);
	const pair = timeline.at(1000)!;
	assert.equal(pair.unixMs, UNIX + 1000);
	assert.equal(pair.timestamp, 5000 + 1000 * 90);
});

test("another publisher goes on after a gap of wall time", () => {
	const timeline = new Timeline(RATE);
	feed(timeline, 0, 330, 5000);
	timeline.rebase();
	assert.equal(timeline.map(77, 1297), 5000 + 297 * 90 + 1000 * 90);
});

test("a publisher's report counts more than arrivals", () => {
	const timeline = new Timeline(RATE);
	feed(timeline, 0, 330, 5000);
	timeline.report(5000 + 300 * 90, UNIX + 250, 330);
	feed(timeline, 330, 660, 5000 + 330 * 90);
	assert.deepEqual(timeline.at(330), { timestamp: 5000 + 300 * 90, unixMs: UNIX + 250 });
});

test("after a jump back, and for a clock that runs slow, the reference follows", () => {
	const timeline = new Timeline(RATE);
	feed(timeline, 0, 330, 10_000_000);
	timeline.observe(timeline.map(1000, 330), 330, UNIX + 330);
	assert.deepEqual(timeline.at(330), { timestamp: 1000, unixMs: UNIX + 330 });
	for (let ms = 330; ms < 30_330; ms += 33) {
		timeline.observe(timeline.map(1000 + (ms - 330) * 89.9, ms), ms, UNIX + ms);
	}
	const error = timeline.at(30_330)!.timestamp - (1000 + 30_000 * 89.9);
	assert.ok(Math.abs(error) < 90 * 15, `${error} ticks off`);
});

test("a report that came before the first packet counts from then on, and not for the next publisher", () => {
	const timeline = new Timeline(RATE);
	timeline.report(5000, UNIX - 40, 0);
	feed(timeline, 0, 330, 5000);
	assert.deepEqual(timeline.at(0), { timestamp: 5000, unixMs: UNIX - 40 });
	timeline.rebase();
	timeline.report(0, UNIX + 900, 990);
	timeline.rebase();
	feed(timeline, 1000, 1330, 7);
	const { timestamp, unixMs } = timeline.at(1000)!;
	assert.equal(unixMs, UNIX + 1000);
	assert.equal(timestamp, 5000 + 297 * 90 + 703 * 90);
});

test("what is said of the first packet counts until a report comes, and not where it is wrong", () => {
	const timeline = new Timeline(RATE);
	timeline.begin(5000 - 90, UNIX - 40, 0);
	feed(timeline, 10, 330, 5000);
	assert.deepEqual(timeline.at(0), { timestamp: 5000 - 90, unixMs: UNIX - 40 });
	timeline.report(5000, UNIX + 7, 330);
	assert.deepEqual(timeline.at(330), { timestamp: 5000, unixMs: UNIX + 7 });
	const lied = new Timeline(RATE);
	lied.begin(0, UNIX - 40, 0);
	feed(lied, 0, 330, 5_000_000);
	assert.deepEqual(lied.at(0), { timestamp: 5_000_000, unixMs: UNIX });
});
