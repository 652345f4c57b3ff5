/** What the player remembers of the ways to a picture. */

export interface Memory {
	/** The way that worked last; null where none is known. */
	recall(): string | null;
	remember(name: string): void;
	/** This stream cannot come this way, and asking again changes nothing until it is another stream. */
	refuse(name: string): void;
	isRefused(name: string): boolean;
	/** Looks whether the stream is another one now, and forgets refusals if so. */
	review(): Promise<void>;
}

/** After so long the best way is tried first again. */
const REMEMBERED_MS = 10 * 60_000;
const KEY = "vedette-way";

/** What works is kept in the browser for all streams of a relay, what was refused in the page for one stream. */
export class BrowserMemory implements Memory {
	readonly #key: string;
	readonly #identify: () => Promise<string | null>;
	readonly #refused = new Set<string>();
	/** What the stream was when a way was refused; null where that is not known. */
	#stream: string | null = null;

	/** `identify` tells what stream it is, and something else when it is another one; null where it cannot. */
	constructor(base: string, identify: () => Promise<string | null>) {
		this.#key = `${KEY} ${base}`;
		this.#identify = identify;
	}

	recall(): string | null {
		try {
			const [name, at] = (localStorage.getItem(this.#key) ?? "").split(" ");
			return name && Date.now() - Number(at) < REMEMBERED_MS ? name : null;
		} catch {
			// A page that may keep nothing tries the best way first every time.
			return null;
		}
	}

	remember(name: string): void {
		try {
			localStorage.setItem(this.#key, `${name} ${Date.now()}`);
		} catch {
			// As above.
		}
	}

	refuse(name: string): void {
		this.#refused.add(name);
		if (this.#stream === null) this.review().catch(() => undefined);
	}

	isRefused(name: string): boolean {
		return this.#refused.has(name);
	}

	/** The stream has ended: the next one of this name may be another. */
	forget(): void {
		this.#refused.clear();
		this.#stream = null;
	}

	async review(): Promise<void> {
		if (this.#refused.size === 0) return;
		const stream = await this.#identify();
		if (stream === null || stream === this.#stream) return;
		if (this.#stream !== null) this.#refused.clear();
		this.#stream = stream;
	}
}
