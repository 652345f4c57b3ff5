import type { Address } from "../../config/address.ts";
import type { Fans } from "../../hub/fans.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Millis } from "../../media/time.ts";
import type { SenderStream } from "../../net/sender/stream.ts";
import type { Log } from "../../observe/log.ts";

/** What every WebRTC session of a server shares. */
export interface WebRtcContext {
	readonly hub: Hub;
	/** The sender's fan-outs, shared with the other protocols. */
	readonly fans: Fans<SenderStream>;
	readonly log: Log;
	/** Where the certificate is kept; undefined: in memory only. */
	readonly certificateFile: string | undefined;
}

/** What the port and its sessions are like. */
export interface WebRtcSettings {
	readonly address: readonly Address[];
	readonly tcp: boolean;
	readonly publicHosts: readonly string[];
	readonly handshakeTimeout: Millis;
	readonly maxSessions: number;
}
