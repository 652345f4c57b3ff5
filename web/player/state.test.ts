import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backoff, type Event, type State, step } from "./state.ts";
import type { Failure } from "./transport.ts";

const lost: Failure = { kind: "lost", reason: "x" };
const offline: Failure = { kind: "offline", reason: "x" };
const unreachable: Failure = { kind: "unreachable", reason: "x" };
const refused: Failure = { kind: "refused", reason: "full", retryAfter: 9000 };
const unauthorised: Failure = { kind: "unauthorised", reason: "who?" };
const connecting: State = {
	at: "connecting",
	since: 0,
	attempt: 1,
	after: null,
	probedAt: 0,
	waking: null,
	pressed: false,
};
const asleep: State = { at: "idle", mood: "asleep" };
const live: State = { at: "live", since: 0 };
const stalled: State = { at: "stalled", since: 0, probedAt: 0, cause: "unknown" };
const waiting: State = { at: "waiting", until: 500, attempt: 2, failure: unreachable };
const locked: State = { at: "unauthorised", reason: "x" };
const tick = (quietFor = 0): Event => ({ type: "tick", quietFor, patience: 1000 });

const rows: readonly [name: string, from: State, event: Event, now: number, to: State["at"], actions: string][] = [
	["starts", { at: "idle" }, { type: "start" }, 0, "connecting", "close open"],
	[
		"is idle when somebody put the stream to sleep",
		connecting,
		{ type: "failed", failure: { kind: "stopped", reason: "stopped by bob" } },
		0,
		"idle",
		"close",
	],
	["idle stays idle when the network comes back", { at: "idle" }, { type: "wake" }, 0, "idle", ""],
	["the first picture makes it live", connecting, { type: "picture" }, 50, "live", ""],
	["waits for the first picture", connecting, tick(), 999, "connecting", ""],
	["asks why there is none", connecting, tick(), 1000, "connecting", "probe"],
	["a relay that does not tell at once", connecting, { type: "probed", found: "unreachable" }, 4999, "connecting", ""],
	["nor later", connecting, { type: "probed", found: "unreachable" }, 5000, "waiting", "close"],
	["a camera that wakes is waited for", { ...connecting, since: 14_000 }, tick(), 15_000, "connecting", "probe"],
	["a camera sleeps, and its viewer is asked", { at: "idle", mood: "asking" }, { type: "asleep" }, 0, "idle", ""],
	["the viewer says start", asleep, { type: "start" }, 0, "connecting", "close open"],
	["somebody else has woken it", asleep, { type: "wake" }, 0, "connecting", "close open"],
	["gives up on a connection without pictures", connecting, tick(), 15_000, "waiting", "close"],
	["nobody publishes", connecting, { type: "failed", failure: offline }, 50, "waiting", "close"],
	["no right", connecting, { type: "failed", failure: unauthorised }, 50, "unauthorised", "close"],
	["live while pictures come", live, tick(999), 5000, "live", ""],
	["stalls and asks why", live, tick(1000), 5000, "stalled", "probe"],
	["a lost connection is opened at once", live, { type: "failed", failure: lost }, 5000, "connecting", "close open"],
	["begins anew when it shows the past", live, { type: "behind" }, 5000, "connecting", "close open"],
	["but not at once again", live, { type: "behind" }, 4999, "live", ""],
	["a picture ends the stall", stalled, { type: "picture" }, 1500, "live", ""],
	["asks again after a second", stalled, tick(1000), 1000, "stalled", "probe"],
	["does not ask more often", stalled, tick(1000), 999, "stalled", ""],
	["a silent publisher is waited for", stalled, { type: "probed", found: "silent" }, 900, "stalled", ""],
	["a publisher that left ends it", stalled, { type: "probed", found: "offline" }, 900, "waiting", "close"],
	["a relay that left ends it", stalled, { type: "probed", found: "unreachable" }, 900, "waiting", "close"],
	["a broken way is repaired", stalled, { type: "probed", found: "live" }, 1100, "stalled", "repair"],
	[
		"a broken way is repaired once",
		{ ...stalled, cause: "path" },
		{ type: "probed", found: "live" },
		2100,
		"stalled",
		"",
	],
	[
		"then begins anew",
		{ ...stalled, cause: "path" },
		{ type: "probed", found: "live" },
		3500,
		"connecting",
		"close open",
	],
	["waits for its turn", waiting, tick(), 499, "waiting", ""],
	["tries again", waiting, tick(), 500, "connecting", "close open"],
	["tries at once when the network is back", waiting, { type: "wake" }, 10, "connecting", "close open"],
	["a late picture of a closed connection is nothing", waiting, { type: "picture" }, 10, "waiting", ""],
	["without a right nothing is tried", locked, tick(), 60_000, "unauthorised", ""],
	["but the viewer may", locked, { type: "start" }, 0, "connecting", "close open"],
	["stops while connecting", connecting, { type: "stop" }, 0, "idle", "close"],
	["stops while live", live, { type: "stop" }, 0, "idle", "close"],
	["stops while waiting", waiting, { type: "stop" }, 0, "idle", "close"],
];

for (const [name, from, event, now, to, actions] of rows) {
	test(name, () => {
		const result = step(from, event, { now, random: 0.5 });
		assert.equal(result.state.at, to);
		assert.equal(result.actions.map((action) => action.do).join(" "), actions);
	});
}

test("the viewer's word counts for one attempt, of a camera that sleeps or was stopped", () => {
	const press: Event = { type: "press" };
	const context = { now: 0, random: 0 };
	const stopped: State = { at: "idle", reason: "stopped by bob" };
	const rows: readonly [from: State, event: Event, pressed: boolean][] = [
		[stopped, press, true],
		[asleep, press, true],
		[{ at: "idle" }, press, false],
		[stopped, { type: "start" }, false],
		[asleep, { type: "start" }, false],
		[asleep, { type: "wake" }, false],
	];
	for (const [from, event, pressed] of rows) {
		const { state } = step(from, event, context);
		assert.ok(state.at === "connecting" && state.pressed === pressed, `${event.type} ${JSON.stringify(from)}`);
	}
	const pressed = step(stopped, press, context).state;
	const failed = step(pressed, { type: "failed", failure: unreachable }, context).state;
	const again = step(failed, tick(), { now: 60_000, random: 0 }).state;
	assert.ok(again.at === "connecting" && !again.pressed, "what is tried again by itself is nobody's word");
	const seen = step(pressed, { type: "picture" }, context).state;
	const dropped = step(seen, { type: "failed", failure: lost }, context).state;
	assert.ok(dropped.at === "connecting" && !dropped.pressed);
});

test("a stall counts from the last picture", () => {
	const { state } = step(live, tick(1200), { now: 5000, random: 0 });
	assert.deepEqual(state, { at: "stalled", since: 3800, probedAt: 5000, cause: "unknown" });
});

test("attempts are counted, and what went wrong is remembered", () => {
	const { state } = step(waiting, tick(), { now: 500, random: 0 });
	assert.deepEqual(state, {
		...{ at: "connecting", since: 500, attempt: 3, after: unreachable, probedAt: 500, waking: null, pressed: false },
	});
	const woken = step(waiting, { type: "wake" }, { now: 10, random: 0 }).state;
	assert.ok(woken.at === "connecting" && woken.attempt === 1);
});

test("a relay that comes back is found within 1.5 s, however long it was gone", () => {
	for (let attempt = 1; attempt < 500; attempt++) assert.ok(backoff(unreachable, attempt, 1) < 1501);
});

test("a refusal is repeated ever more slowly, and no sooner than the relay asked", () => {
	assert.ok(backoff(refused, 1, 0) >= 9000);
	assert.ok(backoff(refused, 20, 0) >= 16_000);
	assert.ok(backoff(refused, 1000, 1) < 24_001);
});

test("whatever happens, a connection is open exactly in the states that need one", () => {
	const event = fc.oneof(
		fc.constantFrom<Event>(
			{ type: "start" },
			{ type: "press" },
			{ type: "stop" },
			{ type: "picture" },
			{ type: "wake" },
			{ type: "behind" },
		),
		fc.nat(2000).map(tick),
		fc
			.constantFrom(lost, offline, unreachable, refused, unauthorised)
			.map((failure): Event => ({ type: "failed", failure })),
		fc.constantFrom("live", "silent", "offline", "unreachable").map((found): Event => ({ type: "probed", found })),
	);
	fc.assert(
		fc.property(fc.array(fc.tuple(event, fc.nat(5000)), { maxLength: 60 }), (events) => {
			let state: State = { at: "idle" };
			let now = 0;
			let open = false;
			for (const [next, wait] of events) {
				now += wait;
				const result = step(state, next, { now, random: 0.5 });
				state = result.state;
				for (const action of result.actions) {
					if (action.do === "open") assert.ok(!open, "opened twice");
					if (action.do === "open" || action.do === "close") open = action.do === "open";
				}
				assert.equal(open, ["connecting", "live", "stalled"].includes(state.at));
			}
		}),
	);
});

test("patience with a connection begins when the camera has begun", () => {
	for (const found of ["waking", "away"] as const) {
		const { state } = step(connecting, { type: "probed", found }, { now: 14_000, random: 0 });
		assert.deepEqual(state, { ...connecting, since: 14_000, waking: found });
		const { state: begun } = step(state, { type: "probed", found: "live" }, { now: 15_000, random: 0 });
		assert.deepEqual(begun, { ...connecting, since: 14_000 });
	}
});
