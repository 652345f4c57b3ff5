import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Access, Principal } from "../../access/access.ts";
import type { RelayConfig } from "../../config/relay-schema.ts";
import type { Wanter } from "../../hub/demand/wants.ts";
import type { Hub } from "../../hub/hub.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Log } from "../../observe/log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { Ledger } from "../ledger.ts";
import type { Polling } from "../polling.ts";
import type { Robots } from "../robots/robots.ts";
import type { Thumbnails } from "../thumbnails.ts";
import type { Client } from "./client.ts";

/** A WHIP or WHEP offer from somebody who was let in. */
export interface WebRtcOffer extends Client {
	readonly direction: "publish" | "read";
	readonly path: PathName;
	readonly sdp: string;
	readonly principal: Principal;
	/** Aborts when who offers has gone before the answer. */
	readonly gone: AbortSignal;
	/** Told when the session is over, with the reason. */
	readonly onEnd?: (reason: string) => void;
}

interface WebRtcAnswer {
	/** Unguessable: who knows it may change and end the session. */
	readonly id: string;
	readonly sdp: string;
	/** Names the present ICE session; without quotes. */
	readonly etag: string;
	/** Tracks that this client cannot take. */
	readonly leftOut: readonly { readonly track: number; readonly codec: string; readonly reason: string }[];
}

/** Which session a PATCH or DELETE is for. */
export interface WebRtcSessionName {
	readonly direction: "publish" | "read";
	readonly path: PathName;
	readonly id: string;
}

/**
 * The way into the WebRTC room. Its methods reject with an error whose `status` is an HTTP status from 400 to 599 and
 * whose message is a sentence for people, or with the hub's `Refused`.
 */
export interface WebRtcDoor {
	offer(offer: WebRtcOffer): Promise<WebRtcAnswer>;
	/**
	 * A trickle or ICE restart fragment (RFC 9725 section 4.3). `ifMatch` is without quotes; `*` or undefined as sent.
	 * The answer's `fragment` is undefined where candidates were only taken.
	 */
	patch(
		session: WebRtcSessionName,
		fragment: string,
		ifMatch: string | undefined,
	): Promise<{ readonly etag: string; readonly fragment: string | undefined }>;
	/** Ends a session; false where there is none. */
	end(session: WebRtcSessionName): boolean;
}

/** A viewer that was let in and asks for WebSocket; nothing has been answered on its connection. */
interface LiveViewer {
	readonly request: IncomingMessage;
	readonly socket: Socket;
	/** What came behind the request. */
	readonly head: Buffer;
	/** Empty for nobody in particular. */
	readonly user: string;
	readonly remoteAddress: string;
	/** What stands after `?`. */
	readonly query: string;
}

/** The way into the room that sends frames over WebSocket. */
export interface LiveDoor {
	/** What takes a viewer's connection over, by its query too. Throws the hub's `Refused` where nothing is to watch. */
	prepare(path: PathName, query: string): (viewer: LiveViewer) => void;
}

/** What a file of HLS is answered with. */
interface HlsAnswer {
	readonly status: number;
	readonly type: string;
	readonly body: Buffer | string;
	/** Seconds that it may be kept; 0 for what changes. */
	readonly maxAge: number;
}

/** Who asks for a file of HLS. */
interface HlsClient {
	/** Empty for nobody in particular. */
	readonly user: string;
	readonly remoteAddress: string;
	readonly userAgent: string;
}

/** The way into the room that makes HLS. */
export interface HlsDoor {
	/** A file of a path, when it is there. Rejects with the hub's `Refused` where there is nothing to watch. */
	answer(path: PathName, name: string, query: string, client: HlsClient): Promise<HlsAnswer>;
	/** What is made at the moment, in MediaMTX's shape. */
	muxers(): readonly { readonly path: string; readonly [field: string]: unknown }[];
}

/** The way to the robots. */
export interface MqttDoor {
	/** Takes over a connection that speaks MQTT; undefined where the broker is not the relay's own. */
	readonly upgrade:
		| ((connection: {
				readonly request: IncomingMessage;
				readonly socket: Socket;
				readonly head: Buffer;
				readonly ip: string;
		  }) => void)
		| undefined;
	/** The path that `say` is about; undefined where nothing tells. */
	readonly saysTo: PathName | undefined;
	/** Says a word on the topic of robots that know nothing else. Rejects where the broker is away. */
	say(word: "start" | "stop", by: Wanter): Promise<void>;
}

/** Where paths are pushed on to, in MediaMTX's shape. */
export interface ForwardSource {
	list(path?: string): readonly { readonly id: string; readonly [field: string]: unknown }[];
}

/** Sessions or connections of one protocol, in MediaMTX's shape. */
export interface SessionSource {
	list(): readonly { readonly id: string; readonly [field: string]: unknown }[];
	/** Ends one; false where there is none. Left out where that cannot be done. */
	kick?(id: string): boolean;
}

/** Everything that the routes work with. */
export interface HttpRoom {
	readonly config: Pick<RelayConfig, "http" | "webrtc" | "signaling" | "streams" | "paths">;
	readonly hub: Hub;
	readonly access: Access;
	readonly ledger: Ledger;
	readonly thumbnails: Thumbnails;
	readonly metrics: Metrics;
	readonly log: Log;
	readonly version: string;
	/** Undefined where there is no WebRTC. */
	readonly webrtc: WebRtcDoor | undefined;
	/** Undefined where there is no MQTT. */
	readonly mqtt: MqttDoor | undefined;
	readonly robots: Robots;
	/** The robots that ask what they ought to do. */
	readonly polling: Polling;
	/** Undefined where there is no WebSocket. */
	readonly live: LiveDoor | undefined;
	/** Undefined where there is no HLS. */
	readonly hls: HlsDoor | undefined;
	/** Undefined where nothing is pushed on. */
	readonly forwards: ForwardSource | undefined;
	/** Where RTSP is served; undefined for nowhere. */
	readonly rtspPort: number | undefined;
	/** By MediaMTX's name: `rtspconns`, `rtspsessions`, `webrtcsessions`. */
	readonly sessions: Readonly<Record<string, SessionSource>>;
	/** Folder of the built page, absolute. */
	readonly pageDir: string;
	/** Unix milliseconds. */
	readonly startedAt: number;
}
