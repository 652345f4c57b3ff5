/** WebRTC statistics, as browsers report them, in the player's own shape. */
import type { Sample, Way } from "./transport.ts";

/** The fields of `RTCStats` dictionaries that are read here; browsers leave out what they do not know. */
interface Entry {
	readonly id: string;
	readonly type: string;
	readonly kind?: string;
	readonly timestamp: number;
	readonly bytesReceived?: number;
	readonly packetsReceived?: number;
	readonly packetsLost?: number;
	readonly framesDecoded?: number;
	readonly framesDropped?: number;
	readonly freezeCount?: number;
	readonly jitterBufferDelay?: number;
	readonly jitterBufferEmittedCount?: number;
	readonly totalDecodeTime?: number;
	readonly frameWidth?: number;
	readonly frameHeight?: number;
	readonly codecId?: string;
	readonly mimeType?: string;
	readonly sdpFmtpLine?: string;
	readonly selectedCandidatePairId?: string;
	readonly state?: string;
	readonly nominated?: boolean;
	readonly currentRoundTripTime?: number;
	readonly localCandidateId?: string;
	readonly candidateType?: string;
	readonly protocol?: string;
	readonly relayProtocol?: string;
}

/** The video track's sample; null while nothing is being received. */
export function sampleOf(report: { values(): Iterable<Entry>; get(id: string): Entry | undefined }): Sample | null {
	const entries = [...report.values()];
	const video = entries.find(({ type, kind }) => type === "inbound-rtp" && kind === "video");
	if (!video) return null;
	const pairId = entries.find(({ type }) => type === "transport")?.selectedCandidatePairId;
	const pair = pairId
		? report.get(pairId)
		: entries.find(({ type, state, nominated }) => type === "candidate-pair" && state === "succeeded" && nominated);
	const codec = video.codecId ? report.get(video.codecId) : undefined;
	const local = pair?.localCandidateId ? report.get(pair.localCandidateId) : undefined;
	return {
		at: performance.now(),
		bytes: entries.reduce((sum, entry) => sum + (entry.type === "inbound-rtp" ? (entry.bytesReceived ?? 0) : 0), 0),
		packets: video.packetsReceived ?? 0,
		lost: Math.max(0, video.packetsLost ?? 0),
		framesDecoded: video.framesDecoded ?? 0,
		framesDropped: video.framesDropped ?? 0,
		freezes: video.freezeCount ?? 0,
		bufferDelay: video.jitterBufferDelay ?? 0,
		bufferEmitted: video.jitterBufferEmittedCount ?? 0,
		decodeTime: video.totalDecodeTime ?? 0,
		width: video.frameWidth ?? null,
		height: video.frameHeight ?? null,
		codec: codec?.mimeType ? codecName(codec.mimeType, codec.sdpFmtpLine ?? "") : null,
		roundTrip: pair?.currentRoundTripTime ?? null,
		route: local ? routeOf(local) : null,
		way: local ? wayOf(local) : null,
	};
}

function codecName(mimeType: string, fmtp: string): string {
	const name = mimeType.replace(/^video\//, "");
	if (name !== "H264") return name === "H265" ? "H.265" : name;
	const idc = /profile-level-id=([0-9a-f]{2})/i.exec(fmtp)?.[1]?.toLowerCase();
	const profile = { "42": "baseline", "4d": "main", "58": "extended", "64": "high" }[idc ?? ""];
	return profile ? `H.264 ${profile}` : "H.264";
}

function protocolOf({ candidateType, relayProtocol, protocol }: Entry): string | undefined {
	return candidateType === "relay" ? (relayProtocol ?? protocol) : protocol;
}

function routeOf(local: Entry): string {
	const protocol = protocolOf(local)?.toUpperCase() ?? "?";
	return local.candidateType === "relay" ? `${protocol}, by a TURN server` : `${protocol}, direct`;
}

function wayOf(local: Entry): Way {
	return protocolOf(local) === "udp" ? "udp" : "tcp";
}
