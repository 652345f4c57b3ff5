import { type RefusalKind, Refused } from "../../hub/refused.ts";
import type { Headers } from "./message.ts";

/** A request cannot be obeyed: it is answered with `status`, the message and headers; the connection goes on. */
export class Declined extends Error {
	override name = "Declined";
	readonly status: number;
	readonly headers: Headers;

	constructor(status: number, message: string, headers: Headers = []) {
		super(message);
		this.status = status;
		this.headers = headers;
	}
}

const statuses: Readonly<Record<RefusalKind, number>> = {
	absent: 404,
	forbidden: 403,
	full: 453,
	"in use": 403,
	invalid: 400,
	stopped: 404,
	unwanted: 423,
};

function asDeclined(error: unknown): unknown {
	return error instanceof Refused ? new Declined(statuses[error.kind], error.message) : error;
}

/** What the hub does, with its refusals as RTSP tells them. */
export function ask<T>(hub: () => T): T {
	try {
		return hub();
	} catch (error) {
		throw asDeclined(error);
	}
}

/** What the hub takes a while for, in the same way. */
export async function askPatiently<T>(hub: Promise<T>): Promise<T> {
	try {
		return await hub;
	} catch (error) {
		throw asDeclined(error);
	}
}
