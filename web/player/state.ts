/**
 * The player's states as a table. Pure: no DOM, no clock, no socket; time comes in with each event (`now`, milliseconds
 * of a monotonic clock), and what is to be done goes out as actions. An event that a state's row lacks changes nothing.
 */
import type { Found } from "./relay.ts";
import type { Failure } from "./transport.ts";

export type State =
	/**
	 * The viewer stopped it, or it was never started; with a `reason`, somebody else put the stream to sleep. `asleep`:
	 * the camera sleeps, and the viewer is asked before it is woken; `asking`: whether it does is not known yet.
	 */
	| { readonly at: "idle"; readonly reason?: string; readonly mood?: "asking" | "asleep" }
	/** Asked the relay, no picture yet. `after` is what went wrong before this attempt. */
	| {
			readonly at: "connecting";
			readonly since: number;
			readonly attempt: number;
			readonly after: Failure | null;
			readonly probedAt: number;
			/** The relay waits for the camera itself, which begins, or is out of reach. */
			readonly waking: "waking" | "away" | null;
			/** The viewer said so, of a camera that sleeps or was stopped: this attempt, and none after it, may wake it. */
			readonly pressed: boolean;
	  }
	| { readonly at: "live"; readonly since: number }
	/** Pictures stopped at `since`; the connection stands. */
	| { readonly at: "stalled"; readonly since: number; readonly probedAt: number; readonly cause: Cause }
	/** The next attempt begins at `until`. */
	| { readonly at: "waiting"; readonly until: number; readonly attempt: number; readonly failure: Failure }
	/** Only another login helps. */
	| { readonly at: "unauthorised"; readonly reason: string; readonly known?: true };

/** What the relay says while pictures are missing: not asked yet, the sender is silent, or the way from the relay is broken. */
type Cause = "unknown" | "silent" | "path";

export type Event =
	| { readonly type: "start" }
	/** The viewer's own word, by a button or a key. */
	| { readonly type: "press" }
	| { readonly type: "stop" }
	/** A new picture was shown. */
	| { readonly type: "picture" }
	/** Comes four times a second: `quietFor` is how long the last picture is ago, `patience` how long is too long. */
	| { readonly type: "tick"; readonly quietFor: number; readonly patience: number }
	| { readonly type: "failed"; readonly failure: Failure }
	/** The answer to a probe: what the relay says of the stream. */
	| { readonly type: "probed"; readonly found: Found }
	/** Whether the camera sleeps is being asked; it does. */
	| { readonly type: "asking" | "asleep" }
	/** Pictures wait so long in the browser's buffer that what is seen is the past (`BEHIND_MS` in meter.ts). */
	| { readonly type: "behind" }
	/** A good moment to try: the network came back, the page is seen again, the stream is announced. */
	| { readonly type: "wake" };

type Action =
	| { readonly do: "open" }
	| { readonly do: "close" }
	/** Ask the relay about the stream. */
	| { readonly do: "probe" }
	/** Try to find a way again without a new session. */
	| { readonly do: "repair" };

export interface Context {
	readonly now: number;
	/** 0 to 1. */
	readonly random: number;
}

export interface Step {
	readonly state: State;
	readonly actions: readonly Action[];
}

/** No picture for so long after asking is a failure. By HLS, the last way, the first may take a few key frames. */
const CONNECT_MS = 15_000;
/** A relay that tells nothing for so long is not there. */
const SILENCE_MS = 5000;
/** Between two questions about a stream without pictures. */
const PROBE_MS = 1000;
/** The relay has pictures and we have none: begin anew after this long. */
const REOPEN_MS = 3500;
/** A connection that is younger is given the time to catch up by itself. */
const SETTLE_MS = 5000;

const open: Action = { do: "open" };
const close: Action = { do: "close" };

type Of<A extends State["at"]> = Extract<State, { at: A }>;
type Saying<T extends Event["type"]> = Extract<Event, { type: T }>;
type Row<A extends State["at"]> = {
	readonly [T in Event["type"]]?: (state: Of<A>, event: Saying<T>, context: Context) => Step;
};

const stop = (): Step => ({ state: { at: "idle" }, actions: [close] });

function connect(now: number, attempt: number, after: Failure | null, pressed = false): Step {
	return {
		state: { at: "connecting", since: now, attempt, after, probedAt: now, waking: null, pressed },
		actions: [close, open],
	};
}

/**
 * Milliseconds before attempt number `attempt` (from 1). A relay that does not answer is asked often, because it costs
 * nothing there and the viewer waits; a refusal is not going to change soon.
 */
export function backoff(failure: Failure, attempt: number, random: number): number {
	const [first, factor, most] = {
		unreachable: [300, 1.5, 1200] as const,
		offline: [600, 1.5, 2000] as const,
		lost: [200, 2, 4000] as const,
		refused: [3000, 1.7, 20_000] as const,
		stopped: [3000, 1.7, 20_000] as const,
		full: [3000, 1.7, 20_000] as const,
		unauthorised: [3000, 1.7, 20_000] as const,
	}[failure.kind];
	const spread = Math.min(most, first * factor ** (attempt - 1)) * (0.8 + 0.4 * random);
	return failure.kind === "refused" ? Math.max(failure.retryAfter ?? 0, spread) : spread;
}

function fail(failure: Failure, attempt: number, { now, random }: Context): Step {
	if (failure.kind === "unauthorised") {
		const { reason, known } = failure;
		return { state: { at: "unauthorised", reason, ...(known && { known }) }, actions: [close] };
	}
	if (failure.kind === "stopped") return { state: { at: "idle", reason: failure.reason }, actions: [close] };
	const until = now + backoff(failure, attempt, random);
	return { state: { at: "waiting", until, attempt, failure }, actions: [close] };
}

const unreachable: Failure = { kind: "unreachable", reason: "The relay does not answer." };
const offline: Failure = { kind: "offline", reason: "" };
const behind: Failure = { kind: "lost", reason: "The picture had fallen behind." };
const late: Failure = { kind: "lost", reason: "Connected, but no picture came." };

const table: { readonly [A in State["at"]]: Row<A> } = {
	idle: {
		start: (_, __, { now }) => connect(now, 1, null),
		press: (s, _, { now }) => connect(now, 1, null, s.mood === "asleep" || s.reason !== undefined),
		asking: () => stay({ at: "idle", mood: "asking" }),
		asleep: () => stay({ at: "idle", mood: "asleep" }),
		wake: (s, _, { now }) => (s.mood === "asleep" ? connect(now, 1, null) : stay(s)),
	},
	connecting: {
		stop,
		picture: (_, __, { now }) => ({ state: { at: "live", since: now }, actions: [] }),
		failed: (s, { failure }, context) => fail(failure, s.attempt, context),
		tick: (s, _, context) => {
			if (context.now - s.since >= CONNECT_MS) return fail(late, s.attempt, context);
			if (context.now - s.probedAt < PROBE_MS) return stay(s);
			return { state: { ...s, probedAt: context.now }, actions: [{ do: "probe" }] };
		},
		probed: (s, { found }, context) => {
			if (found === "unreachable" && context.now - s.since >= SILENCE_MS) return fail(unreachable, s.attempt, context);
			// Our own patience begins when the camera has begun.
			if (found === "waking" || found === "away") return stay({ ...s, since: context.now, waking: found });
			return stay({ ...s, waking: null });
		},
	},
	live: {
		stop,
		tick: (s, { quietFor, patience }, { now }) =>
			quietFor < patience
				? stay(s)
				: {
						state: { at: "stalled", since: now - quietFor, probedAt: now, cause: "unknown" },
						actions: [{ do: "probe" }],
					},
		behind: (s, _, { now }) => (now - s.since < SETTLE_MS ? stay(s) : connect(now, 1, behind)),
		failed: (_, { failure }, context) => lose(failure, context),
	},
	stalled: {
		stop,
		picture: (_, __, { now }) => ({ state: { at: "live", since: now }, actions: [] }),
		tick: (s, _, { now }) =>
			now - s.probedAt < PROBE_MS ? stay(s) : { state: { ...s, probedAt: now }, actions: [{ do: "probe" }] },
		probed: (s, { found }, context) => judge(s, found, context),
		failed: (_, { failure }, context) => lose(failure, context),
		wake: (s, _, { now }) => ({ state: { ...s, probedAt: now }, actions: [{ do: "probe" }] }),
	},
	waiting: {
		stop,
		start: (s, _, { now }) => connect(now, 1, s.failure),
		tick: (s, _, { now }) => (now < s.until ? stay(s) : connect(now, s.attempt + 1, s.failure)),
		wake: (s, _, { now }) => connect(now, 1, s.failure),
	},
	unauthorised: {
		stop,
		start: (_, __, { now }) => connect(now, 1, null),
	},
};

function stay(state: State): Step {
	return { state, actions: [] };
}

/** A connection that worked and ended is tried again at once: most often the relay or the network came back already. */
function lose(failure: Failure, context: Context): Step {
	return failure.kind === "lost" ? connect(context.now, 1, failure) : fail(failure, 1, context);
}

function judge(s: Of<"stalled">, found: Saying<"probed">["found"], context: Context): Step {
	switch (found) {
		case "unreachable":
			return fail(unreachable, 1, context);
		case "offline":
			return fail(offline, 1, context);
		case "silent":
		case "waking":
		case "away":
			return stay({ ...s, cause: "silent" });
		case "live":
			if (context.now - s.since >= REOPEN_MS) return connect(context.now, 1, late);
			return { state: { ...s, cause: "path" }, actions: s.cause === "path" ? [] : [{ do: "repair" }] };
	}
}

/** The state and the actions that follow from an event. */
export function step(state: State, event: Event, context: Context): Step {
	// The row and the event agree by construction; the compiler cannot follow the pairing through two indexings.
	const row = table[state.at] as { readonly [T in Event["type"]]?: (s: State, e: Event, c: Context) => Step };
	return row[event.type]?.(state, event, context) ?? stay(state);
}
