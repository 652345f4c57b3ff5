import type { Driver, DriverOffer, DriverReports } from "../hub/demand/driver.ts";
import { messageOf } from "./attempts.ts";

/** Pulls once until it ends or the signal aborts: resolves with the reason for its end, rejects where it cannot begin. */
type PullOnce = (signal: AbortSignal) => Promise<string>;

/** Pulls a source while somebody wants its path. What ends is tried again by who drives it. */
class SourceDriver implements Driver {
	readonly #pull: PullOnce;
	readonly #reports: DriverReports;
	#attempt: AbortController | undefined;
	/** The one before ends first. */
	#before: Promise<void> = Promise.resolve();

	constructor(pull: PullOnce, reports: DriverReports) {
		this.#pull = pull;
		this.#reports = reports;
	}

	start(): void {
		if (this.#attempt) return;
		const attempt = new AbortController();
		this.#attempt = attempt;
		this.#before = this.#before.then(() => this.#run(attempt));
	}

	stop(reason: string): void {
		this.#attempt?.abort(new Error(reason));
		this.#attempt = undefined;
	}

	close(): void {
		this.stop("the relay is going down");
	}

	async #run(attempt: AbortController): Promise<void> {
		if (attempt.signal.aborted) return;
		const reason = await this.#pull(attempt.signal).catch(messageOf);
		if (this.#attempt !== attempt) return;
		this.#attempt = undefined;
		this.#reports.said("error", reason);
	}
}

/** A driver that pulls while its path is wanted. */
export function sourceDriver(pull: PullOnce): DriverOffer {
	return { kind: "source", open: (reports) => new SourceDriver(pull, reports) };
}
