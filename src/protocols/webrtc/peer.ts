import { formatAddress } from "../../config/address.ts";
import type { PathName } from "../../media/path-name.ts";
import { shownQuery } from "../../observe/secrets.ts";
import type { LocalTransport } from "./answer.ts";
import type { Egress } from "./egress.ts";
import type { Credentials } from "./ice.ts";
import type { Ingest } from "./ingest.ts";
import type { Plan } from "./negotiate.ts";
import type { Session } from "./session.ts";

/** A viewer or a publisher with everything that belongs to it. */
export interface Peer {
	/** Its public name. */
	readonly id: string;
	/** Who knows it may change and end the session. */
	readonly secret: string;
	readonly direction: "publish" | "read";
	readonly path: PathName;
	readonly plan: Plan;
	readonly session: Session;
	readonly role: { readonly egress: Egress } | { readonly ingest: Ingest };
	/** The user's name; empty for nobody in particular. */
	readonly user: string;
	readonly userAgent: string;
	readonly query: string;
	readonly onThisMachine: boolean;
	/** Unix milliseconds. */
	readonly created: number;
	/** All user names that it ever had in ICE. */
	readonly users: Set<string>;
	/** Our credentials of the present ICE session, and the other side's. */
	local: Credentials;
	remote: Credentials;
	localTransport: LocalTransport;
}

/** A session for the API: MediaMTX's fields, and what it does not tell. */
export interface PeerItem {
	readonly id: string;
	readonly [field: string]: unknown;
}

function traffic(peer: Peer): Readonly<Record<string, unknown>> {
	if ("egress" in peer.role) {
		const { reader, report, nacks, keyRequests } = peer.role.egress;
		return {
			outboundBytes: reader?.counters.bytes ?? 0,
			outboundRTPPackets: reader?.counters.packets ?? 0,
			outboundFramesDiscarded: reader?.counters.cuts ?? 0,
			outboundRTPPacketsReportedLost: nacks,
			keyFrameRequests: keyRequests,
			roundTripMs: report?.roundTripMs ?? null,
			loss: report?.loss ?? null,
			jitterMs: report?.jitterMs ?? null,
			firstFrameMs: reader && reader.firstFrameMs >= 0 ? reader.firstFrameMs : null,
		};
	}
	const { ingest } = peer.role;
	const intakes = ingest.publication.stream.intakes;
	return {
		inboundBytes: intakes.reduce((sum, one) => sum + one.counters.bytes, 0),
		inboundRTPPackets: intakes.reduce((sum, one) => sum + one.counters.packets, 0),
		inboundRTPPacketsLost: ingest.statistics.lost,
		inboundRTPPacketsAsked: ingest.statistics.asked,
		inboundRTPPacketsJitter: ingest.statistics.jitterMs,
	};
}

/** One session for the API. */
export function describePeer(peer: Peer): PeerItem {
	const { route, state } = peer.session;
	const transport = route?.key.slice(0, 3);
	return {
		id: peer.id,
		created: new Date(peer.created).toISOString(),
		remoteAddr: route ? formatAddress({ host: route.address, port: route.port }) : "",
		peerConnectionEstablished: state === "live",
		localCandidate: route ? `host/${transport}/${route.local.address}/${route.local.port}` : "",
		remoteCandidate: route ? `prflx/${transport}/${route.address}/${route.port}` : "",
		state: peer.direction,
		path: peer.path,
		query: shownQuery(peer.query),
		user: peer.user,
		userAgent: peer.userAgent,
		rejectedDatagrams: peer.session.rejected,
		...traffic(peer),
	};
}
