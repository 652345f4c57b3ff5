/** Controls fade after this long without a move over a live picture. */
const IDLE_MS = 2600;

/** Whether the viewer has not moved for a while. */
export class Fading {
	/** Nothing has moved for a while. */
	idle = false;
	readonly #mayFade: () => boolean;
	readonly #changed: () => void;
	#timer: ReturnType<typeof setTimeout> | undefined;

	/** `mayFade` is asked when it is time; `changed` is told of both ways. */
	constructor(mayFade: () => boolean, changed: () => void) {
		this.#mayFade = mayFade;
		this.#changed = changed;
	}

	/** Something moves. */
	stir(): void {
		clearTimeout(this.#timer);
		if (this.idle) {
			this.idle = false;
			this.#changed();
		}
		this.#timer = setTimeout(() => {
			this.idle = this.#mayFade();
			this.#changed();
		}, IDLE_MS);
	}

	/** Nothing fades any more until something moves. */
	stop(): void {
		clearTimeout(this.#timer);
	}
}
