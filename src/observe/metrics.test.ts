import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "./histogram.ts";
import { Metrics } from "./metrics.ts";

test("gauges and counters are read at each scrape", async () => {
	const metrics = new Metrics();
	let readers = 2;
	metrics.gauge({ name: "readers", help: "Readers now.", labels: ["path"] }, () => [
		{ value: readers, labels: { path: 'a"b' } },
	]);
	metrics.counter({ name: "bytes_total", help: "Bytes." }, () => [{ value: readers * 10 }]);
	const { text } = await metrics.scrape();
	assert.match(text, /# HELP readers Readers now\.\n# TYPE readers gauge\nreaders\{path="a\\"b"\} 2\n/);
	assert.match(text, /# TYPE bytes_total counter\nbytes_total 20\n/);
	readers = 3;
	assert.match((await metrics.scrape()).text, /\} 3\n[\s\S]*bytes_total 30\n/);
});

test("a histogram is printed cumulatively, with sum and count", async () => {
	const metrics = new Metrics();
	const delays = new Histogram([100, 1000]);
	metrics.histogram({ name: "delay_seconds", help: "Delay.", unit: 0.001 }, () => delays);
	for (const value of [50, 100, 500, 7000]) delays.observe(value);
	const { text, contentType } = await metrics.scrape();
	assert.match(contentType, /^text\/plain/);
	const lines = text.trim().split("\n");
	assert.deepEqual(lines, [
		"# HELP delay_seconds Delay.",
		"# TYPE delay_seconds histogram",
		'delay_seconds_bucket{le="0.1"} 2',
		'delay_seconds_bucket{le="1"} 3',
		'delay_seconds_bucket{le="+Inf"} 4',
		"delay_seconds_sum 7.65",
		"delay_seconds_count 4",
	]);
	assert.equal(delays.count, 4);
});

test("the process tells its CPU and memory", async () => {
	const metrics = new Metrics();
	metrics.addProcess();
	const { text } = await metrics.scrape();
	assert.match(text, /^process_cpu_seconds_total \d/m);
	assert.match(text, /^process_resident_memory_bytes \d/m);
});
