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
	/** How fast it plays now. */
	readonly rate: number;
}

export interface Steering {
	/** Where to go on; null to stay. */
	readonly jump: number | null;
	readonly rate: number;
}

/** More than this is not caught up by playing faster. */
const TOO_FAR_S = 1.5;
const TOO_FAR_WITHOUT_RATE_S = 0.7;
/** Less than this off the target is left alone; what is being caught up goes on to the target itself. */
const SLACK_S = 0.06;
const GENTLE = 1.07;
/** As much as this is caught up faster, until it is half of that. */
const HURRY_S = 0.3;
const HASTY = 1.25;
const EDGE_S = 0.01;

/** What to do now. */
export function steer({ at, start, end, target, smooth, rate }: Playhead): Steering {
	const late = end - at - target;
	const most = smooth ? TOO_FAR_S : TOO_FAR_WITHOUT_RATE_S;
	const outside = at < start - EDGE_S || at > end + EDGE_S;
	if (outside || late > most) {
		return { jump: Math.max(start, end - target), rate: 1 };
	}
	if (!smooth || late < (rate > 1 ? 0 : SLACK_S)) return { jump: null, rate: 1 };
	return { jump: null, rate: late > (rate > GENTLE ? HURRY_S / 2 : HURRY_S) ? HASTY : GENTLE };
}

/** Pictures that are shown in another order than decoded come that much later. */
const FIRST_TARGET_S = 0.3;
const LEAST_TARGET_S = 0.08;
const MOST_TARGET_S = 0.6;

/** The target after the player ran out of pictures: links that send in bursts need more. */
export function afterWaiting(target: number): number {
	return Math.min(MOST_TARGET_S, target * 1.4 + 0.02);
}

/** The target after a second in which it did not; without one, the target to begin with. */
export function afterCalm(target = FIRST_TARGET_S): number {
	return Math.max(LEAST_TARGET_S, target * 0.99);
}
