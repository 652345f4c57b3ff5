import type { Answer, Content } from "./operation.ts";
import { ref, type Schema } from "./schema.ts";

export function json(schema: Schema): Content {
	return { "application/json": schema };
}

/** An answer of one of the document's schemas. */
export function told(shape: string, description: string): Answer {
	return { description, content: json(ref(shape)) };
}

/** An answer that says in a sentence why there is no other. */
export function refused(description: string): Answer {
	return told("Error", description);
}

/** What a request for WebSocket is answered with. */
export function upgraded(description: string): Readonly<Record<number, Answer>> {
	return {
		101: { description },
		403: refused("A page of another site (`http.allowOrigins`)"),
		426: refused("A request without WebSocket"),
	};
}
