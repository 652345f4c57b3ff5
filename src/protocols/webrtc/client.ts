import {
	Audio,
	cleanup,
	PeerConnection as Peer,
	type PeerConnection,
	RtcpNackResponder,
	RtcpReceivingSession,
	type Track as RtcTrack,
	Video,
} from "node-datachannel";
import type { Millis } from "../../media/time.ts";
import type { Track } from "../../media/track.ts";
import { attribute, parseSdp } from "../../wire/sdp.ts";
import { trackOf } from "../../wire/sdp-tracks.ts";
import type { PublishedCodec } from "./client-codecs.ts";
import { exchange } from "./whip-exchange.ts";

/**
 * WebRTC where we are the client: WHIP publishing (RFC 9725) and WHEP pulling (draft-ietf-wish-whep), by libdatachannel.
 * All candidates are gathered before the offer leaves: a relay has a public address, so those of this machine suffice.
 */

/** Packets kept to answer NACKs with: a second and more at 4 Mbit/s. */
const NACK_PACKETS = 512;
/** A server that was heard and then says nothing for so long is gone; ICE itself notices only after 30 s. */
const SILENCE_MS = 8000;

/** What both directions need to begin. */
export interface ClientOptions {
	/** A bearer token; a user name and password are taken from the address instead. */
	readonly token?: string;
	/** Ends the attempt, and the connection once it stands. */
	readonly signal: AbortSignal;
	/** After this silence of the server the connection is over; by default 8 s. */
	readonly silenceMs?: number;
}

/** What pulling needs to begin. */
interface PullOptions extends ClientOptions {
	/** Called before the first packet is handed on, with the tracks that the server sends. */
	onTracks?(tracks: readonly Track[]): void;
}

/** When the server was last heard and spoken to, on the monotonic clock. */
interface Contact {
	heardAt: Millis | undefined;
	spokenAt: Millis;
}

interface Session {
	/** The reason why it is over. Never rejects. */
	readonly closed: Promise<string>;
	/** Ends the connection and tells the server. */
	close(): void;
}

/** A stream that is published. */
export interface Sending extends Session {
	/** Sends an RTP or RTCP packet of a track, by its place; false where it could not leave. Nothing is queued: it is UDP. */
	send(packet: Buffer, number?: number): boolean;
}

/** A stream that is pulled. */
export interface Receiving extends Session {
	/** The tracks that the server sends, with the payload types of its packets. */
	readonly tracks: readonly Track[];
	requestKeyFrame(track: number): void;
}

/** One track that is published, with the payload type of its packets. */
export interface SentTrack {
	readonly track: Track;
	readonly ssrc: number;
}

/**
 * Publishes at most one video and one audio track by WHIP. Resolves when packets can be sent; rejects with the reason.
 * Lost packets that the server asks for are sent again.
 *
 * @param onRtcp gets the RTCP packets of the server, picture loss indications among them.
 */
export async function publishWhip(
	url: string,
	sent: readonly SentTrack[],
	options: ClientOptions,
	onRtcp: (packet: Uint8Array) => void,
): Promise<Sending> {
	const peer = new Peer("whip", { iceServers: [], disableAutoNegotiation: true });
	const contact: Contact = { heardAt: undefined, spokenAt: 0 };
	const lines = sent.map(({ track, ssrc }, number) => {
		const line = peer.addTrack(offerOf(track, ssrc, String(number)));
		line.setMediaHandler(new RtcpNackResponder(NACK_PACKETS));
		line.onMessage((packet) => {
			contact.heardAt = performance.now();
			onRtcp(packet);
		});
		return line;
	});
	const opened = Promise.all(lines.map((line) => new Promise<void>((resolve) => line.onOpen(resolve))));
	const session = await connect(peer, url, options, { contact, opened });
	return {
		closed: session.closed,
		close: session.close,
		send: (packet, number = 0) => {
			contact.spokenAt = performance.now();
			const line = lines[number];
			return line?.isOpen() === true && line.sendMessageBinary(packet);
		},
	};
}

/**
 * Pulls a stream by WHEP: at most one video and one audio track, in any codec that Vedette passes on. Resolves when the
 * connection stands; rejects with the reason.
 *
 * @param onPacket gets each RTP and RTCP packet with the number of its track.
 */
export async function pullWhep(
	url: string,
	options: PullOptions,
	onPacket: (track: number, packet: Uint8Array) => void,
): Promise<Receiving> {
	const peer = new Peer("whep", { iceServers: [], disableAutoNegotiation: true });
	const lines: RtcTrack[] = [offerVideo(peer), offerAudio(peer)];
	const numbers = new Map<string, number>();
	// Who pulls has a right to hear something.
	const contact: Contact = { heardAt: undefined, spokenAt: Number.POSITIVE_INFINITY };
	for (const line of lines) {
		const mid = line.mid();
		line.setMediaHandler(new RtcpReceivingSession());
		line.onMessage((packet) => {
			contact.heardAt = performance.now();
			const number = numbers.get(mid);
			if (number !== undefined) onPacket(number, packet);
		});
	}
	const onAnswer = (answer: string): void => {
		const found = answered(answer);
		options.onTracks?.(found.map(({ track }) => track));
		for (const [number, { mid }] of found.entries()) numbers.set(mid, number);
	};
	const session = await connect(peer, url, options, { contact, onAnswer });
	const tracks = answered(session.answer);
	return {
		closed: session.closed,
		close: session.close,
		tracks: tracks.map(({ track }) => track),
		requestKeyFrame: (number) => {
			const line = lines.find((one) => one.mid() === tracks[number]?.mid);
			if (line?.isOpen()) line.requestKeyframe();
		},
	};
}

/**
 * Ends what libdatachannel keeps running, so that the process can end by itself: to be called when all is closed. A
 * connection that never stood would hold the event loop open until it is collected.
 */
export function releaseWebRtc(): void {
	cleanup();
}

/** Parameter sets stay out of the offer: they come with each key frame. */
function offeredFmtp(track: Track): string {
	const profile = /profile-level-id=([0-9a-f]{6})/i.exec(track.fmtp)?.[1] ?? "42e01f";
	return `profile-level-id=${profile};packetization-mode=1;level-asymmetry-allowed=1`;
}

/** How each codec stands in an offer. */
const offers: Readonly<Record<PublishedCodec, (media: Video & Audio, track: Track) => void>> = {
	h264: (media, track) => media.addH264Codec(track.payloadType, offeredFmtp(track)),
	h265: (media, { payloadType }) => media.addH265Codec(payloadType),
	vp8: (media, { payloadType }) => media.addVP8Codec(payloadType),
	vp9: (media, { payloadType }) => media.addVP9Codec(payloadType),
	av1: (media, { payloadType }) => media.addAV1Codec(payloadType),
	opus: (media, { payloadType }) => media.addOpusCodec(payloadType),
	pcmu: (media, { payloadType }) => media.addAudioCodec(payloadType, "PCMU"),
	pcma: (media, { payloadType }) => media.addAudioCodec(payloadType, "PCMA"),
};

function offerOf(track: Track, ssrc: number, mid: string): Video | Audio {
	const media = track.kind === "audio" ? new Audio(mid, "SendOnly") : new Video(mid, "SendOnly");
	const offer = Object.hasOwn(offers, track.codec) ? offers[track.codec as PublishedCodec] : undefined;
	offer?.(media as Video & Audio, track);
	media.addSSRC(ssrc, "vedette", "vedette", track.kind);
	return media;
}

function offerVideo(peer: PeerConnection): RtcTrack {
	const media = new Video("0", "RecvOnly");
	const h264 = (profile: string): string =>
		`profile-level-id=${profile};packetization-mode=1;level-asymmetry-allowed=1`;
	media.addH264Codec(96, h264("42e01f"));
	media.addH264Codec(97, h264("4d001f"));
	media.addH264Codec(98, h264("640c1f"));
	media.addH264Codec(99, h264("42001f"));
	media.addH265Codec(100);
	media.addVP8Codec(101);
	media.addVP9Codec(102);
	media.addAV1Codec(103);
	return peer.addTrack(media);
}

function offerAudio(peer: PeerConnection): RtcTrack {
	const media = new Audio("1", "RecvOnly");
	media.addOpusCodec(111);
	media.addAudioCodec(0, "PCMU");
	media.addAudioCodec(8, "PCMA");
	return peer.addTrack(media);
}

/** The tracks of an answer that are not refused, each with its identification. */
function answered(answer: string): { readonly mid: string; readonly track: Track }[] {
	return parseSdp(answer).media.flatMap((section) => {
		const refused = section.port === 0 || attribute(section, "inactive") !== undefined;
		const track = refused ? undefined : trackOf(section);
		return track ? [{ mid: attribute(section, "mid") ?? "", track }] : [];
	});
}

/** What the two directions do differently while connecting. */
interface Hooks {
	readonly contact: Contact;
	/** Something more to wait for before the connection counts as standing. */
	readonly opened?: Promise<unknown>;
	onAnswer?(answer: string): void;
}

/** Offers, takes the answer, waits until the connection stands, and then watches over it. */
async function connect(
	peer: PeerConnection,
	url: string,
	options: ClientOptions,
	{ contact, opened, onAnswer }: Hooks,
): Promise<Session & { readonly answer: string }> {
	const { signal } = options;
	const { standing, closed, end } = lifeOf(peer, options, contact);
	let goodbye: (() => void) | undefined;
	const release = (): void => {
		peer.close();
		goodbye?.();
		goodbye = undefined;
	};
	closed.then(release, release);
	const close = (): void => end("closed by us");
	try {
		const offer = await gathered(peer);
		const answer = await exchange(url, offer, options);
		goodbye = answer.goodbye;
		onAnswer?.(answer.sdp);
		peer.setRemoteDescription(answer.sdp, "answer");
		const reason = await Promise.race([Promise.all([standing, opened]).then(() => undefined), closed]);
		if (reason !== undefined) throw signal.aborted ? signal.reason : new Error(reason);
		return { closed, close, answer: answer.sdp };
	} catch (error) {
		close();
		throw error;
	}
}

interface Life {
	readonly standing: Promise<void>;
	readonly closed: Promise<string>;
	end(reason: string): void;
}

function lifeOf(peer: PeerConnection, { signal, silenceMs = SILENCE_MS }: ClientOptions, contact: Contact): Life {
	const standing = Promise.withResolvers<void>();
	const closed = Promise.withResolvers<string>();
	const abort = (): void => end("closed by us");
	const watch = setInterval(() => {
		const until = Math.min(contact.spokenAt, performance.now());
		if (contact.heardAt !== undefined && until - contact.heardAt >= silenceMs) {
			end(`the server is silent for ${silenceMs / 1000} s`);
		}
	}, silenceMs / 8);
	const end = (reason: string): void => {
		clearInterval(watch);
		signal.removeEventListener("abort", abort);
		closed.resolve(reason);
	};
	peer.onStateChange((state) => {
		if (state === "connected") standing.resolve();
		if (state === "failed" || state === "disconnected" || state === "closed") end(`the connection is ${state}`);
	});
	signal.addEventListener("abort", abort);
	if (signal.aborted) abort();
	return { standing: standing.promise, closed: closed.promise, end };
}

/** Our offer once all candidates are in it. */
function gathered(peer: PeerConnection): Promise<string> {
	return new Promise((resolve) => {
		peer.onGatheringStateChange((state) => {
			if (state === "complete") resolve(peer.localDescription()?.sdp ?? "");
		});
		peer.setLocalDescription("offer");
	});
}
