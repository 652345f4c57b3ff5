/** A small bitmap font for the time in the picture: 5 × 7 pixels per glyph, one row per number, the left pixel highest. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
	"0": [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110],
	"1": [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
	"2": [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111],
	"3": [0b11110, 0b00001, 0b00001, 0b01110, 0b00001, 0b00001, 0b11110],
	"4": [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
	"5": [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
	"6": [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
	"7": [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
	"8": [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
	"9": [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
	":": [0b00000, 0b00100, 0b00100, 0b00000, 0b00100, 0b00100, 0b00000],
	".": [0b00000, 0b00000, 0b00000, 0b00000, 0b00000, 0b01100, 0b01100],
};

const GLYPH_WIDTH = 5;
/** Pixels from the top of a glyph to its bottom, at scale 1. */
export const GLYPH_HEIGHT = 7;
const ADVANCE = GLYPH_WIDTH + 1;

/** The width of a text in pixels. */
export function textWidth(text: string, scale: number): number {
	return text.length * ADVANCE * scale;
}

/** Where and how a text is drawn: its top left corner in pixels, pixels per glyph pixel, and the luma to draw with. */
export interface TextPlace {
	readonly text: string;
	readonly x: number;
	readonly y: number;
	readonly scale: number;
	readonly value: number;
}

/** Draws digits, colons and points into a luma plane; what lies beyond `width` and `height` is left out. */
export function drawText(luma: Uint8Array, stride: number, width: number, height: number, place: TextPlace): void {
	const { text, scale, value } = place;
	for (let i = 0; i < text.length; i++) {
		const rows = GLYPHS[text[i]!] ?? [];
		for (let cell = 0; cell < rows.length * GLYPH_WIDTH; cell++) {
			const column = cell % GLYPH_WIDTH;
			const row = Math.floor(cell / GLYPH_WIDTH);
			if (!((rows[row]! >> (GLYPH_WIDTH - 1 - column)) & 1)) continue;
			const left = place.x + (i * ADVANCE + column) * scale;
			const top = place.y + row * scale;
			const right = Math.min(left + scale, width);
			for (let y = top; y < Math.min(top + scale, height); y++) luma.fill(value, y * stride + left, y * stride + right);
		}
	}
}
