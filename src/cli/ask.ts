import { type RequestOptions, request } from "node:http";

const TIMEOUT_MS = 5000;

/** What was answered; `body` is what the JSON says, undefined for none. */
export interface Answer {
	readonly status: number;
	readonly body: unknown;
}

/** Asks a relay or a robot one thing. Rejects where nobody answers in time, or something else than JSON. */
export function ask(target: RequestOptions, method: string, path: string, body?: object): Promise<Answer> {
	const { promise, resolve, reject } = Promise.withResolvers<Answer>();
	const text = body === undefined ? undefined : JSON.stringify(body);
	const headers = text === undefined ? {} : { "content-type": "application/json" };
	const outgoing = request({ ...target, method, path, headers, timeout: TIMEOUT_MS }, async (response) => {
		try {
			const answer = Buffer.concat(await response.toArray()).toString();
			resolve({ status: response.statusCode ?? 0, body: answer === "" ? undefined : JSON.parse(answer) });
		} catch (error) {
			reject(error);
		}
	});
	outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
	outgoing.on("error", reject).end(text);
	return promise;
}

/** The sentence of an answer that is a refusal. */
export function refusalIn({ status, body }: Answer): string {
	return (body as { error?: string } | undefined)?.error ?? `the answer is ${status}`;
}
