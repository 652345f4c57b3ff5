import type { Stats } from "../../wire/robot-messages.ts";
import type { Station } from "./station.ts";

/** Who hears how the cameras stand. */
export interface Listener {
	report(station: Station): void;
	stats(station: Station, stats: Stats): void;
}

/** Passes on what stations report, to the one who listens. */
export class Reporter implements Listener {
	#listener: Listener | undefined;

	/** Gives what ends it. */
	listen(listener: Listener): () => void {
		this.#listener = listener;
		return () => {
			this.#listener = undefined;
		};
	}

	report(station: Station): void {
		this.#listener?.report(station);
	}

	stats(station: Station, stats: Stats): void {
		this.#listener?.stats(station, stats);
	}
}
