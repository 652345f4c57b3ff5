import type { UdpSocket } from "../udp.ts";
import type { Squeeze } from "./squeeze.ts";

/** SRTP keys of one direction (RFC 3711 section 4.3): session keys, not the master key. */
export interface Protection {
	readonly profile: "AEAD_AES_128_GCM" | "AES_CM_128_HMAC_SHA1_80";
	/** 16 bytes. */
	readonly key: Uint8Array;
	/** 12 bytes with GCM, 14 with AES_CM. */
	readonly salt: Uint8Array;
	/** 20 bytes with AES_CM, none with GCM. */
	readonly authKey: Uint8Array;
}

interface RtxOptions {
	readonly payloadType: number;
	readonly ssrc: number;
	/**
	 * First sequence number, 0 to 65535; the media's if not said. Where keys are used again that another delivery had,
	 * it must be above all that were used: no cipher forgives a second packet under the same number.
	 */
	readonly firstSequence?: number | undefined;
}

export interface TrackOptions {
	readonly payloadType: number;
	readonly ssrc: number;
	/** First sequence number, 0 to 65535, where `rewrite` is set; 1000 if not said. */
	readonly firstSequence?: number | undefined;
	/** Retransmissions have their own payload type and SSRC (RFC 4588); without it they are the same bytes again. */
	readonly rtx?: RtxOptions | undefined;
	/**
	 * How the timestamps of its burst are pressed together, so that a player that keeps its first delay is at the live
	 * edge. Not for protected streams.
	 */
	readonly squeeze?: Squeeze | undefined;
	/** Where the track goes to another port than the others, or leaves by another socket. */
	readonly port?: number | undefined;
	readonly socket?: UdpSocket | undefined;
}

export interface JoinOptions {
	readonly socket: UdpSocket;
	readonly address: string;
	readonly port: number;
	/** Number of the first packet: the ring's join point, or its head for the live edge. */
	readonly from: number;
	/** By track number of the stream; null for one that is not taken. */
	readonly tracks: readonly (TrackOptions | null)[];
	readonly protection: Protection | null;
	/**
	 * Give the packets payload type, SSRC and sequence numbers of this destination. Without it, unprotected packets
	 * leave as they are in the ring (of which `payloadType` and `ssrc` must be the copy), protected ones keep their
	 * sequence numbers.
	 */
	readonly rewrite: boolean;
}

export interface TrackStats {
	readonly packets: number;
	/** Payload octets, as sender reports count them (RFC 3550 section 6.4.1). */
	readonly octets: number;
	/** Sequence number and timestamp of the newest packet that was sent, as the destination saw them. */
	readonly lastSequence: number;
	readonly lastTimestamp: number;
}

export interface DeliveryStats {
	readonly packets: number;
	readonly octets: number;
	/** Packets that were left out for being too old. */
	readonly dropped: number;
	/** How often that happened. */
	readonly cuts: number;
	/** Packets that were sent again because the destination asked. */
	readonly resent: number;
	/** Messages that the system refused. */
	readonly refused: number;
	/** By track number; undefined where it is not taken or nothing was sent yet. */
	readonly tracks: readonly (TrackStats | undefined)[];
}
