import { type Bench, inTurn, perPacketUs, publishFrames, type Row, WARM_UP_MS } from "../support/bench.ts";
import { pause } from "../support/clock.ts";
import type { Candidate, Server } from "../support/server.ts";
import { usual } from "../support/stream.ts";

const PUBLISHERS = 20;

type AddressOf = (server: Server, path: string) => string | undefined;

async function measure(bench: Bench, way: string, candidate: Candidate, addressOf: AddressOf): Promise<Row[]> {
	await using server = await candidate.start();
	const empty = server.residentBytes();
	const urls = Array.from({ length: PUBLISHERS }, (_, i) => addressOf(server, `camera${i}`) ?? "");
	await using publisher = await publishFrames(usual, urls);
	await pause(WARM_UP_MS);
	const before = { cpu: server.cpuMs(), sent: await publisher.ask("sent", null) };
	await pause(bench.seconds * 1000);
	const used = server.cpuMs() - before.cpu;
	const packets = (await publisher.ask("sent", null)) - before.sent;
	const perPicture = (used * 1000) / (PUBLISHERS * usual.fps * bench.seconds);
	return [
		{
			way,
			server: candidate.name,
			readers: PUBLISHERS,
			cpuUs: perPacketUs(used, packets),
			memoryPerReaderKb: (server.residentBytes() - empty) / 1000 / PUBLISHERS,
			note: `per publisher, per 1200 bytes taken in; ${perPicture.toFixed(1)} µs per picture`,
		},
	];
}

function way(name: string, summary: string, addressOf: AddressOf) {
	return {
		summary,
		run: (bench: Bench): Promise<Row[]> =>
			inTurn(bench, name, (candidate) => measure(bench, name, candidate, addressOf)),
	};
}

export const rtmpIn = way("rtmp-in", "20 publishers over RTMP, nobody reads", (server, path) => server.rtmp(path));
export const srtIn = way("srt-in", "20 publishers over SRT, nobody reads", (server, path) =>
	server.srt(path, "publish"),
);
