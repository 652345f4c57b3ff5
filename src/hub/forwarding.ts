import type { PathName } from "../media/path-name.ts";
import type { Millis } from "../media/time.ts";
import type { Hub } from "./hub.ts";
import type { Reader, ReaderInfo } from "./reader.ts";
import { Refused } from "./refused.ts";
import type { Stream } from "./stream.ts";

/** A path that is to be pushed on to another server. */
export interface Forwarding {
	/** May hold credentials. */
	readonly url: string;
	/** A bearer token, for protocols that have such; empty for none. */
	readonly token: string;
	/** Of the one certificate that is taken, for protocols over TLS; empty for one that this machine trusts. */
	readonly fingerprint: string;
	readonly info: ReaderInfo;
	/** Ends the attempt, and the connection once it stands. */
	readonly signal: AbortSignal;
	/** The stream flows. `leftOut` names the tracks that the protocol does not carry. */
	onLive(reader: Reader, leftOut: readonly string[]): void;
}

/** A connection to a server that takes a stream. */
export interface Taker {
	/** The reason why the connection is over. Never rejects. */
	readonly closed: Promise<string>;
	/** Says goodbye and ends the connection. */
	close(reason: string): void;
	/** Begins to send what the reader has. */
	start(reader: Reader): void;
	/** There is something to send. */
	pump(now: Millis): void;
}

/** How a protocol takes a stream. */
export interface ForwardWay {
	/** The protocol's name, for people. */
	readonly protocol: string;
	readonly lane: "packets" | "frames";
	/** Indices of the tracks that it carries. */
	tracks(stream: Stream): readonly number[];
	/** Connects, and announces these tracks. Rejects with the server's reason. */
	open(forwarding: Forwarding, stream: Stream, tracks: readonly number[]): Promise<Taker>;
}

/**
 * Pushes a path's stream on until it ends, the server goes or the signal aborts: resolves with the reason for the end,
 * rejects where it cannot begin.
 */
export async function forward(hub: Hub, path: PathName, forwarding: Forwarding, way: ForwardWay): Promise<string> {
	const stream = hub.find(path);
	const tracks = way.tracks(stream);
	const covered = new Set([...tracks, ...tracks.map((track) => stream.madeOf(track))]);
	const leftOut = stream.tracks.filter((_, index) => !covered.has(index)).map(({ encoding }) => encoding);
	if (tracks.length === 0) throw new Refused("invalid", `${way.protocol} does not carry ${leftOut.join(", ")}`);
	const taker = await way.open(forwarding, stream, tracks);
	let reader: Reader | undefined;
	try {
		const pump = (_: Reader, now: Millis): void => taker.pump(now);
		const onEnd = (reason: string): void => taker.close(reason);
		const lane = way.lane === "frames" ? { onFrame: pump } : { onPackets: pump };
		reader = hub.read(path, tracks, forwarding.info, { onEnd, ...lane });
		if (reader.stream !== stream) throw new Refused("absent", "the stream has changed meanwhile");
		taker.start(reader);
		forwarding.onLive(reader, leftOut);
		const reason = await taker.closed;
		reader.leave(reason);
		return reason;
	} catch (error) {
		reader?.leave("it could not begin");
		taker.close("it could not begin");
		throw error;
	}
}
