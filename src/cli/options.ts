import { parseYaml, readConfigFile } from "../config/load.ts";
import { readMediaMtx, type Translation } from "../config/mediamtx.ts";
import { fromArguments, fromEnvironment } from "../config/overrides.ts";
import { relaySchema } from "../config/relay-schema.ts";

/**
 * The relay's configuration from a file (or none), the environment, and `--set KEY=VALUE`, with warnings where the file
 * is MediaMTX's. Throws a `ConfigError`.
 */
export function readRelayConfig(file: string | undefined, settings: readonly string[]): Translation {
	const overrides = [...fromEnvironment(process.env, relaySchema), ...fromArguments(settings, relaySchema)];
	if (file === undefined) return { config: parseYaml("", "defaults", relaySchema, overrides), warnings: [] };
	const text = readConfigFile(file);
	return readMediaMtx(text, file, overrides) ?? { config: parseYaml(text, file, relaySchema, overrides), warnings: [] };
}

/** What went wrong, as one sentence for people. */
export function sentenceOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
