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
	 * Throws where a file cannot be read or the two do not belong together, with the files' names.
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
		return [this.#cert, this.#key].map(changedAt).join(" ");
	}

	#read(): SecureContext {
		const [cert, key] = [readFileSync(this.#cert), readFileSync(this.#key)];
		try {
			return createSecureContext({ cert, key });
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			throw new Error(`${this.#cert} and ${this.#key} are not a certificate in PEM and its key: ${reason}`);
		}
	}
}

function changedAt(file: string): number {
	const stat = statSync(file, { throwIfNoEntry: false });
	if (!stat) throw new Error(`there is no file ${file} for TLS`);
	return stat.mtimeMs;
}
