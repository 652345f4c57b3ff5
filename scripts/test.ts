import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { run } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { spec } from "node:test/reporters";
import { installPeers } from "./debian.ts";
import { unpackLive555 } from "./live555.ts";
import { buildPage } from "./page.ts";

/** A set of test files, and how many of them run at the same time. */
interface Group {
	readonly files: readonly string[];
	readonly concurrency: number;
}

/** A test or a file that takes longer has failed. */
const TEST_TIMEOUT_MS = 300_000;

/** Suites that measure time, or fill the machine with programs and browsers: one file at a time. */
const alone = ["matrix", "browser", "network", "soak", "package"];

/** Among these, what waits for the clock and asks little of the machine meanwhile. */
const patient = [
	"test/network/srt-libsrt.test.ts",
	"test/peers/robot-idle.test.ts",
	"test/peers/robot-outage.test.ts",
	"test/network/robot-tcp.test.ts",
	"test/network/slow-tcp.test.ts",
	"test/package/package.test.ts",
];

/** Likewise, what a browser does at its leisure: two files at a time. */
const leisurely = ["on-demand", "viewer", "robots", "asleep", "signaling", "whep-gstreamer", "whep-turn"].map(
	(name) => `test/browser/${name}.test.ts`,
);

/** What takes longest of the groups that run several files at the same time: it begins first. */
const long = [
	"test/house/tools.test.ts",
	"src/robot/capture/backends.test.ts",
	"src/control/hooks/command.test.ts",
	"src/cli/relay.test.ts",
	"src/cli/robot-local.test.ts",
	"test/peers/audio.test.ts",
	"test/peers/rtmp.test.ts",
	"test/peers/rtsp.test.ts",
	"test/peers/on-demand.test.ts",
	"test/peers/hls-in.test.ts",
	"test/peers/udp.test.ts",
	"test/peers/recipes.test.ts",
	"test/peers/srt.test.ts",
];

/** What is compiled is kept: hundreds of processes load the same files. */
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "../.cache/compiled");

/** The totals of the closing lines, in node:test's order. */
const totals = new Map<string, number>(
	["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo"].map((name) => [name, 0]),
);

/** The files that fit, those that take long first. */
function find(...patterns: string[]): string[] {
	const place = (file: string): number => (long.includes(file) ? long.indexOf(file) : long.length);
	return globSync(patterns).sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

/** The groups of a run: `all`, or one of them. */
function plan(which: string): Group[] {
	const [house, unit] = ["test/house/*.test.ts", "{src,web}/**/*.test.ts"];
	if (which === "house") return [{ files: find(house), concurrency: 2 }];
	if (which === "unit") return [{ files: find(unit), concurrency: 4 }];
	const folders = find("test/*/").map((folder) => basename(folder));
	const shared = folders.filter((name) => name !== "house" && name !== "support" && !alone.includes(name));
	const apart = new Set([...patient, ...leisurely]);
	const rest = (names: readonly string[]): string[] =>
		find(...names.map((name) => `test/${name}/**/*.test.ts`)).filter((file) => !apart.has(file));
	return [
		{ files: find(house, unit), concurrency: 4 },
		{ files: patient, concurrency: 4 },
		// Peers are waited for in real time, for the most part.
		{ files: rest(shared), concurrency: 5 },
		{ files: leisurely, concurrency: 2 },
		{ files: rest(alone), concurrency: 1 },
	];
}

/**
 * Runs the groups one after the other as one stream of events. The summary of each is held back: its counts are added to
 * the totals, and only the last is passed on, at which the reporter prints all failures again.
 */
async function* events(groups: readonly Group[]) {
	const cwd = process.cwd();
	let last: TestEvent | undefined;
	for (const { files, concurrency } of groups) {
		if (files.length === 0) continue;
		const paths = files.map((file) => join(cwd, file));
		for await (const event of run({ files: paths, concurrency, timeout: TEST_TIMEOUT_MS })) {
			if (event.type === "test:diagnostic" && count(event.data.message)) continue;
			if (event.type === "test:summary" && event.data.file === undefined) last = event;
			else yield event;
		}
	}
	if (last) yield last;
}

/** Adds a summary line (`pass 12`) to the totals; false where the message is not one. */
function count(message: string): boolean {
	const [, name = "", value] = /^(\w+) ([\d.]+)$/.exec(message) ?? [];
	const sum = totals.get(name);
	if (sum !== undefined) totals.set(name, sum + Number(value));
	return sum !== undefined || name === "duration_ms";
}

async function main(which: string): Promise<number> {
	const started = performance.now();
	if (which === "all") {
		installPeers();
		unpackLive555();
		buildPage();
	}
	for await (const text of Readable.from(events(plan(which))).compose(spec)) process.stdout.write(text);
	for (const [name, value] of totals) process.stdout.write(`# ${name} ${value}\n`);
	process.stdout.write(`# duration_ms ${(performance.now() - started).toFixed(0)}\n`);
	return totals.get("tests") === 0 || totals.get("fail") || totals.get("cancelled") ? 1 : 0;
}

process.exitCode = await main(process.argv[2] ?? "all");
