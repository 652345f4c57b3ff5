import type { Access } from "../../access/access.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Millis } from "../../media/time.ts";
import type { Log } from "../../observe/log.ts";

/** What every RTSP connection of a server shares. */
export interface RtspContext {
	readonly hub: Hub;
	readonly access: Access;
	readonly log: Log;
	/** A session without any sign of life ends after this time. */
	readonly sessionTimeout: Millis;
	/** A connection without a session must send a request within this time. */
	readonly requestTimeout: Millis;
}
