import { cameraShapes } from "./camera-shapes.ts";
import { mediaMtxShapes } from "./mediamtx-shapes.ts";
import { object, type Schema, text } from "./schema.ts";
import { streamShapes } from "./stream-shapes.ts";

/** The schemas that others refer to by name. */
export const shapes: Readonly<Record<string, Schema>> = {
	Error: {
		...object({ status: { const: "error" }, error: text("A sentence for people.") }),
		additionalProperties: true,
		examples: [{ status: "error", error: "authentication is needed" }],
	},
	...cameraShapes,
	...streamShapes,
	...mediaMtxShapes,
};
