import { type Bench, inTurn, PATH, perPacketUs, publish, type Row, readers, WARM_UP_MS } from "../support/bench.ts";
import { pause } from "../support/clock.ts";
import type { Candidate } from "../support/server.ts";
import { usual } from "../support/stream.ts";

const SETTLE_MS = 2000;

interface Work {
	readonly way: string;
	readonly count: number;
	readonly transport: "tcp" | "udp";
	readonly listen: boolean;
}

/** One publisher and `count` RTSP readers, for one server. */
export async function measureRtsp(bench: Bench, candidate: Candidate, work: Work): Promise<Row> {
	await using server = await candidate.start();
	await using publisher = await publish(server, usual);
	await using child = readers();
	await pause(SETTLE_MS);
	const empty = server.residentBytes();
	await child.ask("start", { port: server.rtspPort, path: PATH, ...work });
	await pause(WARM_UP_MS);
	await child.ask("report", null);
	const before = { cpu: server.cpuMs(), sent: await publisher.ask("sent", null) };
	await pause(bench.seconds * 1000);
	const used = server.cpuMs() - before.cpu;
	const report = await child.ask("report", null);
	const sent = (await publisher.ask("sent", null)) - before.sent;
	const lost = report.lost > 0 ? `${report.lost} packets lost` : undefined;
	return {
		way: work.way,
		server: candidate.name,
		readers: work.count,
		cpuUs: perPacketUs(used, work.listen ? report.packets : sent * work.count),
		memoryPerReaderKb: (server.residentBytes() - empty) / 1000 / work.count,
		...(work.listen ? { delayP50Ms: report.delay.p50, delayP99Ms: report.delay.p99 } : {}),
		...(work.listen ? (lost ? { note: lost } : {}) : { note: "nobody reads" }),
	};
}

function all(bench: Bench, work: Work): Promise<Row[]> {
	return inTurn(bench, work.way, async (candidate) => [await measureRtsp(bench, candidate, work)]);
}

export const rtspTcp = {
	summary: "500 readers over RTSP/TCP",
	run: (bench: Bench) => all(bench, { way: "rtsp-tcp", count: 500, transport: "tcp", listen: true }),
};

export const rtspUdp = {
	summary: "200 readers over RTSP/UDP, and the same to sockets that nobody reads",
	async run(bench: Bench): Promise<Row[]> {
		const work = { way: "rtsp-udp", count: 200, transport: "udp" } as const;
		const silent = await all(bench, { ...work, listen: false });
		return [...silent, ...(await all(bench, { ...work, listen: true }))];
	},
};

export const delay = {
	summary: "added delay with 100 readers over RTSP, TCP and UDP",
	async run(bench: Bench): Promise<Row[]> {
		const tcp = await all(bench, { way: "delay rtsp-tcp", count: 100, transport: "tcp", listen: true });
		const udp = await all(bench, { way: "delay rtsp-udp", count: 100, transport: "udp", listen: true });
		return [...tcp, ...udp];
	},
};
