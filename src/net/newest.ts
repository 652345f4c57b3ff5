/**
 * Says one thing after the other, each when the last one has arrived; of what comes up meanwhile only the newest. A broker
 * that is asked for more than it can pass on loses the last words, which are those that count.
 */
export class Newest<T> {
	readonly #send: (value: T) => Promise<void>;
	#next: { readonly value: T } | undefined;
	#isBusy = false;

	/** `send`: what it rejects with is of no interest here. */
	constructor(send: (value: T) => Promise<void>) {
		this.#send = send;
	}

	say(value: T): void {
		this.#next = { value };
		if (!this.#isBusy) void this.#run();
	}

	async #run(): Promise<void> {
		this.#isBusy = true;
		for (let next = this.#next; next; next = this.#next) {
			this.#next = undefined;
			await this.#send(next.value).catch(() => undefined);
		}
		this.#isBusy = false;
	}
}
