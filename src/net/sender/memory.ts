/**
 * One thread's views of the media memory. Every thread has the same bytes at the same address; positions are byte
 * offsets from its start.
 */
export interface Memory {
	readonly bytes: Uint8Array;
	readonly view: DataView;
	readonly words: Uint32Array;
	/** For `Atomics.wait`, which takes signed words only. */
	readonly ints: Int32Array;
	/** Counters: whole 64-bit stores, so that another thread never reads half of one. */
	readonly counters: Float64Array;
	/** Address of the first byte; 0 where there are no foreign functions. */
	readonly address: number;
	/** The halves of that address: no pointer into the memory has another upper half. */
	readonly low: number;
	readonly high: number;
}

const HALF = 2 ** 32;

export function viewMemory(shared: SharedArrayBuffer, address: number): Memory {
	return {
		bytes: new Uint8Array(shared),
		view: new DataView(shared),
		words: new Uint32Array(shared),
		ints: new Int32Array(shared),
		counters: new Float64Array(shared),
		address,
		low: address % HALF,
		high: Math.floor(address / HALF),
	};
}
