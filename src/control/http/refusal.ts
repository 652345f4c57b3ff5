import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Refusal } from "../../access/access.ts";
import type { Action } from "../../access/actions.ts";
import { REALM } from "../../access/password.ts";
import { type RefusalKind, Refused } from "../../hub/refused.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Log } from "../../observe/log.ts";

/** A request that is not served: its status, headers, and a sentence for people. */
export class HttpRefusal extends Error {
	override readonly name = "HttpRefusal";
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	/** More for the answer's body. */
	readonly details: object;

	constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}, details = {}) {
		super(message);
		this.status = status;
		this.headers = headers;
		this.details = details;
	}
}

/** A browser would ask for a password by itself for Basic; its page has a login of its own. */
function isBrowser(request: FastifyRequest): boolean {
	return request.headers["sec-fetch-mode"] !== undefined || /^Mozilla\//.test(request.headers["user-agent"] ?? "");
}

/** What somebody wanted to do who was not let in. */
interface Attempt {
	readonly action: Action;
	readonly path?: PathName | undefined;
}

/** What somebody gets who was not let in. */
export function refusalOf(refusal: Refusal, request: FastifyRequest, attempt?: Attempt): HttpRefusal {
	switch (refusal.reason) {
		case "credentials": {
			const bearer = `Bearer realm="${REALM}"`;
			const offer = isBrowser(request) ? bearer : `Basic realm="${REALM}", charset="UTF-8", ${bearer}`;
			const given = request.headers.authorization !== undefined;
			const sentence = given ? "this login is not known here" : "authentication is needed";
			return new HttpRefusal(401, sentence, { "WWW-Authenticate": offer });
		}
		case "forbidden":
			return new HttpRefusal(403, forbidden(attempt));
		case "throttled": {
			const seconds = String(Math.ceil(refusal.retryAfterMs / 1000));
			return new HttpRefusal(429, "too many failed logins from this address", { "Retry-After": seconds });
		}
	}
}

function forbidden(attempt: Attempt | undefined): string {
	if (!attempt) return "this user may not do that";
	const { action, path } = attempt;
	return `this user lacks the right "${action}"${path === undefined ? "" : ` for "${path}"`}`;
}

const statuses: Readonly<Record<RefusalKind, number>> = {
	absent: 404,
	forbidden: 403,
	full: 503,
	"in use": 409,
	invalid: 400,
	stopped: 404,
	unwanted: 423,
};

/** How soon to come back where nobody publishes yet or the relay is full, in seconds. */
const RETRY_AFTER = "2";

function explain(error: unknown): HttpRefusal | undefined {
	if (error instanceof HttpRefusal) return error;
	if (error instanceof Refused) {
		const again = error.kind === "absent" || error.kind === "full";
		// A player that comes back by itself would undo what somebody said.
		const stopped = error.kind === "stopped" && { "Vedette-Stopped": String(Math.ceil((error.againMs ?? 0) / 1000)) };
		return new HttpRefusal(statuses[error.kind], error.message, {
			...(again && { "Retry-After": RETRY_AFTER }),
			...stopped,
		});
	}
	if (!(error instanceof Error)) return undefined;
	const { status, statusCode = status } = error as Error & { status?: number; statusCode?: number };
	if (statusCode === undefined || !(statusCode >= 400 && statusCode < 600)) return undefined;
	return new HttpRefusal(statusCode, error.message);
}

/** RFC 9110 section 15.5.6: nothing is found because this is asked for by other methods. */
function byMethod(refusal: HttpRefusal | undefined, { method, url, server }: FastifyRequest): HttpRefusal | undefined {
	if (refusal?.status !== 404) return refusal;
	const methods = server.methodsAt(url.replace(/\?.*$/, ""));
	if (methods.length === 0 || methods.includes(method)) return refusal;
	const allow = methods.join(", ");
	return new HttpRefusal(405, `${method} can do nothing here, but ${allow}`, { Allow: allow });
}

/** Answers with the error's own status and sentence; what nobody foresaw is logged and told as 500. */
export function errorHandler(log: Log) {
	return (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
		const refusal = byMethod(explain(error), request);
		if (!refusal) log.error({ err: error, method: request.method, route: request.routeOptions.url }, "request failed");
		const { status, message, headers, details } = refusal ?? new HttpRefusal(500, "internal error");
		return reply
			.code(status)
			.headers(headers)
			.send({ status: "error", error: message, ...details });
	};
}
