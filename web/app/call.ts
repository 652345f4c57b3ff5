/** What came of a call: its answer, or a sentence for people and the status, 0 where the relay does not answer. */
export type Outcome<T> =
	| { readonly is: "done"; readonly value: T }
	| { readonly is: "refused"; readonly why: string; readonly status: number };

/** Asks the relay for something that it answers in JSON, or without a body. */
export async function call<T>(method: string, url: string, body?: object): Promise<Outcome<T>> {
	try {
		const json = body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
		const response = await fetch(url, { method, cache: "no-store", ...json });
		const { status } = response;
		if (response.ok) return { is: "done", value: status === 204 ? undefined : await response.json() };
		// A proxy between may answer with a page of its own.
		const told: { readonly error?: string } = await response.json().catch(() => ({}));
		return { is: "refused", why: told.error ?? `The relay answered with status ${status}.`, status };
	} catch {
		return { is: "refused", why: "The relay does not answer.", status: 0 };
	}
}
