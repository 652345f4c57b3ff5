import { type Bench, inTurn, PATH, publish, type Row, readers, viewers } from "../support/bench.ts";
import { pause } from "../support/clock.ts";
import type { Candidate } from "../support/server.ts";
import { usual } from "../support/stream.ts";

const WARM_UP_MS = 2500;
const STEPS = 10;
const WIDTH = 10;
const SETTLE_MS = 1000;

type Churn = (count: number) => Promise<number>;

/** Readers that come and go, in ten steps, and the relay's memory after each. */
async function measure(way: string, candidate: Candidate, total: number, prepare: Prepare): Promise<Row[]> {
	await using server = await candidate.start();
	await using _publisher = await publish(server, usual);
	await pause(WARM_UP_MS);
	await using work = await prepare(server.rtspPort, server.whep(PATH));
	const memory = [server.residentBytes() / 1e6];
	let failed = 0;
	for (let step = 0; step < STEPS; step++) {
		failed += await work.churn(total / STEPS);
		await pause(SETTLE_MS);
		memory.push(server.residentBytes() / 1e6);
	}
	const note = `MB of memory: ${memory.map((mb) => mb.toFixed(0)).join(" ")}; ${failed} joins failed`;
	return [{ way, server: candidate.name, readers: total, note }];
}

type Prepare = (port: number, url: string | undefined) => Promise<AsyncDisposable & { churn: Churn }>;

const webRtcChurn: Prepare = async (_, url) => {
	if (!url) throw new Error("no WebRTC");
	const child = viewers();
	return {
		churn: (count) => child.ask("churn", { url, count, width: WIDTH }),
		[Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
	};
};

const rtspChurn: Prepare = async (port) => {
	const child = readers();
	return {
		churn: (count) => child.ask("churn", { port, path: PATH, count, transport: "tcp", listen: true }),
		[Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
	};
};

export const joins = {
	summary: "10,000 readers that come and go, WebRTC and RTSP (fewer with --joins N)",
	async run(bench: Bench): Promise<Row[]> {
		const others = [bench.vedette, ...bench.peers];
		const one = (way: string, prepare: Prepare) =>
			inTurn(bench, way, (candidate) => measure(way, candidate, bench.joins, prepare), others);
		return [...(await one("joins webrtc", webRtcChurn)), ...(await one("joins rtsp", rtspChurn))];
	},
};
