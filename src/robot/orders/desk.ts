import type { Millis } from "../../media/time.ts";
import type { Order } from "../../wire/robot-messages.ts";
import { RelayClock } from "./relay-clock.ts";

/** What becomes of an order. `again`: it was obeyed before and is only answered. */
export type Judgement = "obey" | "again" | "late";

/** So many orders of each camera are remembered. */
const REMEMBERED = 1000;

/** Tells new orders from late ones and from those that came before. Pure. */
export class Desk {
	readonly clock = new RelayClock();
	readonly #seen = new Map<string, Set<string>>();
	#late = 0;

	/** Orders that came too late. */
	get late(): number {
		return this.#late;
	}

	/** An order that expires before the relay's time is known is taken for late: nothing says that it is not. */
	judge(camera: string, { id, expires }: Order, now: Millis): Judgement {
		const seen = this.#seen.get(camera) ?? new Set();
		this.#seen.set(camera, seen);
		if (seen.has(id)) return "again";
		if (this.clock.isLate(expires, now) !== false) {
			this.#late += 1;
			return "late";
		}
		seen.add(id);
		if (seen.size > REMEMBERED) seen.delete(seen.values().next().value!);
		return "obey";
	}
}
