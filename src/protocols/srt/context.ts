import type { Access } from "../../access/access.ts";
import type { PathSettings } from "../../config/path-schema.ts";
import type { Hub } from "../../hub/hub.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { Log } from "../../observe/log.ts";
import type { RepeatLog } from "../../observe/repeat-log.ts";

/** What every SRT connection of a server shares. */
export interface SrtContext {
	readonly hub: Hub;
	readonly access: Access;
	readonly log: Log;
	/** Told of who is refused and why: many tools call again at once, a hundred times a second. */
	readonly refused: RepeatLog;
	/** The settings of a path; undefined where it may not be used. */
	readonly settings: (path: PathName) => PathSettings | undefined;
	/** Told of each connection; the returned function is called when it has gone. */
	readonly connected: (type: "srtConn", id: string) => () => void;
	/** The path that all callers are for: of a port of a path's own. */
	readonly path?: PathName | undefined;
	/** How long packets are held back, where the other side does not want it longer. */
	readonly latency: Millis;
}
