import {
	type Bench,
	frameReaders,
	inTurn,
	PATH,
	perPacketUs,
	publish,
	type Row,
	WARM_UP_MS,
} from "../support/bench.ts";
import { pause } from "../support/clock.ts";
import type { Candidate, Server } from "../support/server.ts";
import { usual } from "../support/stream.ts";

const READERS = 50;
const SETTLE_MS = 2000;

type AddressOf = (server: Server, path: string) => string | undefined;

async function measure(bench: Bench, way: string, candidate: Candidate, addressOf: AddressOf): Promise<Row[]> {
	await using server = await candidate.start();
	await using publisher = await publish(server, usual);
	await using child = frameReaders();
	await pause(SETTLE_MS);
	const empty = server.residentBytes();
	await child.ask("start", { url: addressOf(server, PATH) ?? "", count: READERS });
	await pause(WARM_UP_MS);
	await child.ask("report", null);
	const before = { cpu: server.cpuMs(), sent: await publisher.ask("sent", null) };
	await pause(bench.seconds * 1000);
	const used = server.cpuMs() - before.cpu;
	const { delay, messages } = await child.ask("report", null);
	const packets = ((await publisher.ask("sent", null)) - before.sent) * READERS;
	const share = used / bench.seconds / READERS;
	return [
		{
			way,
			server: candidate.name,
			readers: READERS,
			cpuUs: perPacketUs(used, packets),
			memoryPerReaderKb: (server.residentBytes() - empty) / 1000 / READERS,
			delayP50Ms: delay.p50,
			delayP99Ms: delay.p99,
			note: `${(messages / bench.seconds).toFixed(0)} messages or answers a second; each reader ${share.toFixed(2)} ms/s of CPU`,
		},
	];
}

function way(name: string, summary: string, addressOf: AddressOf) {
	return {
		summary,
		run: (bench: Bench): Promise<Row[]> =>
			inTurn(bench, name, (one) => measure(bench, name, one, addressOf), [bench.vedette, ...bench.peers]),
	};
}

export const srtOut = way("srt-out", "50 readers over SRT with its usual latency of 120 ms", (server, path) =>
	server.srt(path, "read"),
);
export const hlsOut = way("hls-out", "50 players of low-latency HLS", (server, path) => server.http(`/${path}`));
export const rtmpOut = way("rtmp-out", "50 readers over RTMP", (server, path) => server.rtmp(path));
