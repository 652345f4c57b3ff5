import { pathNameFault } from "../media/path-name.ts";
import type { PathLogins } from "./mediamtx-access.ts";
import { type Draft, type Given, isGiven, Keys, own, plain } from "./mediamtx-draft.ts";
import { oldPathKeys, pathKeys } from "./mediamtx-keys.ts";
import { patternsOf, widerPatternOf } from "./mediamtx-pattern.ts";
import { suggest } from "./suggest.ts";

const everything = ["all", "all_others", "~^.*$", "~.*"];

/** Our key for a path of the file; undefined where it cannot be had. */
function keyOf(draft: Draft, name: string): string | undefined {
	if (everything.includes(name)) return "all_others";
	const isRegex = name.startsWith("~");
	const key = isRegex ? patternsOf(name.slice(1))?.[0] : name;
	const fault = key === undefined ? "cannot be said as a pattern here" : pathNameFault(key.replaceAll("*", "x"));
	if (fault === undefined) return key;
	draft.warn(`paths.${name.slice(0, 80)}`, `left out: its name ${fault}`);
	return undefined;
}

/** Old names replaced by the present ones. */
function renamed(given: Given): Given {
	return Object.fromEntries(Object.entries(given).map(([key, value]) => [own(oldPathKeys, key) ?? key, value]));
}

/** The name that the file itself uses. */
function writtenIn(given: Given, key: string): string {
	return Object.keys(given).find((one) => one === key || own(oldPathKeys, one) === key) ?? key;
}

const hooks = [
	"runOnInit",
	"runOnInitRestart",
	"runOnDemand",
	"runOnDemandRestart",
	"runOnUnDemand",
	"runOnAvailable",
	"runOnAvailableRestart",
	"runOnUnavailable",
	"runOnOnline",
	"runOnOnlineRestart",
	"runOnOffline",
	"runOnRead",
	"runOnReadRestart",
	"runOnUnread",
] as const;

const onDemandTimes = [
	["StartTimeout", "startTimeout"],
	["CloseAfter", "idleAfter"],
] as const;

/** Keys of which there is something better to say than that they have no meaning here. */
const reasons: Readonly<Record<string, string>> = {
	record: "there is no recording yet: nothing is recorded",
	alwaysAvailable: "there is no stand-in for a stream that is not there",
	fallback: "players are not sent to another path",
	rtspAnyPort: "packets are taken only from the ports that the camera named",
	useAbsoluteTimestamp: "the camera's clock is used where it sends sender reports",
};

/** Keys that say something only of a key that is left out. */
const belongings = /^(record|alwaysAvailable|rpiCamera)./;

function loginOf(keys: Keys, action: "publish" | "read") {
	return {
		user: keys.text(`${action}User`),
		password: keys.text(`${action}Pass`),
		ips: keys.list(`${action}IPs`),
	};
}

function loginsOf(keys: Keys, patterns: readonly string[]): PathLogins {
	return { patterns, publish: loginOf(keys, "publish"), read: loginOf(keys, "read") };
}

/** One path of the file under our key `to`. */
class PathTranslation {
	readonly #draft: Draft;
	readonly #keys: Keys;
	readonly #to: string;
	readonly #name: string;

	constructor(draft: Draft, keys: Keys, to: string, name: string) {
		this.#draft = draft;
		this.#keys = keys;
		this.#to = to;
		this.#name = name;
	}

	/** False where the path must be left out. */
	source(): boolean {
		const source = this.#keys.text("source", "publisher");
		if (source === "publisher" || source === "") return true;
		if (source.includes("$G") || this.#to.includes("*") || this.#to === "all_others") {
			return this.#leaveOut("a source is pulled for a single path only");
		}
		const address = source.replace(/^udp:\/\//, "udp+mpegts://");
		if (!this.#draft.knows(["paths", this.#to, "source"], address)) {
			return this.#leaveOut("this version cannot pull from such an address");
		}
		const fingerprint = this.#keys.text("sourceFingerprint", "");
		if (fingerprint !== "" && !/^(rtsps|rtmps):/.test(address)) {
			return this.#leaveOut("sourceFingerprint is for rtsps:// and rtmps:// here");
		}
		if (fingerprint !== "") this.#set("sourceFingerprint", fingerprint, "sourceFingerprint");
		this.#set("source", address, "source");
		if (address.startsWith("udp+") && this.#draft.knows(["paths", this.#to, "allow"])) {
			this.#set("allow", ["any"], "source");
			this.#draft.warn("source udp+", "anyone who reaches its UDP port may send to it: see allow", this.#name);
		}
		const transport = this.#keys.text("rtspTransport", "automatic");
		if (transport === "tcp" || transport === "udp") this.#set("transport", transport, "rtspTransport");
		else if (transport !== "automatic") this.#draft.warn("rtspTransport", "tcp is used instead", this.#name);
		return true;
	}

	/** MediaMTX has the times of its two ways on demand apart; a path has only one of them. */
	onDemand(): void {
		const keys = this.#keys;
		const isSource = keys.text("source", "publisher") !== "publisher" && keys.flag("sourceOnDemand", false);
		if (isSource) this.#set("sourceOnDemand", true, "sourceOnDemand");
		for (const way of ["sourceOnDemand", "runOnDemand"]) {
			const isUsed = way === "sourceOnDemand" ? isSource : !isSource;
			for (const [key, setting] of onDemandTimes) {
				const written = `${way}${key}`;
				const value = keys.text(written);
				if (!isUsed || value === "") continue;
				if (this.#draft.knows(["paths", this.#to, setting], value)) this.#set(setting, value, written);
				else this.#draft.warn(written, "no such time can be had here: the default is used", this.#name);
			}
		}
	}

	settings(): void {
		const keys = this.#keys;
		this.onDemand();
		const override = keys.has("disablePublisherOverride")
			? !keys.flag("disablePublisherOverride", false)
			: keys.flag("overridePublisher", true);
		this.#set("overridePublisher", override, "overridePublisher");
		const readers = Number(keys.text("maxReaders", "0"));
		if (readers > 0) this.#set("maxReaders", readers, "maxReaders");
		if (keys.has("rtpSDP")) this.#ifKnown("sdp", "rtpSDP");
		for (const key of ["srtPublishPassphrase", "srtReadPassphrase"]) if (keys.has(key)) this.#ifKnown(key, key);
		for (const hook of hooks) {
			if (keys.has(hook)) this.#set(hook, hook.endsWith("Restart") ? keys.flag(hook, false) : keys.text(hook), hook);
		}
	}

	/** Where streams are pushed on to. */
	forward(): void {
		const targets = this.#keys.raw("forward");
		if (!Array.isArray(targets)) return;
		const known = targets.flatMap((one: unknown) => {
			const given = isGiven(one) ? one : {};
			const target = {
				to: plain(given.dest),
				token: plain(given.whipBearerToken),
				fingerprint: plain(given.destFingerprint),
			};
			const isKnown = !/\$G\d/.test(target.to) && this.#draft.knows(["paths", this.#to, "forward"], [target]);
			if (!isKnown) this.#draft.warn("forward", "an address that this version cannot push to is left out", this.#name);
			return isKnown ? [target] : [];
		});
		this.#set("forward", known, "forward");
	}

	#ifKnown(setting: string, key: string): void {
		if (this.#draft.knows(["paths", this.#to, setting])) this.#set(setting, this.#keys.text(key), key);
	}

	#set(setting: string, value: unknown, key: string): void {
		this.#draft.set(["paths", this.#to, setting], value, this.#keys.at(key));
	}

	#leaveOut(why: string): false {
		this.#draft.warn("source", `left out: ${why}`, this.#name);
		return false;
	}
}

/** Names keys that nothing was made of, if they ask for something. */
function warnOfRest(draft: Draft, keys: Keys, given: Given, name: string): void {
	for (const [key, value] of Object.entries(given)) {
		if (keys.read.has(key)) continue;
		const preset = own(pathKeys, key);
		if (preset === undefined) {
			const likely = suggest(key, Object.keys(pathKeys));
			draft.warn(key, `no such key${likely === undefined ? "" : `; did you mean "${likely}"?`}`, name);
		} else if (plain(value) !== preset && !belongings.test(key)) {
			draft.warn(key, own(reasons, key) ?? "has no meaning here", name);
		}
	}
}

/**
 * Our patterns for the paths that go by the entry `key`, and by no other. `leftOut` are patterns for names that go by
 * entries which cannot be had: they must not fall to another entry, which may let in more people.
 */
function domain(key: string, all: readonly string[], leftOut: readonly string[]): readonly string[] {
	const exact = all.filter((one) => one !== "all_others" && !one.includes("*"));
	const patterns = all.filter((one) => one.includes("*"));
	if (exact.includes(key)) return [key];
	const before = key === "all_others" ? patterns : patterns.slice(0, patterns.indexOf(key));
	return [key === "all_others" ? "*" : key, ...[...exact, ...before, ...leftOut].map((one) => `!${one}`)];
}

interface Entry {
	/** As the file writes it. */
	readonly name: string;
	readonly given: Given;
}

/** Translates `paths` and `pathDefaults`; gives who may use which path by the older keys. */
export function translatePaths(draft: Draft, file: Given): readonly PathLogins[] {
	const defaults = isGiven(file.pathDefaults) ? file.pathDefaults : {};
	const paths = isGiven(file.paths) ? file.paths : {};
	draft.set(["paths"], {}, ["paths"]);
	const found = new Map<string, Entry>();
	const leftOut: { readonly pattern: string; readonly logins: PathLogins }[] = [];
	for (const [name, given] of Object.entries(paths)) {
		const key = keyOf(draft, name);
		const same = key === undefined ? undefined : found.get(key);
		if (key === undefined) {
			const merged = { ...renamed(defaults), ...(isGiven(given) && renamed(given)) };
			const logins = loginsOf(new Keys(draft, merged, () => ["paths", name]), []);
			leftOut.push({ pattern: name.startsWith("~") ? widerPatternOf(name.slice(1)) : name, logins });
		} else if (same) draft.fault(["paths", name], `one entry for these names, and there is "${same.name}"`, name);
		else found.set(key, { name, given: isGiven(given) ? given : {} });
	}
	const all = [...found.keys()];
	const apart = leftOut.map(({ pattern }) => pattern).filter((pattern) => /^[A-Za-z0-9_\-./*]+$/.test(pattern));
	const kept = all.map((key) => {
		const entry = found.get(key)!;
		const except = key.includes("*") ? (patternsOf(entry.name.slice(1))?.slice(1) ?? []) : [];
		return translatePath(draft, key, entry, defaults, [...domain(key, all, apart), ...except]);
	});
	return [...kept, ...leftOut.map(({ logins }) => logins)];
}

function translatePath(
	draft: Draft,
	to: string,
	{ name, given }: Entry,
	defaults: Given,
	patterns: readonly string[],
): PathLogins {
	const merged = { ...renamed(defaults), ...renamed(given) };
	const at = (key: string): readonly string[] => {
		const written = writtenIn(given, key);
		return Object.hasOwn(given, written) ? ["paths", name, written] : ["pathDefaults", writtenIn(defaults, key)];
	};
	const keys = new Keys(draft, merged, at);
	const path = new PathTranslation(draft, keys, to, name);
	const logins = loginsOf(keys, patterns);
	if (!path.source()) return logins;
	path.settings();
	path.forward();
	warnOfRest(draft, keys, merged, name);
	return logins;
}
