import { type Override, parseYaml, readConfigFile } from "../config/load.ts";
import { readMediaMtx, type Translation } from "../config/mediamtx.ts";
import { fromArguments, fromEnvironment } from "../config/overrides.ts";
import { relaySchema } from "../config/relay-schema.ts";
import { fromServiceEnvironment, serviceWarnings } from "../config/service-environment.ts";
import { createLog, type Log, type LogSettings } from "../observe/log.ts";

/**
 * The relay's configuration from a file (or none), the environment, and `--set KEY=VALUE`, with warnings where the file
 * is MediaMTX's. Throws a `ConfigError`.
 */
export function readRelayConfig(file: string | undefined, settings: readonly string[]): Translation {
	const own = [...fromEnvironment(process.env, relaySchema), ...fromArguments(settings, relaySchema)];
	const overrides = [...fromServiceEnvironment(process.env), ...own];
	const { config, warnings } = readFile(file, overrides);
	return { config, warnings: [...warnings, ...serviceWarnings(process.env)] };
}

function readFile(file: string | undefined, overrides: readonly Override[]): Translation {
	const ours = (text: string, name: string): Translation => {
		return { config: parseYaml(text, name, relaySchema, overrides), warnings: [] };
	};
	if (file === undefined) return ours("", "defaults");
	const text = readConfigFile(file);
	return readMediaMtx(text, file, overrides, process.env) ?? ours(text, file);
}

/** What went wrong, as one sentence for people. */
export function sentenceOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/** The log as it is configured; undefined where its file cannot be written: `command` has told so then. */
export function openLog(settings: LogSettings, command: "relay" | "robot"): Log | undefined {
	try {
		return createLog(settings);
	} catch (error) {
		process.stderr.write(`vedette ${command}: log.file: ${sentenceOf(error)}\n`);
		return undefined;
	}
}
