import type { PacketRing } from "../net/ring.ts";

/** What the ring is asked and told. */
type Ring = Pick<PacketRing, "tail" | "setJoin">;

/** Where readers of a stream can begin: the number of the first packet of each track's newest key frame. */
export class JoinPoints {
	readonly #ring: Ring;
	/** By track; −1 before a track's first key frame. */
	readonly #points: number[];
	readonly #tracks: readonly number[];

	/** For a stream of so many tracks. */
	constructor(ring: Ring, tracks: number) {
		this.#ring = ring;
		this.#points = new Array<number>(tracks).fill(-1);
		this.#tracks = [...this.#points.keys()];
	}

	/** That of a track; −1 where there is none. It may be gone from the ring by now. */
	of(track: number): number {
		return this.#points[track] ?? -1;
	}

	/** The oldest of these tracks' that the ring still holds: all of them can be decoded from there on; −1 where none is. */
	oldest(tracks: readonly number[]): number {
		let oldest = -1;
		for (const track of tracks) {
			const point = this.of(track);
			if (point >= this.#ring.tail && (oldest < 0 || point < oldest)) oldest = point;
		}
		return oldest;
	}

	/** A key frame of a track begins with packet `number`. The ring keeps what the tracks need together. */
	mark(track: number, number: number): void {
		this.#points[track] = number;
		this.#ring.setJoin(this.oldest(this.#tracks));
	}

	/** Nobody is to begin at what has come so far. */
	clear(): void {
		this.#points.fill(-1);
		this.#ring.setJoin(-1);
	}
}
