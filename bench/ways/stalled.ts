import { type Bench, inTurn, PATH, publish, type Row, readers } from "../support/bench.ts";
import { pause } from "../support/clock.ts";
import type { Candidate } from "../support/server.ts";
import { usual } from "../support/stream.ts";

const WARM_UP_MS = 2500;
const READERS = 100;

/** 100 RTSP/TCP readers, of which one stops reading: what the others notice, and what it costs the relay. */
async function measure(bench: Bench, candidate: Candidate): Promise<Row[]> {
	await using server = await candidate.start();
	await using _publisher = await publish(server, usual);
	await using child = readers();
	await pause(WARM_UP_MS);
	await child.ask("start", {
		port: server.rtspPort,
		path: PATH,
		count: READERS,
		transport: "tcp",
		listen: true,
	});
	await pause(WARM_UP_MS);
	const rows: Row[] = [];
	for (const stalled of [0, 1]) {
		if (stalled > 0) await child.ask("stall", null);
		await child.ask("report", null);
		const memory = server.residentBytes();
		await pause(bench.seconds * 1000);
		const { frames, lost, delay } = await child.ask("report", null);
		const fps = frames / (READERS - stalled) / bench.seconds;
		const growth = ((server.residentBytes() - memory) / 1e6).toFixed(1);
		rows.push({
			way: stalled > 0 ? "one stalled" : "none stalled",
			server: candidate.name,
			readers: READERS,
			delayP50Ms: delay.p50,
			delayP99Ms: delay.p99,
			note: `${fps.toFixed(2)} pictures/s each, ${lost} packets lost, memory ${growth} MB more`,
		});
	}
	return rows;
}

export const stalled = {
	summary: "one of 100 RTSP/TCP readers stops reading",
	run: (bench: Bench) =>
		inTurn(bench, "stalled", (candidate) => measure(bench, candidate), [bench.vedette, ...bench.peers]),
};
