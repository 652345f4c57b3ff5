import { encode } from "uqr";

/** Light modules around a code, so that a camera finds it. */
const QUIET = 4;

/** A QR code as one path of an SVG whose view box is `size` by `size`. */
export function qrOf(text: string): { readonly size: number; readonly path: string } {
	const { data } = encode(text, { border: 0, ecc: "M" });
	const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : "")));
	return { size: data.length + 2 * QUIET, path: path.join("") };
}
