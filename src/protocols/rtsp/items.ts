import type { PathName } from "../../media/path-name.ts";
import { shownQuery } from "../../observe/secrets.ts";

/** A connection or a session for the API, in MediaMTX's shape. */
export interface Item {
	readonly id: string;
	readonly [field: string]: unknown;
}

/** What a connection tells of itself. */
export interface ConnectionState {
	/** Public: it gives nobody a right. */
	readonly id: string;
	/** Unix milliseconds. */
	readonly created: number;
	readonly remoteAddress: string;
	readonly bytesRead: number;
	readonly bytesWritten: number;
	readonly userAgent: string;
	/** Undefined where nothing is announced or set up. */
	readonly session: SessionDetails | undefined;
}

/** What a session tells of itself. */
export interface SessionDetails {
	readonly id: string;
	/** Unix milliseconds. */
	readonly created: number;
	readonly state: "idle" | "read" | "publish";
	readonly path: PathName;
	readonly query: string;
	readonly user: string;
	/** Undefined before the first SETUP. */
	readonly transport: "tcp" | "udp" | undefined;
	readonly traffic: Traffic;
}

/** What came in and went out in a session. */
export interface Traffic {
	readonly inboundBytes: number;
	readonly inboundRTPPackets: number;
	readonly inboundRTPPacketsLost: number;
	readonly inboundRTPPacketsInError: number;
	readonly outboundBytes: number;
	readonly outboundRTPPackets: number;
	readonly outboundRTPPacketsDiscarded: number;
}

export const noTraffic: Traffic = {
	inboundBytes: 0,
	inboundRTPPackets: 0,
	inboundRTPPacketsLost: 0,
	inboundRTPPacketsInError: 0,
	outboundBytes: 0,
	outboundRTPPackets: 0,
	outboundRTPPacketsDiscarded: 0,
};

function time(unixMs: number): string {
	return new Date(unixMs).toISOString();
}

/** One of `rtspconns`. */
export function connectionItem(state: ConnectionState): Item {
	const { id, created, remoteAddress, bytesRead, bytesWritten, userAgent, session } = state;
	return {
		id,
		created: time(created),
		remoteAddr: remoteAddress,
		session: session?.id ?? null,
		tunnel: "none",
		userAgent,
		inboundBytes: bytesRead,
		outboundBytes: bytesWritten,
		bytesReceived: bytesRead,
		bytesSent: bytesWritten,
	};
}

/** One of `rtspsessions`; undefined where the connection has none. */
export function sessionItem(connection: ConnectionState): Item | undefined {
	const { session } = connection;
	if (!session) return undefined;
	const { id, created, state, path, query, user, transport, traffic } = session;
	return {
		id,
		created: time(created),
		remoteAddr: connection.remoteAddress,
		state,
		path,
		query: shownQuery(query),
		user,
		userAgent: connection.userAgent,
		transport: transport === undefined ? null : transport.toUpperCase(),
		profile: transport === undefined ? null : "AVP",
		conns: [connection.id],
		...traffic,
		bytesReceived: traffic.inboundBytes,
		bytesSent: traffic.outboundBytes,
	};
}
