import type { FanFloorHandlers } from "../fan-floor.ts";
import type { FanOut } from "../support/arrivals.ts";
import { type Bench, PATH, publish, type Row, viewers, WARM_UP_MS } from "../support/bench.ts";
import { Child } from "../support/child.ts";
import { pause } from "../support/clock.ts";
import { compare, inSlots } from "../support/slots.ts";
import { median, spread } from "../support/statistics.ts";
import { usual } from "../support/stream.ts";
import { threadsMs } from "../support/usage.ts";
import type { ViewersHandlers } from "../viewers.ts";

const VIEWERS = 300;
/** Key frames of each contender in a round of the bench. */
const KEY_FRAMES = 40;
/** Before anything counts. */
const FIRST_KEY_FRAMES = 10;
/** From a key frame to looking what has come of it. */
const AFTER_MS = 120;
/** Of the key frame, without its parameter sets; where a socket had no room for all the time does not count. */
const PACKETS = VIEWERS * (usual.keyPackets - 1);

/** After everybody was told to be still, and before they are told again: consent is shown in between. */
const SETTLE_MS = 10;
const REST_MS = 50;

/** Who spreads one key frame when it is its turn; all others are still. */
interface Contender extends AsyncDisposable {
	readonly name: string;
	/** The process whose threads do it. */
	readonly pid: number;
	fan(): Promise<FanOut>;
	/** Those who are not to read while anybody's turn is. */
	readonly audience?: Child<ViewersHandlers>;
}

/** What one key frame took, in ms; both NaN where not all of it came. */
interface Turn {
	readonly wall: number;
	/** Processor time of the sender thread that had most of it: the wall time, if nobody else wanted the processors. */
	readonly busiest: number;
}

async function take({ pid, fan }: Contender): Promise<Turn> {
	const before = threadsMs(pid);
	const { packets, wallMs } = await fan();
	if (packets !== PACKETS) return { wall: Number.NaN, busiest: Number.NaN };
	const workers = [...threadsMs(pid)].filter(([thread]) => thread !== String(pid));
	const busy = workers.map(([thread, ms]) => ms - (before.get(thread) ?? 0));
	return { wall: wallMs, busiest: Math.max(...busy) };
}

async function relay({ vedette }: Bench, threads: number): Promise<Contender> {
	const stack = new AsyncDisposableStack();
	const server = stack.use(await vedette.start({ threads }));
	const url = server.whep(PATH);
	if (!url) throw new Error("no WebRTC");
	const publisher = stack.use(await publish(server, usual));
	const child = stack.use(viewers());
	await child.ask("start", { url, count: VIEWERS, listen: true });
	await pause(WARM_UP_MS);
	await publisher.ask("hush", null);
	return {
		name: `vedette, ${threads}`,
		pid: server.pid,
		audience: child,
		async fan() {
			await publisher.ask("play", 1);
			await pause(AFTER_MS);
			return child.ask("wake", null);
		},
		[Symbol.asyncDispose]: () => stack.disposeAsync(),
	};
}

async function bare(threads: number): Promise<Contender> {
	const child = new Child<FanFloorHandlers>(new URL("../fan-floor.ts", import.meta.url));
	await child.ask("start", { threads, receivers: VIEWERS, afterMs: AFTER_MS });
	return {
		name: `floor, ${threads}`,
		pid: child.pid,
		fan: () => child.ask("fan", null),
		[Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
	};
}

async function measure(bench: Bench): Promise<Row[]> {
	await using stack = new AsyncDisposableStack();
	const contenders: Contender[] = [];
	for (const make of [() => relay(bench, 1), () => relay(bench, 2), () => bare(1), () => bare(2)]) {
		contenders.push(stack.use(await make()));
	}
	bench.say("threads: key frames in turn");
	const audiences = contenders.flatMap(({ audience }) => audience ?? []);
	const turns = contenders.map((contender) => async () => {
		await Promise.all(audiences.map((audience) => audience.ask("nap", null)));
		await pause(SETTLE_MS);
		const turn = await take(contender);
		const others = audiences.filter((audience) => audience !== contender.audience);
		await Promise.all(others.map((audience) => audience.ask("wake", null)));
		await pause(REST_MS);
		return turn;
	});
	await inSlots(FIRST_KEY_FRAMES, turns);
	const took = await inSlots(KEY_FRAMES * bench.rounds, turns);
	return contenders.map(({ name }, i) => row(name, took[i] ?? [], i % 2 === 1 ? took[i - 1] : undefined));
}

/** `single` is what the same program took with one thread. */
function row(server: string, took: readonly Turn[], single: readonly Turn[] | undefined): Row {
	const walls = took.map(({ wall }) => wall);
	const busiest = took.map((turn) => turn.busiest);
	const { p50, max, count } = spread(walls.filter(Number.isFinite));
	const notes = [
		`median and longest of ${count} key frames to all`,
		`busiest thread ${median(busiest.filter(Number.isFinite)).toFixed(1)} ms`,
	];
	if (single) {
		const by = { wall: single.map(({ wall }) => wall), busiest: single.map((turn) => turn.busiest) };
		notes.push(`1 thread takes ${compare(by.wall, walls)}, busy ${compare(by.busiest, busiest)}`);
	}
	return { way: "threads", server, readers: VIEWERS, delayP50Ms: p50, delayP99Ms: max, note: notes.join("; ") };
}

export const threads = {
	summary: "wall time of a key frame to 300 WebRTC viewers that do not read, by one and two threads; the floor's own",
	run: measure,
};
