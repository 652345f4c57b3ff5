import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";

/** A connection to a relay that takes frames; it is made by an `OpenPublisher`, and over when `closed` is. */
export interface Publisher {
	/** Sends a frame now. Never waits: what cannot leave at once counts as `pending`. */
	write(frame: Frame): void;
	/** Bytes that were written and have not left this process. */
	readonly pending: number;
	/** Says goodbye and ends the connection. */
	close(): void;
	/** The reason why the connection is over. Never rejects. */
	readonly closed: Promise<string>;
}

/** What a publisher is told when it is opened. */
export interface PublishOptions {
	/** How RTP leaves: of RTSP. */
	readonly transport: "tcp" | "udp";
	/** Of the server's certificate, where the address asks for TLS; empty or left out: one that this machine trusts. */
	readonly fingerprint?: string;
	/** Asked before RTSP's server is sent the password in the open; left out: it is sent. */
	readonly mayShowPassword?: () => boolean;
	/** Ends the attempt, and the connection once it stands. */
	readonly signal: AbortSignal;
	/** The relay or a viewer asks for a key frame. */
	onKeyFrameRequest(): void;
}

/** Connects and announces the tracks. Rejects with the reason where that fails: a `ServerRefusal` where the server says no. */
export type OpenPublisher = (url: string, tracks: readonly Track[], options: PublishOptions) => Promise<Publisher>;
