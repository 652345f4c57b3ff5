import { loadYaml, parseYaml } from "../config/load.ts";
import { fromArguments, fromEnvironment } from "../config/overrides.ts";
import { type RelayConfig, relaySchema } from "../config/relay-schema.ts";

/** The relay's configuration from a file (or none), the environment, and `--set KEY=VALUE`. Throws a `ConfigError`. */
export function readRelayConfig(file: string | undefined, settings: readonly string[]): RelayConfig {
	const overrides = [...fromEnvironment(process.env, relaySchema), ...fromArguments(settings, relaySchema)];
	return file === undefined
		? parseYaml("", "defaults", relaySchema, overrides)
		: loadYaml(file, relaySchema, overrides);
}

/** What went wrong, as one sentence for people. */
export function sentenceOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
