import { type Bench, inTurn, PATH, publish, type Row, viewers } from "../support/bench.ts";
import { pause } from "../support/clock.ts";
import type { Candidate } from "../support/server.ts";
import { spread } from "../support/statistics.ts";
import { usual } from "../support/stream.ts";

const WARM_UP_MS = 2500;
const VIEWERS = 300;
const ROUNDS = 10;
/** The viewers stop reading shortly before a key frame and go on when it must be through. */
const BEFORE_MS = 30;
const AFTER_MS = 130;
/** Of the key frame, without its parameter sets; a round in which a socket had no room for all is left out. */
const PACKETS = VIEWERS * (usual.keyPackets - 1);

async function measure(candidate: Candidate): Promise<Row[]> {
	await using server = await candidate.start();
	const url = server.whep(PATH);
	if (!url) throw new Error("no WebRTC");
	await using publisher = await publish(server, usual);
	await using child = viewers();
	await pause(WARM_UP_MS);
	await child.ask("start", { url, count: VIEWERS, listen: true });
	await pause(WARM_UP_MS);
	const walls: number[] = [];
	for (let round = 0; round < ROUNDS; round++) {
		const key = await publisher.ask("nextKey", usual);
		const { wallMs, packets } = await child.ask("nap", { from: key - BEFORE_MS, until: key + AFTER_MS });
		if (packets === PACKETS) walls.push(wallMs);
	}
	const { p50, max } = spread(walls);
	const note = `median and longest of ${walls.map((wall) => wall.toFixed(1)).join(" ")} ms for a key frame to all`;
	return [{ way: "threads", server: candidate.name, readers: VIEWERS, delayP50Ms: p50, delayP99Ms: max, note }];
}

function withThreads({ vedette }: Bench, threads: number): Candidate {
	return { name: `${threads} threads`, start: (options) => vedette.start({ ...options, threads }) };
}

export const threads = {
	summary: "wall time of a key frame to 300 WebRTC viewers that do not read: one and two sender threads",
	run: (bench: Bench): Promise<Row[]> =>
		inTurn(bench, "threads", measure, [withThreads(bench, 1), withThreads(bench, 2)]),
};
