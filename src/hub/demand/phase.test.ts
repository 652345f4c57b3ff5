import assert from "node:assert/strict";
import { test } from "node:test";
import { type DriverState, dueAt, type Facts, type Phase, type PhaseEvent, step } from "./phase.ts";

const NOW = 100_000;
const NEVER = Number.POSITIVE_INFINITY;

type Facets = Partial<Facts>;

const unwanted: Facets = { wanted: false };
const offline: Facets = { online: false };

function facts(given: Facets = {}): Facts {
	return { now: NOW, wanted: true, online: true, isSure: true, idleAfter: 10_000, askAgain: 5000, ...given };
}

const idle: Phase = { at: "idle", since: 0, error: "" };
const starting = { at: "starting", since: 0, sleepAt: NEVER, askAt: NOW + 4000, failures: 2, stale: false } as const;
const live = { at: "live", since: 0, sleepAt: NEVER, failures: 0, own: true } as const;
const stopping = { at: "stopping", since: 0, cutAt: NOW + 1000, present: true } as const;
const error = {
	at: "error",
	since: 0,
	sleepAt: NEVER,
	retryAt: NOW + 1000,
	failures: 2,
	reason: "no camera",
	held: false,
	present: false,
} as const;
/** Its publisher is there all the same. */
const belied = { ...error, held: true, present: true } as const;

const want: PhaseEvent = { on: "want", order: false };
const order: PhaseEvent = { on: "want", order: true };
const gone: PhaseEvent = { on: "unwanted" };
const stop: PhaseEvent = { on: "stop" };
const born: PhaseEvent = { on: "born", own: true };
const foreign: PhaseEvent = { on: "born", own: false };
const lost: PhaseEvent = { on: "lost", reason: "the link broke" };
const online: PhaseEvent = { on: "online" };
const outOfReach: PhaseEvent = { on: "offline" };
const due: PhaseEvent = { on: "due" };
const said = (state: DriverState): PhaseEvent => ({
	on: "said",
	state,
	reason: state === "error" ? "no camera" : "",
});

/** What is done about those who wait or read in vain. */
const told = ["turn away", "end readers"];

/** Before, event, facts that differ, what is expected of the next phase, actions. */
type Row = readonly [string, Phase, PhaseEvent, Facets, Partial<Phase>, readonly string[]];

const rows: readonly Row[] = [
	["idle: a want starts", idle, want, {}, { at: "starting", askAt: NOW + 5000, sleepAt: NEVER }, ["start"]],
	["idle: a want waits for who cannot be reached", idle, want, offline, { at: "starting" }, []],
	[
		"idle: another's publisher is taken",
		idle,
		foreign,
		unwanted,
		{ at: "live", own: false, sleepAt: NEVER },
		["stop", "admit"],
	],
	[
		"idle: what was live before has its while",
		idle,
		born,
		unwanted,
		{ at: "live", own: true, sleepAt: NOW + 10_000 },
		["admit"],
	],
	["idle: a robot that says live is told to stop", idle, said("live"), unwanted, { at: "idle" }, ["stop"]],
	["idle: a robot that says idle is left alone", idle, said("idle"), unwanted, { at: "idle" }, []],
	["idle: each birth is told what is wanted", idle, online, unwanted, { at: "idle" }, ["stop"]],
	["idle: a stop changes nothing", idle, stop, unwanted, { at: "idle" }, []],

	["starting: a reader more", { ...starting, sleepAt: NOW + 1 }, want, {}, { at: "starting", sleepAt: NEVER }, []],
	["starting: a second start brings its bounds", starting, order, {}, { at: "starting" }, ["start"]],
	["starting: the last want gone", starting, gone, unwanted, { at: "starting", sleepAt: NOW + 10_000 }, []],
	[
		"starting: a stop fails who waits",
		starting,
		stop,
		unwanted,
		{ at: "stopping", present: false },
		["stop", "turn away", "end readers"],
	],
	["starting: pictures", starting, born, {}, { at: "live", own: true, failures: 2, sleepAt: NEVER }, ["admit"]],
	[
		"starting: pictures nobody waits for any more",
		starting,
		born,
		unwanted,
		{ at: "live", sleepAt: NOW + 10_000 },
		["admit"],
	],
	["starting: another publishes", starting, foreign, {}, { at: "live", own: false }, ["stop", "admit"]],
	[
		"starting: the old publisher goes",
		{ ...starting, stale: true },
		lost,
		{},
		{ at: "starting", stale: false, askAt: NOW + 1000 },
		[],
	],
	["starting: it says starting", starting, said("starting"), {}, { at: "starting", askAt: NOW + 4000 }, []],
	["starting: it says idle", starting, said("idle"), {}, { at: "starting", askAt: NOW + 1000 }, []],
	["starting: it went on", { ...starting, stale: true }, said("live"), {}, { at: "live", own: true }, ["admit"]],
	["starting: it says live, and nothing is there yet", starting, said("live"), {}, { at: "starting" }, []],
	[
		"starting: it fails",
		starting,
		said("error"),
		{},
		{ at: "error", failures: 3, retryAt: NOW + 4000, reason: "no camera" },
		[],
	],
	["starting: it is back", starting, online, {}, { at: "starting", askAt: NOW + 5000 }, ["start"]],
	["starting: it cannot be reached", starting, outOfReach, offline, { at: "starting" }, []],
	["starting: nothing came", { ...starting, askAt: NOW }, due, {}, { at: "starting", askAt: NOW + 5000 }, ["start"]],
	[
		"starting: nothing came from who cannot be reached",
		{ ...starting, askAt: NOW },
		due,
		offline,
		{ at: "starting" },
		[],
	],
	[
		"starting: it has not gone",
		{ ...starting, stale: true, askAt: NOW },
		due,
		{},
		{ at: "live", own: true },
		["admit"],
	],
	["starting: nobody came back", { ...starting, sleepAt: NOW }, due, unwanted, { at: "stopping" }, ["stop"]],
	["starting: not yet", starting, due, {}, { at: "starting", askAt: NOW + 4000 }, []],

	["live: somebody comes back", { ...live, sleepAt: NOW + 1 }, want, {}, { at: "live", sleepAt: NEVER }, []],
	["live: a second start brings its bounds", live, order, {}, { at: "live" }, ["start"]],
	["live: no orders about another's", { ...live, own: false }, order, {}, { at: "live" }, []],
	["live: the last want gone", live, gone, unwanted, { at: "live", sleepAt: NOW + 10_000 }, []],
	["live: another's does not sleep", { ...live, own: false }, gone, unwanted, { at: "live", sleepAt: NEVER }, []],
	["live: a stop", live, stop, unwanted, { at: "stopping", present: true, cutAt: NOW + 5000 }, ["stop", "end readers"]],
	[
		"live: a stop ends only the readers of another's",
		{ ...live, own: false },
		stop,
		unwanted,
		{ at: "live" },
		["end readers"],
	],
	["live: another takes over", live, foreign, {}, { at: "live", own: false }, ["stop", "admit"]],
	["live: it connected again", live, born, {}, { at: "live", own: true, since: 0 }, []],
	["live: it broke off", live, lost, {}, { at: "starting", failures: 0 }, ["start"]],
	[
		"live: it broke off soon",
		{ ...live, since: NOW - 500, failures: 3 },
		lost,
		{},
		{ at: "error", retryAt: NOW + 8000, reason: "the link broke" },
		[],
	],
	["live: it went while it was to sleep", { ...live, sleepAt: NOW + 1 }, lost, unwanted, { at: "idle" }, ["stop"]],
	["live: another went, and it is wanted", { ...live, own: false }, lost, {}, { at: "starting" }, ["start"]],
	["live: another went", { ...live, own: false }, lost, unwanted, { at: "idle" }, []],
	["live: it says idle", live, said("idle"), {}, { at: "starting", stale: true }, ["start"]],
	["live: it says idle, as it should soon", { ...live, sleepAt: NOW + 1 }, said("idle"), unwanted, { at: "live" }, []],
	["live: it says live", live, said("live"), {}, { at: "live" }, []],
	["live: it is back", live, online, {}, { at: "live" }, ["start"]],
	["live: it is back, and another publishes", { ...live, own: false }, online, {}, { at: "live" }, ["stop"]],
	["live: it cannot be reached, and sends", live, outOfReach, offline, { at: "live" }, []],
	["live: time to sleep", { ...live, sleepAt: NOW }, due, unwanted, { at: "stopping", present: true }, ["stop"]],

	["stopping: a start starts again", stopping, order, {}, { at: "starting", stale: true, failures: 0 }, ["start"]],
	["stopping: a want too", { ...stopping, present: false }, want, {}, { at: "starting", stale: false }, ["start"]],
	["stopping: it is gone", stopping, lost, unwanted, { at: "idle", error: "" }, []],
	["stopping: it says idle, and its end is on the way", stopping, said("idle"), unwanted, { at: "stopping" }, []],
	["stopping: it says idle", { ...stopping, present: false }, said("idle"), unwanted, { at: "idle" }, []],
	[
		"stopping: it had just begun",
		{ ...stopping, present: false },
		born,
		unwanted,
		{ at: "stopping", present: true },
		[],
	],
	["stopping: another publishes", stopping, foreign, unwanted, { at: "live", own: false }, ["stop", "admit"]],
	[
		"stopping: it cannot be reached",
		{ ...stopping, present: false },
		outOfReach,
		{ ...unwanted, ...offline },
		{ at: "idle" },
		[],
	],
	["stopping: it is back", stopping, online, unwanted, { at: "stopping" }, ["stop"]],
	["stopping: a second stop", stopping, stop, unwanted, { at: "stopping" }, []],
	["stopping: it does not stop", { ...stopping, cutAt: NOW }, due, unwanted, { at: "idle" }, ["stop", "cut"]],
	[
		"stopping: it does not stop, and may be another's",
		{ ...stopping, cutAt: NOW },
		due,
		{ ...unwanted, isSure: false },
		{ at: "live", own: false },
		["stop", "admit"],
	],
	["stopping: it never said so", { ...stopping, cutAt: NOW, present: false }, due, unwanted, { at: "idle" }, []],

	["error: a reader waits for the next attempt", error, want, {}, { at: "error", sleepAt: NEVER }, []],
	["error: a start is tried at once", error, order, {}, { at: "starting", failures: 2 }, ["start"]],
	["error: the last want gone", error, gone, unwanted, { at: "error", sleepAt: NOW + 10_000 }, []],
	["error: a stop", error, stop, unwanted, { at: "idle", error: "" }, ["stop", "turn away", "end readers"]],
	["error: pictures after all", error, born, {}, { at: "live", failures: 2 }, ["admit"]],
	["error: it tries by itself", error, said("starting"), {}, { at: "starting" }, []],
	["error: another reason", error, said("error"), {}, { at: "error", failures: 2 }, []],
	["error: it says idle", error, said("idle"), {}, { at: "error" }, []],
	["starting: it is held", starting, said("held"), {}, { at: "error", held: true, present: false }, [...told]],
	["live: it is held", live, said("held"), {}, { at: "error", held: true, present: true }, [...told]],
	["live: it is held, and nobody wants it", { ...live, sleepAt: NOW + 1 }, said("held"), unwanted, { at: "live" }, []],
	["live: another publishes, it is held", { ...live, own: false }, said("held"), {}, { at: "live" }, []],
	["stopping: it is held", { ...stopping, present: false }, said("held"), unwanted, { at: "idle" }, []],
	["error: it is held by now", error, said("held"), {}, { at: "error", held: true }, [...told]],
	["error: it is held no longer", { ...error, held: true }, said("error"), {}, { at: "error", held: false }, []],
	["error: who comes may find it held no longer", { ...error, held: true }, want, {}, { at: "starting" }, ["start"]],
	["error: it is back", error, online, {}, { at: "starting" }, ["start"]],
	["error: the next attempt", { ...error, retryAt: NOW }, due, {}, { at: "starting", failures: 2 }, ["start"]],
	["error: it was live all the time", belied, said("live"), {}, { at: "live", own: true }, ["admit"]],
	["error: it starts, its publisher is still there", belied, said("starting"), {}, { at: "starting", stale: true }, []],
	["error: who comes finds its publisher", belied, want, {}, { at: "starting", stale: true }, ["start"]],
	["error: its publisher goes", belied, lost, {}, { at: "error", present: false }, []],
	["error: a stop ends its publisher", belied, stop, unwanted, { at: "stopping", present: true }, ["stop", ...told]],
	["error: nobody wants its publisher", { ...belied, sleepAt: NOW }, due, unwanted, { at: "stopping" }, ["stop"]],
	["error: nobody wants it", { ...error, sleepAt: NOW }, due, unwanted, { at: "idle", error: "no camera" }, ["stop"]],
];

for (const [title, phase, event, given, expected, actions] of rows) {
	test(title, () => {
		const [next, ...done] = step(phase, event, facts(given));
		const picked = Object.fromEntries(Object.keys(expected).map((key) => [key, next[key as keyof Phase]]));
		assert.deepEqual(picked, expected);
		assert.deepEqual(done, actions);
	});
}

test("a failure is tried again after 1 to 30 s", () => {
	let phase: Phase = { ...starting, failures: 0 };
	const waits: number[] = [];
	for (let failures = 0; failures < 8; failures++) {
		const [next] = step(phase, said("error"), facts());
		assert.equal(next.at, "error");
		waits.push(dueAt(next) - NOW);
		[phase] = step(next, due, facts({ now: dueAt(next) }));
		assert.equal(phase.at, "starting");
	}
	assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});
