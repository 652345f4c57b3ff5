import type { Access } from "../../access/access.ts";
import type { Fans } from "../../hub/fans.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Millis } from "../../media/time.ts";
import type { SenderStream } from "../../net/sender/stream.ts";
import type { Log } from "../../observe/log.ts";
import type { RepeatLog } from "../../observe/repeat-log.ts";
import type { UdpPorts } from "./udp-ports.ts";

/** What every RTSP connection of a server shares. */
export interface RtspContext {
	readonly hub: Hub;
	readonly access: Access;
	readonly log: Log;
	/** Told of what is declined and why: few clients show the sentence that they are answered. */
	readonly refused: RepeatLog;
	/** How clients come. */
	readonly scheme: "rtsp" | "rtsps";
	/** The fan-outs of streams that are read over UDP; without them UDP is for publishers only. */
	readonly fans?: Fans<SenderStream> | undefined;
	/** The server's UDP ports; undefined where it has none. */
	readonly udp: UdpPorts | undefined;
	/** Told of each client with its public name; the returned function is called when it has gone. */
	readonly connected?: ((type: "rtspConn" | "rtspsConn", id: string) => () => void) | undefined;
	/** A session without any sign of life ends after this time. */
	readonly sessionTimeout: Millis;
	/** A connection without a session must send a request within this time. */
	readonly requestTimeout: Millis;
}
