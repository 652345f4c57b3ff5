/**
 * One access unit of one track: a coded picture, or a block of audio. Made once, shared by all readers, never changed.
 */
export interface Frame {
	/** Index of the track in its stream. */
	readonly track: number;
	/** Presentation time in ticks of the track's clock rate, unwrapped: it never goes back at 2^32. */
	readonly pts: number;
	/** Decoding time in the same ticks, where the publisher told it and it differs from `pts`: streams with B-frames. */
	readonly dts?: number;
	/** Whether decoding can start here. Always true for audio. */
	readonly key: boolean;
	/**
	 * The NAL units (H.264, H.265: without start codes or lengths), or the one block of any other codec. AV1: the OBUs of a
	 * temporal unit, each with its size, without delimiters.
	 */
	readonly units: readonly Uint8Array[];
	/** Capture time in Unix milliseconds, where the publisher told it. */
	readonly capturedAt?: number;
}
