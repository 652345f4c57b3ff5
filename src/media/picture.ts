/** What a picture is like, whatever its codec. */

/** How numbers become colours: code points of ISO/IEC 23091-2. */
export interface Colour {
	/** `ColourPrimaries`, `TransferCharacteristics`, `MatrixCoefficients`; 2 is unspecified. */
	readonly codes: readonly [primaries: number, transfer: number, matrix: number];
	readonly fullRange: boolean;
}

export const unspecifiedColour: Colour = { codes: [2, 2, 2], fullRange: false };

interface Size {
	/** Pixels. */
	readonly width: number;
	readonly height: number;
}

/** MP4 tells a picture's sides in 16 bits, and no level allows as much. */
const MAX_SIDE = 0xffff;

/** The format; undefined where no picture can have it. */
export function possible<Format extends Size>(format: Format): Format | undefined {
	const { width, height } = format;
	return width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE ? format : undefined;
}
