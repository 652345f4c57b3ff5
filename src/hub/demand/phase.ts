import type { Millis } from "../../media/time.ts";

/*
 * The life of one path that can be woken: a table, state × event → next state and actions. Pure: no clock, no timer, no
 * socket. Times are milliseconds on the caller's clock; `dueAt` says when it wants to be called next.
 */

/** What the driver of a path says of what it drives. `held`: somebody there keeps it off, and waiting is of no use. */
export type DriverState = "idle" | "starting" | "live" | "stopping" | "error" | "held";

export type Phase =
	/** Asleep. `error` is why it failed last; empty where it did not. */
	| { readonly at: "idle"; readonly since: Millis; readonly error: string }
	/** Told to start; pictures are waited for. `stale`: a publisher from before is still there. */
	| {
			readonly at: "starting";
			readonly since: Millis;
			readonly sleepAt: Millis;
			readonly askAt: Millis;
			readonly failures: number;
			readonly stale: boolean;
	  }
	/** There are pictures. `own`: from what the driver woke; another's are never stopped. */
	| {
			readonly at: "live";
			readonly since: Millis;
			readonly sleepAt: Millis;
			readonly failures: number;
			readonly own: boolean;
	  }
	/** Told to stop. `present`: its publisher is still there. */
	| { readonly at: "stopping"; readonly since: Millis; readonly cutAt: Millis; readonly present: boolean }
	/**
	 * It could not start, or broke off soon; tried again while somebody wants it. `held`: and at once when somebody comes.
	 * `present`: its publisher is still there, as after a report that was late.
	 */
	| {
			readonly at: "error";
			readonly since: Millis;
			readonly sleepAt: Millis;
			readonly retryAt: Millis;
			readonly failures: number;
			readonly reason: string;
			readonly held: boolean;
			readonly present: boolean;
	  };

export type PhaseEvent =
	/** Somebody wants it. `order`: it was said aloud, perhaps with other bounds, and not by coming to read. */
	| { readonly on: "want"; readonly order: boolean }
	/** The last one who wanted it is gone. */
	| { readonly on: "unwanted" }
	/** Somebody said stop; nobody wants it any more. */
	| { readonly on: "stop" }
	/** A publisher is there. */
	| { readonly on: "born"; readonly own: boolean }
	/** The publisher is gone. */
	| { readonly on: "lost"; readonly reason: string }
	/** The driver says how it is. */
	| { readonly on: "said"; readonly state: DriverState; readonly reason: string }
	/** The driver can be reached again: it is told anew what is wanted. */
	| { readonly on: "online" }
	/** The driver cannot be reached. */
	| { readonly on: "offline" }
	/** The time of `dueAt` has come. */
	| { readonly on: "due" };

/**
 * What is to be done, in this order:
 * - `start`, `stop`: tell the driver
 * - `admit`: those who wait may read
 * - `turn away`: those who wait are told no
 * - `end readers`: those who read are told no
 * - `cut`: end the publisher
 */
export type PhaseAction = "start" | "stop" | "admit" | "turn away" | "end readers" | "cut";

/** What a row may look at. */
export interface Facts {
	readonly now: Millis;
	/** Whether somebody wants the path, after the event. */
	readonly wanted: boolean;
	/** Whether the driver can be reached. */
	readonly online: boolean;
	/** Whether a publisher that was taken for the driver's is certainly that. */
	readonly isSure: boolean;
	/** How long it stays awake when nobody wants it any more. */
	readonly idleAfter: Millis;
	/** A driver from which nothing has come is told again after this. */
	readonly askAgain: Millis;
}

type Step = readonly [next: Phase, ...actions: PhaseAction[]];

type Row<From extends Phase["at"]> = {
	readonly [On in PhaseEvent["on"]]?: (
		phase: Phase & { readonly at: From },
		event: PhaseEvent & { readonly on: On },
		facts: Facts,
	) => Step;
};

const NEVER = Number.POSITIVE_INFINITY;
/** A driver that says it is idle, or whose old publisher went, is told to start again after this. */
const SOON_MS = 1000;
/** What was told to stop and still publishes then is cut off. */
const CUT_MS = 5000;
const FIRST_RETRY_MS = 1000;
const MOST_RETRY_MS = 30_000;
/** What was live for less than this has failed when it breaks off. */
const HEALTHY_MS = 10_000;

export function asleep(now: Millis): Phase {
	return { at: "idle", since: now, error: "" };
}

/** When it sleeps: it stays awake for a while in case somebody comes back, once, whatever happens meanwhile. */
function bedtime({ now, wanted, idleAfter }: Facts, before: Phase): Millis {
	if (wanted) return NEVER;
	const earlier = "sleepAt" in before ? before.sleepAt : NEVER;
	return Math.min(earlier, now + idleAfter);
}

function starting(before: Phase, facts: Facts, failures: number, stale = false): Step {
	const { now, online, askAgain } = facts;
	const sleepAt = bedtime(facts, before);
	const phase: Phase = { at: "starting", since: now, sleepAt, askAt: now + askAgain, failures, stale };
	return online ? [phase, "start"] : [phase];
}

function live(before: Phase, facts: Facts, own: boolean, failures: number): Step {
	const phase: Phase = { at: "live", since: facts.now, sleepAt: own ? bedtime(facts, before) : NEVER, failures, own };
	return own ? [phase, "admit"] : [phase, "stop", "admit"];
}

function stopping({ now }: Facts, present: boolean): Step {
	return [{ at: "stopping", since: now, cutAt: now + CUT_MS, present }, "stop"];
}

type Failure = Pick<Phase & { readonly at: "error" }, "reason" | "held" | "present">;

function failed(before: Phase & { readonly failures: number }, facts: Facts, failure: Failure): Step {
	const failures = before.failures + 1;
	const retryAt = facts.now + Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(before.failures, 10));
	return [{ at: "error", since: facts.now, sleepAt: bedtime(facts, before), retryAt, failures, ...failure }];
}

/** Somebody there keeps it off: those who wait or read are told, and need not wait any longer. */
function held(before: Phase & { readonly failures: number }, facts: Facts, reason: string, present: boolean): Step {
	const [next] = failed(before, facts, { reason, held: true, present });
	return [next, "turn away", "end readers"];
}

/** The publisher of a live path is gone. */
function broken(phase: Phase & { readonly at: "live" }, facts: Facts, reason: string): Step {
	if (!facts.wanted) return phase.own ? [asleep(facts.now), "stop"] : [asleep(facts.now)];
	const wasHealthy = !phase.own || facts.now - phase.since >= HEALTHY_MS;
	return wasHealthy ? starting(phase, facts, 0) : failed(phase, facts, { reason, held: false, present: false });
}

const idle: Row<"idle"> = {
	want: (phase, _, facts) => starting(phase, facts, 0),
	born: (phase, { own }, facts) => live(phase, facts, own, 0),
	said: (phase, { state }) => (state === "starting" || state === "live" ? [phase, "stop"] : [phase]),
	online: (phase) => [phase, "stop"],
};

const startingRow: Row<"starting"> = {
	want: (phase, { order }, { online }) => {
		const next = { ...phase, sleepAt: NEVER };
		return order && online ? [next, "start"] : [next];
	},
	unwanted: (phase, _, facts) => [{ ...phase, sleepAt: bedtime(facts, phase) }],
	stop: (phase, _, facts) => {
		const [next, ...actions] = stopping(facts, phase.stale);
		return [next, ...actions, "turn away", "end readers"];
	},
	born: (phase, { own }, facts) => live(phase, facts, own, phase.failures),
	lost: (phase, _, { now }) => [{ ...phase, stale: false, askAt: Math.min(phase.askAt, now + SOON_MS) }],
	said: (phase, { state, reason }, facts) => {
		if (state === "error") return failed(phase, facts, { reason, held: false, present: phase.stale });
		if (state === "held") return held(phase, facts, reason, phase.stale);
		if (state === "live" && phase.stale) return live(phase, facts, true, phase.failures);
		const askAt = state === "idle" ? Math.min(phase.askAt, facts.now + SOON_MS) : phase.askAt;
		return [{ ...phase, askAt }];
	},
	online: (phase, _, { now, askAgain }) => [{ ...phase, askAt: now + askAgain }, "start"],
	due: (phase, _, facts) => {
		const { now, online, askAgain } = facts;
		if (now >= phase.sleepAt) return stopping(facts, phase.stale);
		if (now < phase.askAt) return [phase];
		// It was told to start while it stopped, and has not gone since.
		if (phase.stale) return live(phase, facts, true, phase.failures);
		const next = { ...phase, askAt: now + askAgain };
		return online ? [next, "start"] : [next];
	},
};

const liveRow: Row<"live"> = {
	want: (phase, { order }, { online }) => {
		const next = { ...phase, sleepAt: NEVER };
		return order && online && phase.own ? [next, "start"] : [next];
	},
	unwanted: (phase, _, facts) => [{ ...phase, sleepAt: phase.own ? bedtime(facts, phase) : NEVER }],
	stop: (phase, _, facts) => {
		if (!phase.own) return [phase, "end readers"];
		const [next, ...actions] = stopping(facts, true);
		return [next, ...actions, "end readers"];
	},
	born: (phase, { own }, facts) => (own === phase.own ? [phase] : live(phase, facts, own, phase.failures)),
	lost: (phase, { reason }, facts) => broken(phase, facts, reason),
	said: (phase, { state, reason }, facts) => {
		if (state === "held" && phase.own && facts.wanted) return held(phase, facts, reason, true);
		const isDone = state === "idle" || state === "error";
		return isDone && phase.own && facts.wanted ? starting(phase, facts, phase.failures, true) : [phase];
	},
	online: (phase) => [phase, phase.own ? "start" : "stop"],
	due: (phase, _, facts) => (facts.now >= phase.sleepAt ? stopping(facts, true) : [phase]),
};

const stoppingRow: Row<"stopping"> = {
	want: (phase, _, facts) => starting(phase, facts, 0, phase.present),
	born: (phase, { own }, facts) => (own ? [{ ...phase, present: true }] : live(phase, facts, false, 0)),
	lost: (_, _event, { now }) => [asleep(now)],
	said: (phase, { state }, { now }) => {
		const isDone = state === "idle" || state === "error" || state === "held";
		return isDone && !phase.present ? [asleep(now)] : [phase];
	},
	online: (phase) => [phase, "stop"],
	offline: (phase, _, { now }) => (phase.present ? [phase] : [asleep(now)]),
	due: (phase, _, facts) => {
		const { now, isSure } = facts;
		if (now < phase.cutAt) return [phase];
		if (!phase.present) return [asleep(now)];
		return isSure ? [asleep(now), "stop", "cut"] : live(phase, facts, false, 0);
	},
};

const errorRow: Row<"error"> = {
	want: (phase, { order }, facts) =>
		order || phase.held ? starting(phase, facts, phase.failures, phase.present) : [{ ...phase, sleepAt: NEVER }],
	unwanted: (phase, _, facts) => [{ ...phase, sleepAt: bedtime(facts, phase) }],
	stop: (phase, _, facts) => {
		const [next, ...actions]: Step = phase.present ? stopping(facts, true) : [asleep(facts.now), "stop"];
		return [next, ...actions, "turn away", "end readers"];
	},
	born: (phase, { own }, facts) => live(phase, facts, own, phase.failures),
	lost: (phase) => [{ ...phase, present: false }],
	said: (phase, { state, reason }, facts) => {
		if (state === "error") return [{ ...phase, reason, held: false }];
		if (state === "held") return [{ ...phase, reason, held: true }, "turn away", "end readers"];
		if (state === "live" && phase.present) return live(phase, facts, true, phase.failures);
		if (state !== "starting" && state !== "live") return [phase];
		const [next] = starting(phase, facts, phase.failures, phase.present);
		return [next];
	},
	online: (phase, _, facts) => starting(phase, facts, phase.failures, phase.present),
	due: (phase, _, facts) => {
		const { now } = facts;
		if (now < phase.sleepAt) {
			return now >= phase.retryAt ? starting(phase, facts, phase.failures, phase.present) : [phase];
		}
		return phase.present ? stopping(facts, true) : [{ at: "idle", since: now, error: phase.reason }, "stop"];
	},
};

/** An event that a row does not name changes nothing there. */
const table: { readonly [From in Phase["at"]]: Row<From> } = {
	idle,
	starting: startingRow,
	live: liveRow,
	stopping: stoppingRow,
	error: errorRow,
};

/** What follows from an event. */
export function step(phase: Phase, event: PhaseEvent, facts: Facts): Step {
	const row = table[phase.at] as Readonly<
		Record<string, ((phase: Phase, event: PhaseEvent, facts: Facts) => Step) | undefined>
	>;
	return row[event.on]?.(phase, event, facts) ?? [phase];
}

/** When `due` is to be told; infinite for never. */
export function dueAt(phase: Phase): Millis {
	switch (phase.at) {
		case "idle":
			return NEVER;
		case "starting":
			return Math.min(phase.sleepAt, phase.askAt);
		case "live":
			return phase.sleepAt;
		case "stopping":
			return phase.cutAt;
		case "error":
			return Math.min(phase.sleepAt, phase.retryAt);
		default:
			return phase satisfies never;
	}
}
