import type { Access } from "../../access/access.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Millis } from "../../media/time.ts";
import type { Log } from "../../observe/log.ts";

/** What every RTMP connection of a server shares. */
export interface RtmpContext {
	readonly hub: Hub;
	readonly access: Access;
	readonly log: Log;
	/** A connection must publish or play within this time, and a publisher must not be silent for so long. */
	readonly requestTimeout: Millis;
	/** Told of each connection; the returned function is called when it has gone. */
	readonly connected?: ((type: "rtmpConn" | "rtmpsConn", id: string) => () => void) | undefined;
	/** Largest message, in bytes. */
	readonly maxMessage: number;
}
