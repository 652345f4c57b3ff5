import type { Source } from "./load.ts";
import { type Given, isGiven } from "./mediamtx-draft.ts";
import { globalKeys, oldGlobalKeys, oldPathKeys, pathKeys } from "./mediamtx-keys.ts";

/*
 * MediaMTX's environment: MTX_RTSPADDRESS is `rtspAddress`, MTX_PATHS_CAM_SOURCE is `paths.cam.source`,
 * MTX_AUTHINTERNALUSERS_0_USER is the first user's `user`. Pure.
 */

const PREFIX = "MTX_";
/** What MediaMTX and hooks set for the programs that they run, and no setting. */
const NOT_SETTINGS =
	/^MTX_(CONFKEY|PATH|QUERY|READER_(TYPE|ID)|SOURCE_(TYPE|ID)|CONN_(TYPE|ID)|SEGMENT_(PATH|DURATION))$/;
const MAX_ITEMS = 1000;

/** Names inside of lists, which are not in the tables of keys. */
const fields = [
	...["user", "pass", "ips", "permissions", "action", "path"],
	...["dest", "destFingerprint", "whipBearerToken", "url", "username", "password", "clientOnly"],
];

function byUpper(names: readonly string[]): ReadonlyMap<string, string> {
	return new Map(names.map((name) => [name.toUpperCase(), name]));
}

const globals = byUpper([...Object.keys(globalKeys), ...Object.keys(oldGlobalKeys)]);
const pathSettings = byUpper([...Object.keys(pathKeys), ...Object.keys(oldPathKeys)]);
const inner = byUpper(fields);

/** A key, and what is left of the variable's name behind it. */
type Found = readonly [key: string, rest: string];

/** The longest known name that `text` begins with, up to its end or an underscore. */
function longest(names: ReadonlyMap<string, string>, text: string): Found | undefined {
	const fitting = [...names.keys()].filter((upper) => text === upper || text.startsWith(`${upper}_`));
	const upper = fitting.sort((a, b) => b.length - a.length)[0];
	return upper === undefined ? undefined : [names.get(upper)!, text.slice(upper.length + 1)];
}

/** `0_USER` is `["0", "user"]`; undefined for what is no place in a list. */
function placeIn(rest: string): string[] | undefined {
	const at: string[] = [];
	for (let left = rest; left !== ""; ) {
		const [, index, more = ""] = /^(\d{1,3})(?:_(.*))?$/.exec(left) ?? [];
		if (index !== undefined) {
			at.push(index);
			left = more;
			continue;
		}
		const found = longest(inner, left);
		if (!found) return undefined;
		at.push(found[0]);
		left = found[1];
	}
	return at;
}

/** The name of the path that `text` begins with: one that the file has, else the part before the underscore. */
function pathIn(paths: Given, text: string): Found | undefined {
	const known = longest(byUpper([...Object.keys(paths), "all_others"]), text);
	if (known) return known;
	const at = text.indexOf("_");
	return at < 1 ? undefined : [text.slice(0, at).toLowerCase(), text.slice(at + 1)];
}

/** Where in the file the variable's value would stand; undefined where it is none of MediaMTX's. */
function placeOf(data: Given, name: string): readonly string[] | undefined {
	const text = name.slice(PREFIX.length);
	const [group, rest] = longest(byUpper(["paths", "pathDefaults"]), text) ?? [undefined, text];
	const path = group === "paths" ? pathIn(isGiven(data.paths) ? data.paths : {}, rest) : undefined;
	if (group === "paths" && !path) return undefined;
	const [key, behind] = longest(group ? pathSettings : globals, path ? path[1] : rest) ?? [];
	const place = key === undefined ? undefined : placeIn(behind ?? "");
	if (key === undefined || !place) return undefined;
	return [...(group ? [group] : []), ...(path ? [path[0]] : []), key, ...place];
}

/** A copy of `value` with `text` at the end of the keys; what is on the way is made. */
function put(value: unknown, [key, ...rest]: readonly string[], text: string): unknown {
	if (key === undefined) return text;
	if (/^\d+$/.test(key)) {
		const list = Array.isArray(value) ? [...(value as unknown[])] : [];
		const at = Math.min(Number(key), list.length, MAX_ITEMS);
		list[at] = put(list[at], rest, text);
		return list;
	}
	const given = isGiven(value) ? value : {};
	return { ...given, [key]: put(given[key], rest, text) };
}

/** The file with the variables over it, and the names of those that are none of MediaMTX's. */
export function withEnvironment(
	source: Source,
	environment: NodeJS.ProcessEnv,
): { readonly source: Source; readonly unknown: readonly string[] } {
	const origins = new Map<string, string>();
	const unknown: string[] = [];
	let data = source.data as Given;
	// In order, so that lists grow from their beginning.
	for (const [name, value] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
		if (!name.startsWith(PREFIX) || value === undefined || NOT_SETTINGS.test(name)) continue;
		const at = placeOf(data, name);
		if (!at) {
			unknown.push(name);
			continue;
		}
		data = put(data, at, value) as Given;
		origins.set(at.join("\n"), name);
	}
	const place: Source["place"] = (path, onKey) => {
		for (let length = path.length; length > 0; length--) {
			const origin = origins.get(path.slice(0, length).map(String).join("\n"));
			if (origin) return [-1, origin];
		}
		return source.place(path, onKey);
	};
	return { source: { data, place }, unknown };
}
