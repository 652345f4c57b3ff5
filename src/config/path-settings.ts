import type { PathName } from "../media/path-name.ts";
import type { PathSettings } from "./path-schema.ts";

/** The settings of a path, and the key in the file that they come from. */
export interface FoundSettings {
	readonly key: string;
	readonly settings: PathSettings;
}

function fits(pattern: string, name: string): boolean {
	const parts = pattern.split("*").map((part) => part.replaceAll(/[.\-/]/g, "\\$&"));
	return new RegExp(`^${parts.join(".*")}$`).test(name);
}

/**
 * The settings for `name`: those under its own name, else the first pattern that fits in the order of the file, else
 * `all_others`, else undefined: then the path may not be used.
 */
export function settingsOf(paths: Readonly<Record<string, PathSettings>>, name: PathName): FoundSettings | undefined {
	const keys = Object.keys(paths);
	const key =
		keys.find((one) => one === name) ??
		keys.find((one) => one.includes("*") && fits(one, name)) ??
		keys.find((one) => one === "all_others");
	return key === undefined ? undefined : { key, settings: paths[key]! };
}
