import { parse } from "yaml";
import type { z } from "zod";
import { ConfigError, type Override } from "./load.ts";
import { fieldsOf, isRecord, schemaAt } from "./schema-tree.ts";
import { suggest } from "./suggest.ts";

/** Text stands for itself where the schema takes it so, otherwise it is read as YAML: numbers, true, lists. */
function interpret(text: string, schema: z.core.$ZodType | undefined, origin: string): unknown {
	if (schema && (schema as z.ZodType).safeParse(text).success) return text;
	try {
		const value: unknown = parse(text);
		return schema && (schema as z.ZodType).safeParse(value).success ? value : (value ?? text);
	} catch {
		throw new ConfigError([`${origin}: neither text that fits nor YAML: ${text.slice(0, 80)}`]);
	}
}

/** `paths.robot1/front.behind`: a record's key may hold dots, so the last part alone is the setting. */
function splitKey(key: string, schema: z.core.$ZodType): string[] {
	const parts = key.split(".");
	const first = schemaAt(schema, parts.slice(0, 1));
	if (first === undefined || !isRecord(first) || parts.length < 3) return parts;
	return [parts[0]!, parts.slice(1, -1).join("."), parts.at(-1)!];
}

/** The overrides of `--set KEY=VALUE` arguments. Throws a `ConfigError` where one has no `=`. */
export function fromArguments(settings: readonly string[], schema: z.core.$ZodType): Override[] {
	return settings.map((setting) => {
		const at = setting.indexOf("=");
		if (at < 1) throw new ConfigError([`--set ${setting}: expected KEY=VALUE, like http.address=:8081`]);
		const origin = `--set ${setting.slice(0, at)}`;
		const path = splitKey(setting.slice(0, at), schema);
		return { path, origin, value: interpret(setting.slice(at + 1), schemaAt(schema, path), origin) };
	});
}

const PREFIX = "VEDETTE_";

function variableOf(path: readonly string[]): string {
	return PREFIX + path.map((key) => key.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase()).join("_");
}

/** Every setting with a fixed key, by the name of its environment variable. */
function variables(schema: z.core.$ZodType, path: readonly string[] = []): Map<string, readonly string[]> {
	const found = new Map<string, readonly string[]>();
	for (const [key, field] of Object.entries(fieldsOf(schema) ?? {})) {
		const here = [...path, key];
		const inner = variables(field, here);
		if (inner.size === 0) found.set(variableOf(here), here);
		for (const [name, at] of inner) found.set(name, at);
	}
	return found;
}

/**
 * The overrides of environment variables: `VEDETTE_RTSP_RTP_ADDRESS` is `rtsp.rtpAddress`. A variable that begins like
 * a setting but is none is an error; other variables, `VEDETTE_…` too, are left alone.
 */
export function fromEnvironment(environment: NodeJS.ProcessEnv, schema: z.core.$ZodType): Override[] {
	const known = variables(schema);
	const groups = Object.keys(fieldsOf(schema) ?? {}).map((key) => `${variableOf([key])}_`);
	const overrides: Override[] = [];
	for (const [name, value] of Object.entries(environment)) {
		if (!name.startsWith(PREFIX) || value === undefined) continue;
		const path = known.get(name);
		if (path) overrides.push({ path, origin: name, value: interpret(value, schemaAt(schema, path), name) });
		else if (groups.some((group) => name.startsWith(group))) {
			const likely = suggest(name, [...known.keys()]);
			throw new ConfigError([`${name}: no such setting${likely ? `; did you mean ${likely}?` : ""}`]);
		}
	}
	return overrides;
}
