import type { FramePublishersHandlers } from "../frame-publishers.ts";
import type { FrameReadersHandlers } from "../frame-readers.ts";
import type { PublishersHandlers } from "../publishers.ts";
import type { ReadersHandlers } from "../readers.ts";
import type { ViewersHandlers } from "../viewers.ts";
import { Child } from "./child.ts";
import type { Candidate, Server } from "./server.ts";
import { median } from "./statistics.ts";
import type { StreamShape } from "./stream.ts";

/** One line of the table; what a way does not measure is left out. */
export interface Row {
	readonly way: string;
	readonly server: string;
	readonly readers?: number;
	/** Microseconds of processor time per packet and reader (of ways in: per packet). */
	readonly cpuUs?: number;
	readonly memoryPerReaderKb?: number;
	readonly delayP50Ms?: number;
	readonly delayP99Ms?: number;
	readonly firstP50Ms?: number;
	readonly firstP95Ms?: number;
	readonly note?: string;
	/** What went wrong. */
	readonly failure?: string;
}

/** What a way is given. */
export interface Bench {
	/** Length of one measurement. */
	readonly seconds: number;
	/** How often the servers are run in turn; the medians count. */
	readonly rounds: number;
	/** Readers that come and go in `joins`. */
	readonly joins: number;
	readonly vedette: Candidate;
	readonly floor: Candidate;
	readonly peers: readonly Candidate[];
	/** Tells what is going on. */
	say(text: string): void;
}

/** One thing that is measured. */
export interface Way {
	readonly summary: string;
	run(bench: Bench): Promise<Row[]>;
}

/** A server has done its work for so long before it is measured: by then its code is compiled and its memory in shape. */
export const WARM_UP_MS = 8000;

/** The path that everybody reads. */
export const PATH = "live";

/** A process that publishes to `paths` of a server. */
export async function publish(
	server: Pick<Server, "rtspPort">,
	shape: StreamShape,
	paths: readonly string[] = [PATH],
): Promise<Child<PublishersHandlers>> {
	const child = new Child<PublishersHandlers>(new URL("../publishers.ts", import.meta.url));
	await child.ask("start", { port: server.rtspPort, paths, shape });
	return child;
}

/** A process that publishes to addresses of RTMP, SRT or the floor. */
export async function publishFrames(
	shape: StreamShape,
	urls: readonly string[],
): Promise<Child<FramePublishersHandlers>> {
	const child = new Child<FramePublishersHandlers>(new URL("../frame-publishers.ts", import.meta.url));
	await child.ask("start", { urls, shape });
	return child;
}

/** A process for readers over RTMP, SRT and HLS. */
export function frameReaders(): Child<FrameReadersHandlers> {
	return new Child<FrameReadersHandlers>(new URL("../frame-readers.ts", import.meta.url));
}

/** A process for RTSP readers. */
export function readers(): Child<ReadersHandlers> {
	return new Child<ReadersHandlers>(new URL("../readers.ts", import.meta.url));
}

/** A process for WebRTC viewers. */
export function viewers(): Child<ViewersHandlers> {
	return new Child<ViewersHandlers>(new URL("../viewers.ts", import.meta.url));
}

/** Microseconds of the server's processor time for each of `packets`. */
export function perPacketUs(usedMs: number, packets: number): number {
	return (usedMs * 1000) / packets;
}

/**
 * The same work for the servers, one after the other, as many rounds as wanted; by default the floor, ours, and all
 * others. One that cannot do it gets a row that says why.
 */
export async function inTurn(
	bench: Bench,
	way: string,
	measure: (candidate: Candidate) => Promise<Row[]>,
	candidates: readonly Candidate[] = [bench.floor, bench.vedette, ...bench.peers],
): Promise<Row[]> {
	const results = candidates.map((): Row[][] => []);
	for (let round = 0; round < bench.rounds; round++) {
		for (const [i, candidate] of candidates.entries()) {
			bench.say(`${way}: ${candidate.name}${bench.rounds > 1 ? `, round ${round + 1}` : ""}`);
			results[i]?.push(await attempt(bench, way, candidate, measure));
		}
	}
	return results.flatMap(middle);
}

async function attempt(
	bench: Bench,
	way: string,
	candidate: Candidate,
	measure: (candidate: Candidate) => Promise<Row[]>,
): Promise<Row[]> {
	try {
		return await measure(candidate);
	} catch (error) {
		const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
		bench.say(text);
		return [{ way, server: candidate.name, failure: text.split("\n")[0] ?? "failed" }];
	}
}

/** The rows of one server's rounds as one: of each number the median, of the words the last. */
function middle(rounds: readonly Row[][]): Row[] {
	const last = rounds.at(-1) ?? [];
	return last.map((row, i) => {
		const entries = Object.entries(row).map(([key, value]): [string, unknown] => {
			if (typeof value !== "number") return [key, value];
			const values = rounds.map((rows) => (rows[i] as Readonly<Record<string, unknown>> | undefined)?.[key]);
			return [key, median(values.filter((each) => typeof each === "number"))];
		});
		return Object.fromEntries(entries) as unknown as Row;
	});
}
