import type { Millis } from "../../media/time.ts";
import type { Clock } from "../clock.ts";
import { Refused } from "../refused.ts";

interface Waiter {
	readonly admit: () => void;
	readonly refuse: (error: Refused) => void;
}

/** Those who wait for the pictures of one path. */
export class Waiters {
	readonly #clock: Clock;
	readonly #waiting = new Set<Waiter>();

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	get size(): number {
		return this.#waiting.size;
	}

	/** Resolves with `admit`; rejects with `Refused` with `refuse`, and after `ms` with what `late` says then. */
	wait(ms: Millis, late: () => string): Promise<void> {
		return new Promise((resolve, reject) => {
			const cancel = this.#clock.after(ms, () => waiter.refuse(new Refused("absent", late())));
			const leave = (): void => {
				cancel();
				this.#waiting.delete(waiter);
			};
			const waiter: Waiter = {
				admit: () => {
					leave();
					resolve();
				},
				refuse: (error) => {
					leave();
					reject(error);
				},
			};
			this.#waiting.add(waiter);
		});
	}

	admit(): void {
		for (const waiter of [...this.#waiting]) waiter.admit();
	}

	refuse(error: Refused): void {
		for (const waiter of [...this.#waiting]) waiter.refuse(error);
	}
}
