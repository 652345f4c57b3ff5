import { readFileSync, statSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";

/** How often the files are looked at, at most. */
const LOOK_MS = 10_000;

/** A certificate and its key from files; they are read again when they change, as renewed ones do. */
export class TlsMaterial {
	readonly #cert: string;
	readonly #key: string;
	readonly #now: () => number;
	#context: SecureContext;
	#stamp: string;
	#lookedAt: number;

	/**
	 * Throws Node's errors where a file cannot be read or the two do not belong together.
	 *
	 * @param now milliseconds, with any start.
	 */
	constructor(files: { readonly cert: string; readonly key: string }, now: () => number = Date.now) {
		this.#now = now;
		this.#lookedAt = now();
		this.#cert = files.cert;
		this.#key = files.key;
		this.#stamp = this.#stampOf();
		this.#context = this.#read();
	}

	/** For new connections. Files that are broken when they change leave the old certificate in use. */
	get context(): SecureContext {
		const now = this.#now();
		if (now - this.#lookedAt < LOOK_MS) return this.#context;
		this.#lookedAt = now;
		try {
			const stamp = this.#stampOf();
			if (stamp !== this.#stamp) this.#context = this.#read();
			this.#stamp = stamp;
		} catch {
			// Renewal writes one file after the other: the next look finds both.
		}
		return this.#context;
	}

	#stampOf(): string {
		return [this.#cert, this.#key].map((file) => statSync(file).mtimeMs).join(" ");
	}

	#read(): SecureContext {
		return createSecureContext({ cert: readFileSync(this.#cert), key: readFileSync(this.#key) });
	}
}
