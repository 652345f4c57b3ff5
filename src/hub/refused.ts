/**
 * Why the hub refuses a publisher or a reader; each protocol has its own answer to each.
 * - `absent`: nobody publishes there
 * - `forbidden`: the path may not be used
 * - `full`: a limit is reached
 * - `in use`: somebody else publishes there
 * - `invalid`: what was asked for makes no sense
 * - `stopped`: somebody said stop, and nobody starts it again by coming back at once
 * - `unwanted`: a publisher that streams on demand came while nobody wants it
 */
export type RefusalKind = "absent" | "forbidden" | "full" | "in use" | "invalid" | "stopped" | "unwanted";

/** All that is told of a source to who may not know where it is. */
export const NO_SOURCE = "the relay gets nothing from its source";

/** The hub's no. The message is a sentence for the person at the other end. */
export class Refused extends Error {
	override readonly name = "Refused";
	readonly kind: RefusalKind;
	/** In how many milliseconds it may be otherwise, where that is known. */
	readonly againMs: number | undefined;

	constructor(kind: RefusalKind, message: string, againMs?: number) {
		super(message);
		this.kind = kind;
		this.againMs = againMs;
	}
}
