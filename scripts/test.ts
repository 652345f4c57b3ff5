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

/** The totals of the closing lines, in node:test's order. */
const totals = new Map<string, number>(
	["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo"].map((name) => [name, 0]),
);

function find(...patterns: string[]): string[] {
	return globSync(patterns).sort();
}

/** The groups of a run: `all`, or one of them. */
function plan(which: string): Group[] {
	const unit = { files: find("{src,web}/**/*.test.ts"), concurrency: 2 };
	const house = { files: find("test/house/*.test.ts"), concurrency: 2 };
	const folders = find("test/*/").map((folder) => basename(folder));
	const shared = folders.filter((name) => name !== "house" && name !== "support" && !alone.includes(name));
	// Peers are waited for in real time, for the most part: two files at a time.
	const rest = { files: shared.flatMap((name) => find(`test/${name}/**/*.test.ts`)), concurrency: 2 };
	const serial = { files: alone.flatMap((name) => find(`test/${name}/**/*.test.ts`)), concurrency: 1 };
	if (which === "house") return [house];
	if (which === "unit") return [unit];
	return [house, unit, rest, serial];
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
