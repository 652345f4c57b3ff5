/** What the player says about its state. Pure. */
import type { Reading } from "./meter.ts";
import type { State } from "./state.ts";
import type { Failure, Way } from "./transport.ts";

export interface Words {
	/** Colour means state and nothing else: green pictures, amber trouble that may pass, red refusal, grey nothing. */
	readonly tone: "live" | "wait" | "stalled" | "off" | "bad";
	/** One or two words for the badge. */
	readonly label: string;
	readonly title: string;
	readonly detail: string;
	/** Whether an attempt is under way or will come by itself. */
	readonly trying: boolean;
	/** What a button would do that stands beside it. */
	readonly act?: string;
}

/** A duration for people: `9 s`, `1:05`, `2:03:11`. */
export function duration(milliseconds: number): string {
	const seconds = Math.max(0, Math.floor(milliseconds / 1000));
	if (seconds < 60) return `${seconds} s`;
	const two = (value: number) => String(value).padStart(2, "0");
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
	return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** The button that wakes a camera. */
const START = "Start Stream";

/** A sentence as a title: without its full stop. */
function asTitle(sentence: string): string {
	return sentence.replace(/\.$/, "");
}

function ofFailure(failure: Failure, name: string): Words {
	switch (failure.kind) {
		case "unreachable":
			return {
				tone: "stalled",
				label: "Unreachable",
				title: "The relay does not answer",
				detail: "The picture comes back by itself when the relay or the network does.",
				trying: true,
			};
		case "offline":
			return {
				tone: "off",
				label: "Offline",
				title: asTitle(failure.reason) || `Nobody publishes to “${name}”`,
				detail: "The picture comes by itself when that changes.",
				trying: true,
			};
		case "stopped":
			return { tone: "off", label: "Stopped", title: "Stopped", detail: failure.reason, trying: false, act: START };
		case "full":
			return {
				tone: "bad",
				label: "Full",
				title: asTitle(failure.reason) || "As many watch as may",
				detail: "The picture comes by itself when somebody leaves.",
				trying: true,
			};
		case "lost":
			return { tone: "wait", label: "Reconnecting", title: "Reconnecting", detail: failure.reason, trying: true };
		case "refused":
			return { tone: "bad", label: "Refused", title: "It cannot be played", detail: failure.reason, trying: true };
		case "unauthorised": {
			const title = failure.known ? "This is not for you to watch" : "Sign in to watch";
			return { tone: "bad", label: "No access", title, detail: failure.reason, trying: false };
		}
	}
}

const ways: Readonly<Record<Way, string>> = {
	udp: "",
	tcp: "over TCP",
	websocket: "by WebSocket",
	hls: "by HLS",
};

/** Pictures that wait no longer than this are not worth a word. */
const LATE_MS = 500;

/** How pictures come, where that is not the best way, and how late that makes them; empty for the best way. */
export function wayWords(reading: Reading | null): string {
	const way = reading?.way ? ways[reading.way] : "";
	const late = reading?.buffer ?? 0;
	return way && late > LATE_MS ? `${way}, ${(late / 1000).toFixed(1)} s late` : way;
}

const causes = {
	unknown: "No new picture arrives.",
	silent: "The camera has stopped sending. The relay is waiting for it.",
	path: "The relay has pictures, but they do not get here. Looking for another way.",
} as const;

const waking = {
	waking: { title: "Waking the camera", detail: "Its first picture is on the way." },
	away: { title: "Waiting for the camera", detail: "It is out of reach now, and starts when it is back." },
} as const;

const connecting: Words = { tone: "wait", label: "Connecting", title: "Connecting", detail: "", trying: true };

function whileIdle({ reason, mood }: Extract<State, { at: "idle" }>, name: string): Words {
	if (mood === "asking") return connecting;
	if (mood === "asleep") {
		const detail = "It sends nothing while nobody watches.";
		return { tone: "off", label: "Asleep", title: "The camera is asleep", detail, trying: false, act: START };
	}
	if (reason !== undefined) return ofFailure({ kind: "stopped", reason }, name);
	const detail = "Nothing is being received.";
	return { tone: "off", label: "Paused", title: "Paused", detail, trying: false, act: "Play" };
}

/** For a player that was not told what to show. */
export const aimless: Words = {
	tone: "off",
	label: "No camera",
	title: "No camera is named",
	detail: "Give the element a path, for instance path=“robot1/front”.",
	trying: false,
};

/** The words for a state; `name` is the stream's path. */
export function describe(state: State, name: string): Words {
	switch (state.at) {
		case "idle":
			return whileIdle(state, name);
		case "connecting":
			if (state.waking) return { tone: "wait", label: "Starting", ...waking[state.waking], trying: true };
			return state.after ? ofFailure(state.after, name) : connecting;
		case "live":
			return { tone: "live", label: "Live", title: "", detail: "", trying: false };
		case "stalled":
			return { tone: "stalled", label: "Stalled", title: "Stalled", detail: causes[state.cause], trying: true };
		case "waiting":
			return ofFailure(state.failure, name);
		case "unauthorised":
			return ofFailure({ ...state, kind: "unauthorised" }, name);
	}
}
