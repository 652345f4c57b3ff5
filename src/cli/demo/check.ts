import type { Track } from "../../media/track.ts";
import { openRtspClient, type RtspClient } from "../../protocols/rtsp/client.ts";
import { pullWhep } from "../../protocols/webrtc/client.ts";
import { inspectorOf, STARTS_KEY } from "../../wire/inspect.ts";
import { isRtcp } from "../../wire/rtcp.ts";
import { RTP_HEADER_BYTES, rtpHeaderBytes, rtpMarker } from "../../wire/rtp.ts";

/** How long frames are counted. */
const COUNT_MS = 5000;
/** How long the first frame may take. */
const FIRST_MS = 10_000;

/** What playing the stream back in one way has shown. */
export interface Playback {
	readonly way: string;
	readonly tracks: string;
	/** From asking until the first complete key frame, in ms. */
	readonly firstFrameMs: number;
	readonly framesPerSecond: number;
}

/** Counts the pictures of one stream from its RTP packets. */
export class FrameCounter {
	readonly #began = performance.now();
	#key = false;
	#frames = 0;
	#firstAt = -1;
	#onFirst: () => void = () => undefined;
	readonly first = new Promise<void>((resolve) => {
		this.#onFirst = resolve;
	});

	packet(track: Track | undefined, bytes: Uint8Array, at: number, length: number): void {
		if (track?.kind !== "video" || length <= RTP_HEADER_BYTES) return;
		const header = rtpHeaderBytes(bytes, at, length);
		if (header < 0 || length <= header) return;
		if (inspectorOf(track.codec)(bytes, at + header, length - header) & STARTS_KEY) this.#key = true;
		if (!rtpMarker(bytes, at) || !this.#key) return;
		if (this.#frames++ > 0) return;
		this.#firstAt = performance.now();
		this.#onFirst();
	}

	get firstFrameMs(): number {
		return this.#firstAt - this.#began;
	}

	get frames(): number {
		return this.#frames;
	}
}

/** Something that plays: what it plays, and how it is ended. */
interface Player {
	readonly tracks: readonly Track[];
	readonly closed: Promise<string>;
	close(): void;
}

type Play = (counter: FrameCounter, signal: AbortSignal) => Promise<Player>;

/** Plays over RTSP. */
export function overRtsp(url: string, transport: "tcp" | "udp"): Play {
	return async (counter, signal) => {
		let tracks: readonly Track[] = [];
		const packet = (track: number, bytes: Uint8Array, at: number, length: number): void => {
			counter.packet(tracks[track], bytes, at, length);
		};
		const sink = {
			packet,
			datagram: (track: number, bytes: Uint8Array) => packet(track, bytes, 0, bytes.length),
			rtcp: () => undefined,
		};
		const onLive = (client: RtspClient): void => {
			tracks = client.tracks;
		};
		return openRtspClient({ url, transport, sink, signal, onLive });
	};
}

function overWhep(url: string): Play {
	return async (counter, signal) => {
		let tracks: readonly Track[] = [];
		const onTracks = (answered: readonly Track[]): void => {
			tracks = answered;
		};
		return pullWhep(url, { signal, onTracks }, (track, packet) => {
			if (!isRtcp(packet)) counter.packet(tracks[track], packet, 0, packet.length);
		});
	};
}

/** Plays a stream in every way: over RTSP by TCP and UDP, and by WHEP. Rejects with what does not work. */
export async function playBack(rtspUrl: string, whepUrl: string): Promise<Playback[]> {
	const ways: [string, Play][] = [
		["RTSP over TCP", overRtsp(rtspUrl, "tcp")],
		["RTSP over UDP", overRtsp(rtspUrl, "udp")],
		["WebRTC (WHEP)", overWhep(whepUrl)],
	];
	const results: Playback[] = [];
	for (const [way, play] of ways) results.push(await watch(way, play));
	return results;
}

async function watch(way: string, play: Play): Promise<Playback> {
	const counter = new FrameCounter();
	const stop = new AbortController();
	const timer = setTimeout(() => stop.abort(new Error(`no picture within ${FIRST_MS / 1000} s`)), FIRST_MS);
	try {
		const player = await play(counter, stop.signal);
		await Promise.race([counter.first, failure(player.closed)]);
		clearTimeout(timer);
		const framesPerSecond = await countFrames(counter, player);
		player.close();
		const tracks = player.tracks.map((track) => track.encoding).join(", ");
		return { way, tracks, firstFrameMs: counter.firstFrameMs, framesPerSecond };
	} catch (error) {
		throw new Error(`${way}: ${error instanceof Error ? error.message : error}`);
	} finally {
		clearTimeout(timer);
	}
}

/** The burst with which a reader joins is over after a second and does not count. */
async function countFrames(counter: FrameCounter, player: Player): Promise<number> {
	await Promise.race([pause(1000), failure(player.closed)]);
	const before = counter.frames;
	const began = performance.now();
	await Promise.race([pause(COUNT_MS), failure(player.closed)]);
	return ((counter.frames - before) * 1000) / (performance.now() - began);
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => {
		setTimeout(resolve, ms);
	});
}

async function failure(closed: Promise<string>): Promise<never> {
	throw new Error(await closed);
}
