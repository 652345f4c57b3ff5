import { type Bench, PATH, perPacketUs, publish, type Row, viewers, WARM_UP_MS } from "../support/bench.ts";
import { pause } from "../support/clock.ts";
import type { Candidate } from "../support/server.ts";
import { compare, inSlots } from "../support/slots.ts";
import { median } from "../support/statistics.ts";
import { usual } from "../support/stream.ts";

/** Slots of each server in a round of the bench. */
const SLOTS = 16;
/** One group of pictures: the same packets in every slot. */
const FRAMES = usual.group;
/** After the last picture, until all is read. */
const TAIL_MS = 150;
const LOADS = [100, 300];

/** What one server did in one slot. */
interface Slot {
	readonly cpuUs: number;
	readonly p50: number;
	readonly p99: number;
	readonly lost: number;
}

/** A server with its publisher and viewers, who all wait until it is their turn. */
interface Contender extends AsyncDisposable {
	readonly name: string;
	slot(): Promise<Slot>;
	/** Milliseconds of processor time a second, while it was not its turn. */
	readonly idle: number;
}

async function enter(candidate: Candidate, count: number): Promise<Contender> {
	const stack = new AsyncDisposableStack();
	const server = stack.use(await candidate.start());
	const url = server.whep(PATH);
	if (!url) throw new Error("no WebRTC");
	const publisher = stack.use(await publish(server, usual));
	const child = stack.use(viewers());
	await child.ask("start", { url, count, listen: true });
	await pause(WARM_UP_MS);
	await publisher.ask("hush", null);
	await child.ask("report", null);
	let since = { at: performance.now(), cpu: server.cpuMs() };
	const waited = { ms: 0, cpu: 0 };
	let lost = 0;
	return {
		name: candidate.name,
		get idle() {
			return (waited.cpu / waited.ms) * 1000;
		},
		async slot(): Promise<Slot> {
			const before = server.cpuMs();
			waited.ms += performance.now() - since.at;
			waited.cpu += before - since.cpu;
			await publisher.ask("play", FRAMES);
			await pause(TAIL_MS);
			since = { at: performance.now(), cpu: server.cpuMs() };
			const report = await child.ask("report", null);
			if (report.ended > 0) throw new Error(`${report.ended} viewers ended: ${report.reason}`);
			const more = report.lost - lost;
			lost = report.lost;
			const { p50, p99 } = report.delay;
			return { cpuUs: perPacketUs(since.cpu - before, report.packets), p50, p99, lost: more };
		},
		[Symbol.asyncDispose]: () => stack.disposeAsync(),
	};
}

async function measure(bench: Bench, count: number): Promise<Row[]> {
	await using stack = new AsyncDisposableStack();
	const contenders: Contender[] = [];
	for (const candidate of [bench.vedette, ...bench.peers]) {
		bench.say(`slots ${count}: ${candidate.name} gets its viewers`);
		contenders.push(stack.use(await enter(candidate, count)));
	}
	bench.say(`slots ${count}: in turn`);
	const slots = await inSlots(
		SLOTS * bench.rounds,
		contenders.map((contender) => () => contender.slot()),
	);
	const costs = slots.map((some) => some.map(({ cpuUs }) => cpuUs));
	return contenders.map(({ name, idle }, i): Row => {
		const some = slots[i] ?? [];
		const ratio = i > 0 ? [`vedette takes ${compare(costs[0] ?? [], costs[i] ?? [])}`] : [];
		const lost = some.reduce((sum, slot) => sum + slot.lost, 0);
		return {
			way: `slots ${count}`,
			server: name,
			readers: count,
			cpuUs: median(costs[i] ?? []),
			delayP50Ms: median(some.map(({ p50 }) => p50)),
			delayP99Ms: median(some.map(({ p99 }) => p99)),
			note: [...ratio, `${lost} lost`, `${idle.toFixed(1)} ms/s while it waits`].join("; "),
		};
	});
}

export const slots = {
	summary: "WebRTC beside each --peer: both up at once, one picture group each in turn; 100 and 300 viewers",
	async run(bench: Bench): Promise<Row[]> {
		const rows: Row[] = [];
		for (const count of LOADS) rows.push(...(await measure(bench, count)));
		return rows;
	},
};
