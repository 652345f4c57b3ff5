/**
 * How the player gets its pictures. WebRTC is one way; frames over WebSocket and HLS fit beside it behind the same
 * interface, so that the player never knows which one it shows.
 */

/** Why there are no pictures, as the page tells it and as `state.ts` decides by it. */
export interface Failure {
	/**
	 * - `unreachable`: the relay does not answer.
	 * - `offline`: the relay answers, nobody publishes.
	 * - `stopped`: somebody put the stream to sleep; only the viewer's word wakes it.
	 * - `full`: as many watch as may.
	 * - `unauthorised`: the relay wants another login.
	 * - `refused`: the relay says no (no common codec, full, a wrong request).
	 * - `lost`: it worked, and then the connection ended.
	 */
	readonly kind: "unreachable" | "offline" | "stopped" | "full" | "unauthorised" | "refused" | "lost";
	/** A sentence for people, the relay's own where it sent one. */
	readonly reason: string;
	/** A refusal of this stream on this way: nothing changes it but another stream. */
	readonly lasting?: true;
	/** The relay knows who asks, and that they may not watch this. */
	readonly known?: true;
	/** How long the relay asked to wait, in milliseconds. */
	readonly retryAfter?: number;
}

/** Counters since the transport began and gauges of now; a value that this transport or browser does not know is null. */
export interface Sample {
	/** `performance.now()` of the sample. */
	readonly at: number;
	readonly bytes: number;
	readonly packets: number;
	readonly lost: number;
	readonly framesDecoded: number;
	readonly framesDropped: number;
	readonly freezes: number;
	/** Sum over all emitted frames, in seconds, and their number. */
	readonly bufferDelay: number;
	readonly bufferEmitted: number;
	/** Sum over all decoded frames, in seconds; null where it is not known. */
	readonly decodeTime: number | null;
	readonly width: number | null;
	readonly height: number | null;
	readonly codec: string | null;
	/** Seconds. */
	readonly roundTrip: number | null;
	/** For people: "UDP, direct". */
	readonly route: string | null;
	readonly way: Way | null;
}

/** How pictures come: WebRTC over UDP, WebRTC over TCP, frames over WebSocket, HLS. */
export type Way = "udp" | "tcp" | "websocket" | "hls";

/** Pictures that are not a MediaStream: they bring themselves into the element that shows them. */
export interface Feed {
	attach(video: HTMLVideoElement): void;
	readonly hasAudio: boolean;
}

export type Source = MediaStream | Feed;

/** What a transport reports while it runs. After `failed` it reports nothing more. */
export interface TransportEvents {
	media(source: Source): void;
	/** Tracks of the stream that this browser and the relay cannot share, as the relay names them. */
	leftOut(sentences: readonly string[]): void;
	failed(failure: Failure): void;
}

export interface Transport {
	/** Begins; the outcome comes through the events. */
	start(): Promise<void>;
	/** Ends and tells the relay. Safe to call at any time, and twice. */
	stop(): void;
	/** Tries to find a way again without starting over; false when this transport cannot. */
	repair(): Promise<boolean>;
	stats(): Promise<Sample | null>;
	readonly state: "new" | "starting" | "running" | "ended";
}

/** Where a player watches, and with what right. */
export interface Target {
	/** The address that takes the offer. */
	readonly endpoint: string;
	/** Bearer token, or NAME:PASSWORD; empty to rely on the page's own login. */
	readonly token: string;
	/** ICE servers set by the page; null to ask the relay. */
	readonly iceServers: RTCIceServer[] | null;
	readonly icePolicy: RTCIceTransportPolicy;
}
