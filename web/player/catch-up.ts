/** Keeps a player near the newest picture of what it has buffered. Pure: seconds in, seconds out. */

export interface Playhead {
	/** Where it plays. */
	readonly at: number;
	/** From when to when the newest stretch without a gap goes. */
	readonly start: number;
	readonly end: number;
	/** How far behind the newest picture it is to play. */
	readonly target: number;
	/** Whether it may play a little faster; else it jumps. */
	readonly smooth: boolean;
	/** It has just begun: what it joined with is skipped at once. */
	readonly begins: boolean;
}

export interface Steering {
	/** Where to go on; null to stay. */
	readonly jump: number | null;
	readonly rate: number;
}

/** More than this is not caught up by playing faster. */
const TOO_FAR_S = 1.5;
const TOO_FAR_WITHOUT_RATE_S = 0.7;
const TOO_FAR_AT_FIRST_S = 0.25;
/** Less than this off the target is left alone. */
const SLACK_S = 0.06;
const HURRY_S = 0.3;
const EDGE_S = 0.01;

/** What to do now. */
export function steer({ at, start, end, target, smooth, begins }: Playhead): Steering {
	const late = end - at - target;
	const most = begins ? TOO_FAR_AT_FIRST_S : smooth ? TOO_FAR_S : TOO_FAR_WITHOUT_RATE_S;
	const outside = at < start - EDGE_S || at > end + EDGE_S;
	if (outside || late > most) {
		return { jump: Math.max(start, end - target), rate: 1 };
	}
	if (!smooth || late < SLACK_S) return { jump: null, rate: 1 };
	return { jump: null, rate: late > HURRY_S ? 1.25 : 1.07 };
}

const FIRST_TARGET_S = 0.2;
const LEAST_TARGET_S = 0.08;
const MOST_TARGET_S = 0.6;

/** The target after the player ran out of pictures: links that send in bursts need more. */
export function afterWaiting(target: number): number {
	return Math.min(MOST_TARGET_S, target * 1.4 + 0.02);
}

/** The target after a second in which it did not; without one, the target to begin with. */
export function afterCalm(target = FIRST_TARGET_S): number {
	return Math.max(LEAST_TARGET_S, target * 0.995);
}
