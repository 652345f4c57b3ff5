import type { Outcome, Principal } from "../../access/access.ts";
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

/** What a caller may do. */
export interface Admission {
	readonly target: Target;
	readonly path: PathName;
	readonly settings: PathSettings;
	readonly principal: Principal;
	readonly keys: Keys | undefined;
}

/** Finds out who calls and whether they may. Holds up nobody else. Rejects with `Declined`. */
export async function admit(context: SrtContext, handshake: Handshake, ip: string): Promise<Admission> {
	const text = handshake.streamId ?? "";
	const target = parseStreamId(text);
	if (!target) {
		throw new Declined(
			rejection.badRequest,
			`the stream id "${text.slice(0, 80)}" is not like publish:PATH or read:PATH`,
		);
	}
	const path = parsePathName(target.path);
	if (!path) {
		throw new Declined(rejection.badRequest, `the path "${target.path.slice(0, 80)}" ${pathNameFault(target.path)}`);
	}
	const settings = context.settings(path);
	if (!settings) throw new Declined(rejection.forbidden, `the configuration has no path that "${path}" fits`);
	const { srtPublishPassphrase, srtReadPassphrase } = settings;
	const keys = await unlock(handshake, target.action === "publish" ? srtPublishPassphrase : srtReadPassphrase);
	const outcome = await context.access.check(target.credentials, target.action, path, ip);
	const admission = { target, path, settings, principal: principalOf(outcome, target, path), keys };
	if (target.action === "publish") checkPlace(context, admission);
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

function principalOf(outcome: Outcome, { action }: Target, path: PathName): Principal {
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

/** What a publisher sends is known only later: somebody who is there is told apart now, while there can be an answer. */
function checkPlace({ hub }: SrtContext, { path, settings, principal }: Admission): void {
	const old = hub.path(path)?.publication;
	if (!old || settings.overridePublisher || old.info.identity === principal.identity) return;
	if (hub.clock.now() - old.stream.lastArrival >= settings.silentAfter) return;
	throw new Declined(rejection.conflict, `somebody else publishes to "${path}" from ${old.info.remoteAddress}`);
}

const codes: Readonly<Record<RefusalKind, number>> = {
	absent: rejection.notFound,
	forbidden: rejection.forbidden,
	full: rejection.overload,
	"in use": rejection.conflict,
	invalid: rejection.unacceptable,
};

/** The hub's no, in the protocol's words; anything else is thrown again. */
export function declinedBy(error: unknown): Declined {
	if (error instanceof Declined) return error;
	if (error instanceof Refused) return new Declined(codes[error.kind], error.message);
	throw error;
}
