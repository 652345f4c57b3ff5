import { arch, cpus, release } from "node:os";
import { parseArgs } from "node:util";
import type { Bench, Row, Way } from "./support/bench.ts";
import { type Candidate, floor, peer, vedette } from "./support/server.ts";
import { table } from "./support/table.ts";
import { conversions } from "./ways/conversions.ts";
import { firstFrame } from "./ways/first-frame.ts";
import { rtmpIn, srtIn } from "./ways/frames-in.ts";
import { hlsOut, rtmpOut, srtOut } from "./ways/frames-out.ts";
import { glass } from "./ways/glass.ts";
import { joins } from "./ways/joins.ts";
import { many } from "./ways/many.ts";
import { rtspIn } from "./ways/rtsp-in.ts";
import { delay, rtspTcp, rtspUdp } from "./ways/rtsp-out.ts";
import { slots } from "./ways/slots.ts";
import { stalled } from "./ways/stalled.ts";
import { threads } from "./ways/threads.ts";
import { large, webrtc } from "./ways/webrtc.ts";

/** All ways by name, in the order in which they run. */
const ways: Readonly<Record<string, Way>> = {
	"rtsp-tcp": rtspTcp,
	"rtsp-udp": rtspUdp,
	delay,
	"rtsp-in": rtspIn,
	"rtmp-in": rtmpIn,
	"srt-in": srtIn,
	many,
	"rtmp-out": rtmpOut,
	"srt-out": srtOut,
	"hls-out": hlsOut,
	conversions,
	webrtc,
	slots,
	large,
	threads,
	"first-frame": firstFrame,
	stalled,
	glass,
	joins,
};

const DEFAULT_SECONDS = 10;
const DEFAULT_JOINS = 10_000;

function help(): string {
	const rows = Object.entries(ways).map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}`);
	return [
		"usage: npm run bench -- [NAME...] [--seconds N] [--joins N] [--rounds N] [--peer NAME=COMMAND]... [--json]",
		"",
		...rows,
		"",
		"--rounds runs the servers in turn so often and gives the medians. --profile FOLDER keeps the relay's processor profiles.",
		"--peer runs another server through the same work: --peer mediamtx=/path/to/mediamtx. In a longer command",
		"{rtsp}, {rtp}, {http}, {webrtc}, {rtmp} and {srt} stand for the ports.",
		"",
	].join("\n");
}

function candidate(text: string): Candidate {
	const cut = text.indexOf("=");
	if (cut < 1) throw new Error(`--peer ${text}: expected NAME=COMMAND`);
	return peer(text.slice(0, cut), text.slice(cut + 1));
}

function machine(): string {
	const [first] = cpus();
	return `${first?.model ?? "unknown"}, ${cpus().length} cores, Linux ${release()} ${arch()}, Node ${process.version}`;
}

/** Runs the ways; each hands its rows to `done` as soon as they are there. */
async function runAll(names: readonly string[], bench: Bench, done: (rows: Row[]) => void): Promise<Row[]> {
	const all: Row[] = [];
	for (const name of names) {
		const rows = (await ways[name]?.run(bench)) ?? [];
		done(rows);
		all.push(...rows);
	}
	return all;
}

async function main(): Promise<number> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: {
			joins: { type: "string", default: String(DEFAULT_JOINS) },
			seconds: { type: "string", default: String(DEFAULT_SECONDS) },
			rounds: { type: "string", default: "1" },
			profile: { type: "string" },
			peer: { type: "string", multiple: true, default: [] },
			json: { type: "boolean", default: false },
			help: { type: "boolean", default: false },
		},
	});
	const unknown = positionals.filter((name) => !Object.hasOwn(ways, name));
	if (values.help || unknown.length > 0) {
		process.stderr.write(unknown.length > 0 ? `There is no way ${unknown.join(", ")}.\n${help()}` : help());
		return values.help ? 0 : 2;
	}
	const bench: Bench = {
		seconds: Number(values.seconds),
		joins: Number(values.joins),
		rounds: Number(values.rounds),
		vedette: vedette(values.profile),
		floor,
		peers: values.peer.map(candidate),
		say: (text) => process.stderr.write(`${text}\n`),
	};
	const names = positionals.length > 0 ? positionals : Object.keys(ways);
	const print = (text: string) => process.stdout.write(`${text}\n`);
	if (!values.json) print(`${machine()}\n`);
	const rows = await runAll(names, bench, (some) => values.json || print(table(some)));
	if (values.json) print(JSON.stringify({ machine: machine(), rows }, undefined, 2));
	return rows.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

process.exitCode = await main();
