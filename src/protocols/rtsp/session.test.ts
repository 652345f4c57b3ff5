import assert from "node:assert/strict";
import { test } from "node:test";
import { type Refusal, type SessionState, type StatefulMethod, step } from "./session.ts";
import type { Transport } from "./transport.ts";

const tcp = (channel: number, mode: Transport["mode"] = "play"): Transport => ({
	lower: "tcp",
	mode,
	interleaved: [channel, channel + 1],
});
const one = { track: 0, transport: tcp(0) };
const two = { track: 1, transport: tcp(2) };
const up = { track: 0, transport: tcp(0, "record") };

const states: readonly SessionState[] = [
	{ at: "init" },
	{ at: "ready", setups: [one] },
	{ at: "playing", setups: [one] },
	{ at: "announced", tracks: 1, setups: [up] },
	{ at: "recording", tracks: 1, setups: [up] },
];

const methods: readonly StatefulMethod[] = ["ANNOUNCE", "SETUP", "PLAY", "PAUSE", "RECORD", "TEARDOWN"];

function run(state: SessionState, method: StatefulMethod): SessionState | Refusal {
	if (method === "ANNOUNCE") return step(state, method, { tracks: 1 });
	const record = state.at === "announced" || state.at === "recording";
	if (method === "SETUP") return step(state, method, record ? { track: 1, transport: tcp(2, "record") } : two);
	return step(state, method, undefined);
}

/** RFC 2326 appendix A.2, as rows of "state: method to state". What is not listed is 455. */
const allowed: Readonly<Record<SessionState["at"], Partial<Record<StatefulMethod, SessionState["at"]>>>> = {
	init: { ANNOUNCE: "announced", SETUP: "ready", TEARDOWN: "init" },
	ready: { SETUP: "ready", PLAY: "playing", PAUSE: "ready", TEARDOWN: "init" },
	playing: { PLAY: "playing", PAUSE: "ready", TEARDOWN: "init" },
	announced: { SETUP: "announced", RECORD: "recording", PAUSE: "announced", TEARDOWN: "init" },
	recording: { RECORD: "recording", PAUSE: "announced", TEARDOWN: "init" },
};

test("every method in every state", () => {
	for (const state of states) {
		for (const method of methods) {
			const next = run(state, method);
			const expected = allowed[state.at][method];
			if (expected) assert.equal("at" in next && next.at, expected, `${method} in ${state.at}`);
			else assert.equal("status" in next && next.status, 455, `${method} in ${state.at}`);
		}
	}
});

const refused = [
	{ name: "a track twice", state: states[1]!, setup: { track: 0, transport: tcp(4) }, status: 455 },
	{ name: "a channel twice", state: states[1]!, setup: { track: 1, transport: tcp(1) }, status: 461 },
	{
		name: "TCP and UDP",
		state: states[1]!,
		setup: { track: 1, transport: { lower: "udp", mode: "play", clientPort: [5000, 5001] } as const },
		status: 461,
	},
	{ name: "record without ANNOUNCE", state: states[0]!, setup: up, status: 461 },
	{ name: "play after ANNOUNCE", state: states[3]!, setup: two, status: 461 },
];

test("setups that contradict each other are refused", () => {
	for (const { name, state, setup, status } of refused) {
		const next = step(state, "SETUP", setup);
		assert.equal("status" in next && next.status, status, name);
	}
});

test("RECORD waits for every announced track, and says both numbers", () => {
	const next = step({ at: "announced", tracks: 2, setups: [up] }, "RECORD", undefined);
	assert.deepEqual(next, { status: 455, reason: "1 tracks are set up, 2 were announced" });
});
