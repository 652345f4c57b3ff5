import type { RelayConfig } from "../../config/relay-schema.ts";
import { HttpRefusal } from "./refusal.ts";
import type { WebRtcDoor } from "./room.ts";

/** So many places. */
class Places {
	readonly #most: number;
	#taken = 0;

	constructor(most: number) {
		this.#most = most;
	}

	/** Takes one; the returned function gives it back, once. Throws 503 where there is none. */
	take(): () => void {
		const most = this.#most;
		if (this.#taken >= most) {
			throw new HttpRefusal(503, `Maximum viewers (${most}) reached for stream`, { "Vedette-Full": `${most}` });
		}
		this.#taken += 1;
		let isTaken = true;
		return () => {
			if (isTaken) this.#taken -= 1;
			isTaken = false;
		};
	}
}

/**
 * The same door, at which no more viewers come to a camera of `streams` than its `maxViewers`: each has a place from its
 * offer to the end of its session, or until it is gone before it has its answer.
 */
export function withViewerLimit(door: WebRtcDoor, streams: RelayConfig["streams"]): WebRtcDoor {
	const places = new Map<string, Places>();
	for (const { path, maxViewers } of Object.values(streams)) {
		if (!places.has(path)) places.set(path, new Places(maxViewers));
	}
	return {
		async offer(offer) {
			const free = offer.direction === "read" ? places.get(offer.path)?.take() : undefined;
			if (!free) return door.offer(offer);
			const onEnd = (reason: string): void => {
				free();
				offer.onEnd?.(reason);
			};
			if (offer.gone.aborted) free();
			else offer.gone.addEventListener("abort", free, { once: true });
			try {
				return await door.offer({ ...offer, onEnd });
			} catch (error) {
				free();
				throw error;
			}
		},
		patch: (session, fragment, ifMatch) => door.patch(session, fragment, ifMatch),
		end: (session) => door.end(session),
	};
}
