import { type Bench, inTurn, PATH, perPacketUs, publish, type Row, viewers, WARM_UP_MS } from "../support/bench.ts";
import { pause } from "../support/clock.ts";
import type { Candidate } from "../support/server.ts";
import { large as largeShape, type StreamShape, usual } from "../support/stream.ts";
import { measureRtsp } from "./rtsp-out.ts";

const SETTLE_MS = 2000;

interface Work {
	readonly way: string;
	readonly count: number;
	readonly shape: StreamShape;
	readonly listen: boolean;
}

/** One publisher and `count` WebRTC viewers, for one server. */
async function measure(bench: Bench, candidate: Candidate, work: Work): Promise<Row> {
	await using server = await candidate.start();
	const url = server.whep(PATH);
	if (!url) throw new Error("no WebRTC");
	await using publisher = await publish(server, work.shape);
	await using child = viewers();
	await pause(SETTLE_MS);
	const empty = server.residentBytes();
	await child.ask("start", { url, count: work.count, listen: work.listen });
	await pause(WARM_UP_MS);
	const first = await child.ask("report", null);
	const before = { cpu: server.cpuMs(), sent: await publisher.ask("sent", null) };
	await pause(bench.seconds * 1000);
	const used = server.cpuMs() - before.cpu;
	const report = await child.ask("report", null);
	const sent = (await publisher.ask("sent", null)) - before.sent;
	const notes = [
		work.listen ? `${report.lost - first.lost} lost, ${report.repaired - first.repaired} repaired` : "nobody reads",
		...(report.ended > 0 ? [`${report.ended} viewers ended: ${report.reason}`] : []),
	];
	return {
		way: work.way,
		server: candidate.name,
		readers: work.count,
		cpuUs: perPacketUs(used, work.listen ? report.packets : sent * work.count),
		memoryPerReaderKb: (server.residentBytes() - empty) / 1000 / work.count,
		...(work.listen ? { delayP50Ms: report.delay.p50, delayP99Ms: report.delay.p99 } : {}),
		note: notes.join("; "),
	};
}

/** How many, and whether they read. */
const loads = [
	[100, true],
	[300, true],
	[300, false],
] as const;

/** The floor sends the same packets as they are: it does not encrypt. */
async function plain(bench: Bench, way: string, count: number, listen: boolean): Promise<Row> {
	const row = await measureRtsp(bench, bench.floor, { way, count, transport: "udp", listen });
	return { ...row, note: `${row.note ?? ""} not encrypted`.trim() };
}

export const webrtc = {
	summary: "100 and 300 WebRTC viewers, reading and not",
	async run(bench: Bench): Promise<Row[]> {
		const rows: Row[] = [];
		for (const [count, listen] of loads) {
			const way = `webrtc ${count}`;
			const one = async (candidate: Candidate) =>
				candidate === bench.floor
					? [await plain(bench, way, count, listen)]
					: [await measure(bench, candidate, { way, count, shape: usual, listen })];
			rows.push(...(await inTurn(bench, way, one)));
		}
		return rows;
	},
};

export const large = {
	summary: "300 WebRTC viewers at 6 Mbit/s with key frames of 200 packets: nothing may be lost after repair",
	run(bench: Bench): Promise<Row[]> {
		const work = { way: "webrtc 6 Mbit/s", count: 300, shape: largeShape, listen: true };
		const one = async (candidate: Candidate) => [await measure(bench, candidate, work)];
		return inTurn(bench, work.way, one, [bench.vedette, ...bench.peers]);
	},
};
