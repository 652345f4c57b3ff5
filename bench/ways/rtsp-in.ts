import { type Bench, inTurn, perPacketUs, publish, type Row, WARM_UP_MS } from "../support/bench.ts";
import { pause } from "../support/clock.ts";
import type { Candidate } from "../support/server.ts";
import { usual } from "../support/stream.ts";

const PUBLISHERS = 60;

async function measure(bench: Bench, candidate: Candidate): Promise<Row> {
	await using server = await candidate.start();
	const empty = server.residentBytes();
	const paths = Array.from({ length: PUBLISHERS }, (_, i) => `camera${i}`);
	await using publisher = await publish(server, usual, paths);
	await pause(WARM_UP_MS);
	const before = { cpu: server.cpuMs(), sent: await publisher.ask("sent", null) };
	await pause(bench.seconds * 1000);
	const used = server.cpuMs() - before.cpu;
	const sent = (await publisher.ask("sent", null)) - before.sent;
	return {
		way: "rtsp-in",
		server: candidate.name,
		readers: PUBLISHERS,
		cpuUs: perPacketUs(used, sent),
		memoryPerReaderKb: (server.residentBytes() - empty) / 1000 / PUBLISHERS,
		note: "per publisher, per packet taken in",
	};
}

export const rtspIn = {
	summary: "60 publishers over RTSP/TCP, nobody reads",
	run: (bench: Bench) => inTurn(bench, "rtsp-in", async (candidate) => [await measure(bench, candidate)]),
};
