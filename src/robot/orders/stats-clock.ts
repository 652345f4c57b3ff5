import type { Listener } from "./reporter.ts";
import type { Station } from "./station.ts";
import { temperature } from "./temperature.ts";

const LIVE_MS = 2000;
/** So many of those are one while idle: 60 s. */
const IDLE_TICKS = 30;

/** Tells every camera's figures: every 2 s while it is live, every 60 s otherwise. */
export class StatsClock implements Disposable {
	readonly #timer: NodeJS.Timeout;
	#ticks = 0;

	constructor(stations: readonly Station[], listener: Listener) {
		this.#timer = setInterval(() => {
			this.#ticks += 1;
			const due = stations.filter(({ isLive }) => isLive || this.#ticks % IDLE_TICKS === 0);
			const degrees = due.length > 0 ? temperature() : undefined;
			for (const station of due) listener.stats(station, station.stats(degrees));
		}, LIVE_MS);
	}

	[Symbol.dispose](): void {
		clearInterval(this.#timer);
	}
}
