import {
	Audio,
	PeerConnection as Peer,
	type PeerConnection,
	RtcpNackResponder,
	RtcpReceivingSession,
	type Track as RtcTrack,
	Video,
} from "node-datachannel";
import type { Track } from "../../media/track.ts";
import { attribute, parseSdp } from "../../wire/sdp.ts";
import { trackOf } from "../../wire/sdp-tracks.ts";

/**
 * WebRTC where we are the client: WHIP publishing (RFC 9725) and WHEP pulling (draft-ietf-wish-whep), by libdatachannel.
 * All candidates are gathered before the offer leaves: a relay has a public address, so those of this machine suffice.
 */

const SDP_TYPE = "application/sdp";
const MAX_ANSWER_BYTES = 64 * 1024;
/** Packets kept to answer NACKs with: a second and more at 4 Mbit/s. */
const NACK_PACKETS = 512;
const GOODBYE_TIMEOUT_MS = 2000;

/** What both directions need to begin. */
export interface ClientOptions {
	/** A bearer token; a user name and password are taken from the address instead. */
	readonly token?: string;
	/** Ends the attempt, and the connection once it stands. */
	readonly signal: AbortSignal;
}

interface Session {
	/** The reason why it is over. Never rejects. */
	readonly closed: Promise<string>;
	/** Ends the connection and tells the server. */
	close(): void;
}

/** A stream that is published. */
export interface Sending extends Session {
	/** Sends an RTP or RTCP packet; false where it could not leave. */
	send(packet: Buffer): boolean;
	/** Bytes that have not left this process. */
	readonly pending: number;
}

/** A stream that is pulled. */
export interface Receiving extends Session {
	/** The tracks that the server sends, with the payload types of its packets. */
	readonly tracks: readonly Track[];
	requestKeyFrame(track: number): void;
}

/**
 * Publishes one H.264 track by WHIP. Resolves when packets can be sent; rejects with the reason. Lost packets that the
 * server asks for are sent again.
 *
 * @param onRtcp gets the RTCP packets of the server, picture loss indications among them.
 */
export async function publishWhip(
	url: string,
	track: Track,
	ssrc: number,
	options: ClientOptions,
	onRtcp: (packet: Uint8Array) => void,
): Promise<Sending> {
	const peer = new Peer("whip", { iceServers: [] });
	const media = new Video("0", "SendOnly");
	media.addH264Codec(track.payloadType, offeredFmtp(track));
	media.addSSRC(ssrc, "vedette", "vedette", "video");
	const line = peer.addTrack(media);
	line.setMediaHandler(new RtcpNackResponder(NACK_PACKETS));
	line.onMessage((packet) => onRtcp(packet));
	const opened = new Promise<void>((resolve) => line.onOpen(resolve));
	const session = await connect(peer, url, options, opened);
	return {
		closed: session.closed,
		close: session.close,
		send: (packet) => line.isOpen() && line.sendMessageBinary(packet),
		get pending() {
			return line.isOpen() ? line.bufferedAmount() : 0;
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
	options: ClientOptions,
	onPacket: (track: number, packet: Uint8Array) => void,
): Promise<Receiving> {
	const peer = new Peer("whep", { iceServers: [] });
	const lines: RtcTrack[] = [offerVideo(peer), offerAudio(peer)];
	const numbers = new Map<string, number>();
	for (const line of lines) {
		const mid = line.mid();
		line.setMediaHandler(new RtcpReceivingSession());
		line.onMessage((packet) => {
			const number = numbers.get(mid);
			if (number !== undefined) onPacket(number, packet);
		});
	}
	const connected = new Promise<void>((resolve) => {
		peer.onStateChange((state) => {
			if (state === "connected") resolve();
		});
	});
	const session = await connect(peer, url, options, connected, (answer) => {
		for (const [number, { mid }] of answered(answer).entries()) numbers.set(mid, number);
	});
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

/** Parameter sets stay out of the offer: they come with each key frame. */
function offeredFmtp(track: Track): string {
	const profile = /profile-level-id=([0-9a-f]{6})/i.exec(track.fmtp)?.[1] ?? "42e01f";
	return `profile-level-id=${profile};packetization-mode=1;level-asymmetry-allowed=1`;
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

/** Offers, takes the answer, waits for `ready`, and then watches over the connection. */
async function connect(
	peer: PeerConnection,
	url: string,
	options: ClientOptions,
	ready: Promise<void>,
	onAnswer: (answer: string) => void = () => undefined,
): Promise<Session & { readonly answer: string }> {
	const { signal } = options;
	const closed = new Promise<string>((resolve) => {
		peer.onIceStateChange((state) => {
			if (state === "failed" || state === "disconnected" || state === "closed") resolve(`the connection is ${state}`);
		});
		signal.addEventListener("abort", () => resolve("closed by us"), { once: true });
	});
	let resource: string | undefined;
	const close = (): void => {
		peer.close();
		if (resource !== undefined) goodbye(resource, options);
		resource = undefined;
	};
	closed.then(close, close);
	try {
		const offer = await gathered(peer);
		const answer = await exchange(url, offer, options);
		resource = answer.resource;
		onAnswer(answer.sdp);
		peer.setRemoteDescription(answer.sdp, "answer");
		const reason = await Promise.race([ready.then(() => undefined), closed]);
		if (reason !== undefined) throw signal.aborted ? signal.reason : new Error(reason);
		return { closed, close, answer: answer.sdp };
	} catch (error) {
		close();
		throw error;
	}
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

/** The address without credentials, and the header that carries them (RFC 9725 section 4.7, RFC 7617). */
function authorized(url: string, token: string | undefined): { readonly url: string; readonly headers: HeadersInit } {
	const parsed = new URL(url.replace(/^(whip|whep)(s?):/, "http$2:"));
	const { username, password } = parsed;
	parsed.username = "";
	parsed.password = "";
	const basic = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
	if (username)
		return { url: parsed.href, headers: { authorization: `Basic ${Buffer.from(basic).toString("base64")}` } };
	return { url: parsed.href, headers: token ? { authorization: `Bearer ${token}` } : {} };
}

/** RFC 9725 section 4.2: the offer is posted, the answer comes with the address of the session. */
async function exchange(
	url: string,
	offer: string,
	{ token, signal }: ClientOptions,
): Promise<{ readonly sdp: string; readonly resource: string | undefined }> {
	const target = authorized(url, token);
	const response = await fetch(target.url, {
		method: "POST",
		headers: { ...target.headers, "content-type": SDP_TYPE, accept: SDP_TYPE },
		body: offer,
		signal,
	});
	const length = Number(response.headers.get("content-length") ?? 0);
	if (length > MAX_ANSWER_BYTES) throw new Error(`an answer of ${length} bytes, at most ${MAX_ANSWER_BYTES}`);
	const text = await response.text();
	if (response.status !== 201) throw new Error(`the server answered ${response.status} ${text.slice(0, 200)}`.trim());
	const location = response.headers.get("location");
	return { sdp: text, resource: location === null ? undefined : new URL(location, response.url).href };
}

/** RFC 9725 section 4.2: DELETE ends the session. What comes of it does not matter any more. */
function goodbye(resource: string, { token }: ClientOptions): void {
	const target = authorized(resource, token);
	const signal = AbortSignal.timeout(GOODBYE_TIMEOUT_MS);
	fetch(target.url, { method: "DELETE", headers: target.headers, signal }).catch(() => undefined);
}
