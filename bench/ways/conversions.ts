import { type Bench, frameReaders, inTurn, PATH, publish, publishFrames, type Row, readers } from "../support/bench.ts";
import type { Child, Handlers } from "../support/child.ts";
import { pause } from "../support/clock.ts";
import type { Candidate, Server } from "../support/server.ts";
import type { Spread } from "../support/statistics.ts";
import { usual } from "../support/stream.ts";

const WARM_UP_MS = 4000;

type Publisher = Child<Handlers>;

const into: Readonly<Record<string, (server: Server) => Promise<Publisher>>> = {
	RTSP: (server) => publish(server, usual),
	RTMP: (server) => publishFrames(usual, [server.rtmp(PATH) ?? ""]),
	SRT: (server) => publishFrames(usual, [server.srt(PATH, "publish") ?? ""]),
};

const outOf: Readonly<Record<string, (server: Server) => string | undefined>> = {
	RTMP: (server) => server.rtmp(PATH),
	SRT: (server) => server.srt(PATH, "read"),
	HLS: (server) => server.http(`/${PATH}`),
};

/** One reader by each protocol, all at once, of a stream that comes in by one. */
async function measure(bench: Bench, candidate: Candidate, from: string): Promise<Row[]> {
	await using server = await candidate.start();
	await using _publisher = await into[from]!(server);
	await using rtsp = readers();
	await using children = new AsyncDisposableStack();
	await pause(WARM_UP_MS);
	await rtsp.ask("start", { port: server.rtspPort, path: PATH, count: 1, transport: "tcp", listen: true });
	const others = Object.entries(outOf).map(([to, urlOf]) => ({ to, url: urlOf(server) ?? "", child: frameReaders() }));
	for (const { url, child } of others) {
		children.use(child);
		await child.ask("start", { url, count: 1 });
	}
	await pause(WARM_UP_MS);
	await rtsp.ask("report", null);
	for (const { child } of others) await child.ask("report", null);
	await pause(bench.seconds * 1000);
	const row = (to: string, { p50, p99, count }: Spread): Row => ({
		...{ way: `${from} → ${to}`, server: candidate.name, readers: 1, delayP50Ms: p50, delayP99Ms: p99 },
		note: `${count} pictures`,
	});
	const rows = [row("RTSP", (await rtsp.ask("report", null)).delay)];
	for (const { to, child } of others) rows.push(row(to, (await child.ask("report", null)).delay));
	return rows;
}

export const conversions = {
	summary: "from a picture's sending to its being there, by RTSP, RTMP and SRT in and RTSP, RTMP, SRT and HLS out",
	async run(bench: Bench): Promise<Row[]> {
		const rows: Row[] = [];
		for (const from of Object.keys(into)) {
			rows.push(...(await inTurn(bench, from, (one) => measure(bench, one, from), [bench.vedette])));
		}
		return rows;
	},
};
