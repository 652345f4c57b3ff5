import { type Bench, inTurn, publish, type Row, readers, WARM_UP_MS } from "../support/bench.ts";
import { pause } from "../support/clock.ts";
import type { Candidate } from "../support/server.ts";
import { usual } from "../support/stream.ts";

const PUBLISHERS = 200;

/** 200 publishers to a server that has one processor, and one reader: how much of it they take, and what the reader gets. */
async function measure(bench: Bench, candidate: Candidate): Promise<Row[]> {
	await using server = await candidate.start({ core: 0 });
	const empty = server.residentBytes();
	const paths = Array.from({ length: PUBLISHERS }, (_, i) => `camera${i}`);
	await using _publisher = await publish(server, usual, paths);
	await using child = readers();
	await child.ask("start", { port: server.rtspPort, path: paths[0]!, count: 1, transport: "tcp", listen: true });
	await pause(WARM_UP_MS);
	await child.ask("report", null);
	const before = server.cpuMs();
	await pause(bench.seconds * 1000);
	const share = (server.cpuMs() - before) / bench.seconds / 10;
	const { frames, lost, delay } = await child.ask("report", null);
	const pictures = (frames / bench.seconds).toFixed(1);
	return [
		{
			way: "200 in",
			server: candidate.name,
			readers: PUBLISHERS,
			memoryPerReaderKb: (server.residentBytes() - empty) / 1000 / PUBLISHERS,
			delayP50Ms: delay.p50,
			delayP99Ms: delay.p99,
			note: `${share.toFixed(0)} % of one core; a reader of one of them: ${pictures} pictures/s, ${lost} packets lost`,
		},
	];
}

export const many = {
	summary: "200 publishers over RTSP/TCP to a relay that has one core",
	run: (bench: Bench) => inTurn(bench, "200 in", (one) => measure(bench, one), [bench.vedette]),
};
