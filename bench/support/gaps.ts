/** Packets that are missing: which to ask for again, and what became of them. */
export class Gaps {
	/** Missing packets that came when they were asked for. */
	repaired = 0;
	/** Missing packets that were given up. */
	lost = 0;
	readonly #missing = new Map<number, { since: number; asked: number }>();

	/** `count` packets from `sequence` on were jumped over. */
	open(sequence: number, count: number, now: number): void {
		for (let i = 0; i < count; i++) this.#missing.set((sequence + i) & 0xffff, { since: now, asked: 0 });
	}

	/** A packet came after all. */
	fill(sequence: number): void {
		const gap = this.#missing.get(sequence);
		if (!gap) return;
		this.#missing.delete(sequence);
		if (gap.asked > 0) this.repaired++;
	}

	/** The packets to ask for now. */
	due(now: number): number[] {
		const wanted: number[] = [];
		for (const [sequence, gap] of this.#missing) {
			if (now - gap.since > GIVE_UP_MS) {
				this.#missing.delete(sequence);
				this.lost++;
			} else if (now - gap.since >= OVERTAKEN_MS && now - gap.asked >= ASK_AGAIN_MS) {
				gap.asked = now;
				wanted.push(sequence);
			}
		}
		return wanted;
	}
}

/** As browsers do: asked for when it was not only overtaken, asked again after about a round trip and a little, given up when the picture would come too late. */
const OVERTAKEN_MS = 10;
const ASK_AGAIN_MS = 50;
const GIVE_UP_MS = 1000;
