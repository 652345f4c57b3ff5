import assert from "node:assert/strict";
import { test } from "node:test";
import { ReceptionStatistics } from "./rtp-statistics.ts";

test("loss is told for the interval and from the beginning, across a wrap", () => {
	const statistics = new ReceptionStatistics(90000);
	assert.equal(statistics.report(0), undefined);
	for (const sequence of [65533, 65534, 1, 2]) statistics.received(7, sequence, 0, 0);
	const first = statistics.report(0);
	assert.equal(first?.ssrc, 7);
	assert.equal(first?.highestSequence, 65536 + 2);
	assert.equal(first?.cumulativeLost, 2);
	assert.equal(first?.fractionLost, Math.floor((2 * 256) / 6));
	statistics.received(7, 3, 0, 0);
	assert.equal(statistics.report(0)?.fractionLost, 0);
	assert.equal(statistics.lost, 2);
});

test("jitter follows RFC 3550 appendix A.8", () => {
	const statistics = new ReceptionStatistics(90000);
	statistics.received(7, 1, 0, 0);
	statistics.received(7, 2, 900, 10);
	assert.equal(statistics.jitter, 0);
	// 16 ms late: 1440 ticks, of which a sixteenth is taken.
	statistics.received(7, 3, 1800, 36);
	assert.equal(statistics.jitter, 90);
});

test("jitter is not disturbed by a timestamp that wraps", () => {
	const statistics = new ReceptionStatistics(90000);
	statistics.received(7, 1, 0xffffffff - 449, 0);
	statistics.received(7, 2, 450, 10);
	assert.equal(statistics.jitter, 0);
});

test("the last sender report is answered with its delay", () => {
	const statistics = new ReceptionStatistics(90000);
	statistics.received(7, 1, 0, 0);
	assert.equal(statistics.report(5000)?.delaySinceLastSenderReport, 0);
	statistics.senderReport(0xaabbccdd, 5000);
	const report = statistics.report(5500);
	assert.equal(report?.lastSenderReport, 0xaabbccdd);
	assert.equal(report?.delaySinceLastSenderReport, 32768);
});

test("another source, or a far jump, begins anew", () => {
	const statistics = new ReceptionStatistics(90000);
	statistics.received(7, 1, 0, 0);
	statistics.received(8, 40000, 0, 0);
	assert.equal(statistics.report(0)?.ssrc, 8);
	assert.equal(statistics.lost, 0);
	statistics.received(8, 10000, 0, 0);
	assert.equal(statistics.lost, 0);
});
