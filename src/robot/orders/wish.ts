import type { Millis } from "../../media/time.ts";

/** What a camera ought to do now, and why. */
export interface Verdict {
	readonly run: boolean;
	/** For people and the state topic. */
	readonly reason: string;
	/** The trigger that lets it run; undefined where somebody asked for it. */
	readonly trigger?: { readonly name: string; readonly until: Millis } | undefined;
	readonly paused: boolean;
}

/** A robot whose relay has not been heard of for this long sends nothing for it any longer. */
const CONTROL_LOST_MS = 60_000;

/**
 * Everything that lets one camera run or keeps it still: the relay's orders, triggers at the robot, a pause that overrides
 * both. Pure: time, in milliseconds of a clock that does not go back, is given.
 */
export class Wish {
	readonly #always: boolean;
	#ordered = false;
	#trigger: { readonly name: string; readonly until: Millis } | undefined;
	#paused: boolean;
	/** Since when nobody can give orders; undefined while somebody can. */
	#lostSince: Millis | undefined;

	/** `always`: the camera is not on demand. `paused`: as it was when the robot was last on. */
	constructor(always: boolean, paused: boolean) {
		this.#always = always;
		this.#paused = paused;
	}

	/** Whether it runs whatever is ordered. */
	get isAlwaysOn(): boolean {
		return this.#always;
	}

	/** The relay's order, or what stands for it. A stop ends what a trigger began, too. */
	order(run: boolean): void {
		this.#ordered = run;
		if (!run) this.#trigger = undefined;
	}

	/** Something happened at the robot: run until then at least. */
	trigger(name: string, until: Millis): void {
		if (!this.#trigger || this.#trigger.until < until) this.#trigger = { name, until };
	}

	pause(paused: boolean): void {
		this.#paused = paused;
	}

	/** Whether the one who gives orders can be heard. */
	control(heard: boolean, now: Millis): void {
		this.#lostSince = heard ? undefined : (this.#lostSince ?? now);
	}

	verdict(now: Millis): Verdict {
		if (this.#paused) return { run: false, reason: "paused at the robot", paused: true };
		if (this.#always) return { run: true, reason: "always on", paused: false };
		const trigger = this.#trigger && this.#trigger.until > now ? this.#trigger : undefined;
		if (trigger) return { run: true, reason: `triggered by ${trigger.name}`, trigger, paused: false };
		if (!this.#ordered) return { run: false, reason: "nobody wants it", paused: false };
		if (now >= this.#endsWithoutControl()) {
			return { run: false, reason: "no control for a minute", paused: false };
		}
		return { run: true, reason: "ordered", paused: false };
	}

	/** When the verdict may be another one though nothing happened; infinite for never. */
	nextChange(now: Millis): Millis {
		const ends = [this.#trigger?.until, this.#ordered ? this.#endsWithoutControl() : undefined];
		return Math.min(...ends.filter((at) => at !== undefined && at > now).map(Number));
	}

	#endsWithoutControl(): Millis {
		return (this.#lostSince ?? Number.POSITIVE_INFINITY) + CONTROL_LOST_MS;
	}
}
