import { pathSettings } from "./path-schema.ts";
import type { RelayConfig } from "./relay-schema.ts";

/**
 * The configuration with the sources that `streams` names under `paths`. Throws where one is no source, or says another
 * than the path itself.
 */
export function withStreamSources(config: RelayConfig): RelayConfig {
	const paths = { ...config.paths };
	for (const [id, { path, source }] of Object.entries(config.streams)) {
		if (source === undefined) continue;
		const told = paths[path]?.source;
		if (told !== undefined && told !== "publisher" && told !== source) {
			throw new Error(`streams.${id}.source is ${source}, and paths.${path}.source is ${told}: say one of them`);
		}
		const parsed = pathSettings.safeParse({ ...(paths[path] ?? {}), source });
		if (parsed.success) paths[path] = told === undefined ? parsed.data : { ...paths[path]!, source };
		else throw new Error(`streams.${id}.source: ${parsed.error.issues[0]?.message}`);
	}
	return { ...config, paths };
}
