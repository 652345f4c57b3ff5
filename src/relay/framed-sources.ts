import { settingsOf } from "../config/path-settings.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import type { Hub } from "../hub/hub.ts";
import type { PathName } from "../media/path-name.ts";
import type { Log } from "../observe/log.ts";
import type { Pull } from "./sources.ts";

/** How a protocol pulls whose streams may have parts that cannot be passed on. */
type FramedPull = (
	hub: Hub,
	path: PathName,
	options: {
		readonly url: string;
		readonly maxFrameBytes: number;
		readonly onLeftOut: (names: readonly string[]) => void;
	},
	signal: AbortSignal,
	onLive: () => void,
) => Promise<string>;

interface House {
	readonly config: RelayConfig;
	readonly hub: Hub;
	readonly log: Log;
}

/** Pulls frames, with the limits of the path; what is left out is told in the log. */
export function framedSource(pull: FramedPull, { config: { paths }, hub, log }: House): Pull {
	return (path, url, _transport, signal, onLive) => {
		const own = log.child({ room: "sources", path });
		const maxFrameBytes = settingsOf(paths, path)?.settings.maxFrameSize ?? 0;
		const onLeftOut = (names: readonly string[]): void => {
			own.warn({ names }, "streams are left out: they cannot be passed on");
		};
		return pull(hub, path, { url, maxFrameBytes, onLeftOut }, signal, onLive);
	};
}
