import type { RelayConfig } from "../../config/relay-schema.ts";
import { type PathName, parsePathName } from "../../media/path-name.ts";
import { HttpRefusal } from "./refusal.ts";

type Streams = RelayConfig["streams"];

/** A camera as `/streams/ID` knows it. */
export interface NamedCamera {
	readonly id: string;
	readonly path: PathName;
}

/** The camera of an id: one that the configuration declares, or else a path's name. Throws 404 where it is neither. */
export function cameraOf(streams: Streams, id: string): NamedCamera {
	const declared = Object.hasOwn(streams, id) ? streams[id] : undefined;
	const path = parsePathName(declared?.path ?? id);
	if (!path) throw new HttpRefusal(404, `there is no camera "${id.slice(0, 200)}"`);
	return { id, path };
}

/** What who says start or stop is told of a camera that runs always. */
export function alwaysOn(id: string, details: object = {}): HttpRefusal {
	return new HttpRefusal(409, `camera ${id} is always on: its onDemand is false`, {}, details);
}

/** The id of a path: the declared one, or the path's name. */
export function idOf(streams: Streams, path: PathName): string {
	return Object.entries(streams).find(([, stream]) => stream.path === path)?.[0] ?? path;
}
