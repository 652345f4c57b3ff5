import type { Outcome, Principal } from "../../access/access.ts";
import { noCredentials } from "../../access/credentials.ts";
import type { PathSettings } from "../../config/path-schema.ts";
import { type RefusalKind, Refused } from "../../hub/refused.ts";
import { type PathName, parsePathName, pathNameFault } from "../../media/path-name.ts";
import type { SrtContext } from "./context.ts";
import { Keys } from "./crypto.ts";
import { type Handshake, rejection } from "./handshake.ts";
import { parseStreamId, type Target } from "./stream-id.ts";

/** A caller is not let in: a code of `rejection`, and a sentence for the log. */
export class Declined extends Error {
	override readonly name = "Declined";
	readonly code: number;

	constructor(code: number, message: string) {
		super(message);
		this.code = code;
	}
}

const MOMENT_MS = 2000;

type Action = "publish" | "read";

/** What a caller may do. */
export interface Admission {
	readonly target: Target;
	readonly path: PathName;
	readonly settings: PathSettings;
	/** At least one. */
	readonly actions: readonly Action[];
	readonly principal: Principal;
	readonly keys: Keys | undefined;
}

/** Finds out who calls and whether they may. Holds up nobody else. Rejects with `Declined`. */
export async function admit(context: SrtContext, handshake: Handshake, ip: string): Promise<Admission> {
	const target = targetOf(context.path, handshake.streamId ?? "");
	const path = parsePathName(target.path);
	if (!path) {
		throw new Declined(rejection.badRequest, `the path "${target.path.slice(0, 80)}" ${pathNameFault(target.path)}`);
	}
	const settings = context.settings(path);
	if (!settings) throw new Declined(rejection.forbidden, `the configuration has no path that "${path}" fits`);
	const one = (action: Action) => admitTo(context, action, { target, path, settings }, handshake, ip);
	if (target.action !== "either") return one(target.action);
	const [publish, read] = await Promise.allSettled([one("publish"), one("read")]);
	if (read.status === "rejected") {
		if (publish.status === "rejected") throw read.reason;
		return publish.value;
	}
	return publish.status === "rejected" ? read.value : { ...publish.value, actions: ["publish", "read"] };
}

/** On a port of a path's own, whatever does not ask for one thing may be for either. */
function targetOf(own: PathName | undefined, text: string): Target {
	const target = parseStreamId(text);
	if (own !== undefined) return { action: "either", query: "", credentials: noCredentials, ...target, path: own };
	if (target) return target;
	throw new Declined(
		rejection.badRequest,
		`the stream id "${text.slice(0, 80)}" is not like publish:PATH or read:PATH`,
	);
}

async function admitTo(
	context: SrtContext,
	action: Action,
	place: Pick<Admission, "target" | "path" | "settings">,
	handshake: Handshake,
	ip: string,
): Promise<Admission> {
	const { settings, target, path } = place;
	const passphrase = action === "publish" ? settings.srtPublishPassphrase : settings.srtReadPassphrase;
	const keys = await unlock(handshake, passphrase);
	const outcome = await context.access.check(target.credentials, action, path, ip);
	const admission = { ...place, actions: [action], principal: principalOf(outcome, action, path), keys };
	if (target.action === "publish") checkPlace(context, admission, ip);
	if (target.action === "read") await picturesSoon(context, admission, ip);
	return admission;
}

async function unlock({ keys: message, encryption }: Handshake, passphrase: string): Promise<Keys | undefined> {
	const isEncrypted = message !== undefined || encryption !== 0;
	if (passphrase === "" && !isEncrypted) return undefined;
	if (passphrase === "") throw new Declined(rejection.unsecure, "it is encrypted, and the path has no passphrase");
	if (!message) throw new Declined(rejection.unsecure, "it is not encrypted, and the path has a passphrase");
	const keys = await Keys.open(message, passphrase);
	if (!keys) throw new Declined(rejection.badSecret, "the passphrase is wrong");
	return keys;
}

function principalOf(outcome: Outcome, action: Action, path: PathName): Principal {
	if (outcome.ok) return outcome.principal;
	switch (outcome.reason) {
		case "credentials":
			throw new Declined(rejection.unauthorized, "authentication failed");
		case "forbidden":
			throw new Declined(rejection.forbidden, `this user may not ${action} "${path}"`);
		case "throttled":
			throw new Declined(rejection.overload, "too many failed logins");
		default:
			return outcome satisfies never;
	}
}

/**
 * Wakes a path that sleeps, and gives it a moment. A caller hangs up after 3 s: it is let in before that, and waits for
 * the rest of the time as a connection.
 */
async function picturesSoon({ hub }: SrtContext, { path, principal, target }: Admission, ip: string): Promise<void> {
	const user = principal.name ?? "";
	const wanted = hub.wanted(path, { type: "srtConn", user, remoteAddress: ip, query: target.query });
	let cancel = (): void => undefined;
	const moment = new Promise<void>((resolve) => {
		cancel = hub.clock.after(MOMENT_MS, resolve);
	});
	try {
		await Promise.race([wanted, moment]);
	} finally {
		cancel();
	}
}

/** What a publisher sends is known only later: somebody who is there is told apart now, while there can be an answer. */
function checkPlace({ hub }: SrtContext, { path, settings, principal }: Admission, ip: string): void {
	const { identity } = principal;
	try {
		hub.demand.check(path, { type: "srtConn", id: "", remoteAddress: ip, identity });
	} catch (error) {
		throw declinedBy(error);
	}
	const old = hub.path(path)?.publication;
	if (!old || settings.overridePublisher || old.info.identity === identity) return;
	if (hub.clock.now() - old.stream.lastArrival >= settings.silentAfter) return;
	throw new Declined(rejection.conflict, `somebody else publishes to "${path}" from ${old.info.remoteAddress}`);
}

const codes: Readonly<Record<RefusalKind, number>> = {
	absent: rejection.notFound,
	forbidden: rejection.forbidden,
	full: rejection.overload,
	"in use": rejection.conflict,
	invalid: rejection.unacceptable,
	stopped: rejection.notFound,
	unwanted: rejection.locked,
};

/** The hub's no, in the protocol's words; anything else is thrown again. */
export function declinedBy(error: unknown): Declined {
	if (error instanceof Declined) return error;
	if (error instanceof Refused) return new Declined(codes[error.kind], error.message);
	throw error;
}
