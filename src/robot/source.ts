/** Where a camera's pictures come from. */
export type Source =
	| { readonly kind: "test" }
	| { readonly kind: "sample" }
	| { readonly kind: "v4l2"; readonly device: string }
	| { readonly kind: "libcamera"; readonly camera: string }
	| { readonly kind: "nvargus"; readonly sensor: number }
	| { readonly kind: "file"; readonly path: string }
	| { readonly kind: "rtsp"; readonly url: string };

/** What `parseSource` accepts, for messages to people. */
export const SOURCES =
	"test, sample, v4l2:/dev/video0, libcamera, libcamera:NAME, nvargus, nvargus:1, file:PATH or rtsp://HOST/PATH";

/** Reads a source as it stands in the configuration; undefined for what is none. */
export function parseSource(text: string): Source | undefined {
	if (hasControlCharacter(text)) return undefined;
	if (/^rtsps?:\/\/./.test(text)) return { kind: "rtsp", url: text };
	const colon = text.indexOf(":");
	const name = colon < 0 ? text : text.slice(0, colon);
	const rest = colon < 0 ? "" : text.slice(colon + 1);
	switch (name) {
		case "test":
		case "sample":
			return colon < 0 ? { kind: name } : undefined;
		case "v4l2":
			return rest.startsWith("/dev/") ? { kind: "v4l2", device: rest } : undefined;
		case "libcamera":
			return { kind: "libcamera", camera: rest };
		case "nvargus":
			return /^\d{0,3}$/.test(rest) ? { kind: "nvargus", sensor: Number(rest) } : undefined;
		case "file":
			return rest ? { kind: "file", path: rest } : undefined;
		default:
			return undefined;
	}
}

function hasControlCharacter(text: string): boolean {
	for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x20) return true;
	return false;
}
