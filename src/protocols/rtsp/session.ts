import type { Transport } from "./transport.ts";

/** The server's side of an RTSP session, RFC 2326 appendix A.2, with ANNOUNCE (section 10.3). Pure: no socket, no clock. */

/** How one track travels. */
export interface Setup {
	/** Index of the track in its stream. */
	readonly track: number;
	readonly transport: Transport;
}

export type SessionState =
	| { readonly at: "init" }
	| { readonly at: "ready"; readonly setups: readonly Setup[] }
	| { readonly at: "playing"; readonly setups: readonly Setup[] }
	| { readonly at: "announced"; readonly tracks: number; readonly setups: readonly Setup[] }
	| { readonly at: "recording"; readonly tracks: number; readonly setups: readonly Setup[] };

/** The request cannot be obeyed; the session stays as it is. */
export interface Refusal {
	readonly status: number;
	readonly reason: string;
}

/** What a method brings along. */
interface Inputs {
	ANNOUNCE: { readonly tracks: number };
	SETUP: Setup;
	PLAY: undefined;
	PAUSE: undefined;
	RECORD: undefined;
	TEARDOWN: undefined;
}

/** The methods that depend on the state of a session. */
export type StatefulMethod = keyof Inputs;

type Step<At extends SessionState["at"], Method extends StatefulMethod> = (
	state: Extract<SessionState, { at: At }>,
	input: Inputs[Method],
) => SessionState | Refusal;

type Table = { readonly [At in SessionState["at"]]: { readonly [Method in StatefulMethod]?: Step<At, Method> } };

const init: SessionState = { at: "init" };

const table: Table = {
	init: {
		ANNOUNCE: (_, { tracks }) => ({ at: "announced", tracks, setups: [] }),
		SETUP: (_, setup) => add({ at: "ready", setups: [] }, setup, "play"),
		TEARDOWN: () => init,
	},
	ready: {
		SETUP: (state, setup) => add(state, setup, "play"),
		PLAY: (state) => ({ ...state, at: "playing" }),
		PAUSE: (state) => state,
		TEARDOWN: () => init,
	},
	playing: {
		PLAY: (state) => state,
		PAUSE: (state) => ({ ...state, at: "ready" }),
		TEARDOWN: () => init,
	},
	announced: {
		SETUP: (state, setup) => add(state, setup, "record"),
		RECORD: (state) =>
			state.setups.length === state.tracks
				? { ...state, at: "recording" }
				: refuse(455, `${state.setups.length} tracks are set up, ${state.tracks} were announced`),
		PAUSE: (state) => state,
		TEARDOWN: () => init,
	},
	recording: {
		RECORD: (state) => state,
		PAUSE: (state) => ({ ...state, at: "announced" }),
		TEARDOWN: () => init,
	},
};

/** The state after a request, or why it cannot be obeyed. A method that the state's row lacks is 455, once for all. */
export function step<Method extends StatefulMethod>(
	state: SessionState,
	method: Method,
	input: Inputs[Method],
): SessionState | Refusal {
	const row = table[state.at] as {
		readonly [M in StatefulMethod]?: (state: SessionState, input: Inputs[M]) => SessionState | Refusal;
	};
	const next = row[method];
	return next ? next(state, input) : refuse(455, `${method} is not valid in state ${state.at}`);
}

function refuse(status: number, reason: string): Refusal {
	return { status, reason };
}

type Open = Extract<SessionState, { at: "ready" | "announced" }>;

function add(state: Open, setup: Setup, mode: Transport["mode"]): SessionState | Refusal {
	const { track, transport } = setup;
	if (transport.mode !== mode) return refuse(461, `mode ${transport.mode} where ${mode} is due`);
	if (state.setups.some((one) => one.track === track)) return refuse(455, `track ${track} is set up already`);
	const [first] = state.setups;
	if (first && first.transport.lower !== transport.lower) return refuse(461, "TCP and UDP in one session");
	const taken = state.setups.flatMap((one) => one.transport.interleaved ?? []);
	const clash = transport.interleaved?.find((channel) => taken.includes(channel));
	if (clash !== undefined) return refuse(461, `channel ${clash} is taken`);
	return { ...state, setups: [...state.setups, setup] };
}
