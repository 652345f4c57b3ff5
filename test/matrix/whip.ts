import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Audio, PeerConnection, RtcpNackResponder, type Track, Video } from "node-datachannel";
import { run } from "../peers/rtsp-programs.ts";
import { input, type Media, tracks } from "./media.ts";

const VIDEO = { payloadType: 96, ssrc: 1001 };
const SOUND = { payloadType: 111, ssrc: 1002 };
/** Room for SRTP and UDP below the MTU. */
const PACKET_BYTES = 1200;

function videoLine({ video }: Media): Video {
	const line = new Video("0", "SendOnly");
	if (video === "h264") line.addH264Codec(VIDEO.payloadType, "profile-level-id=42c01f;packetization-mode=1");
	else line.addH265Codec(VIDEO.payloadType);
	line.addSSRC(VIDEO.ssrc, "matrix", "matrix", "video");
	return line;
}

function soundLine(): Audio {
	const line = new Audio("1", "SendOnly");
	line.addOpusCodec(SOUND.payloadType);
	line.addSSRC(SOUND.ssrc, "matrix", "matrix", "sound");
	return line;
}

/** Offers by WHIP and waits until the connection stands. */
async function connect(peer: PeerConnection, url: string): Promise<void> {
	const connected = new Promise<void>((resolve, reject) => {
		peer.onStateChange((state) => {
			if (state === "connected") resolve();
			if (state === "failed") reject(new Error("the WHIP connection failed"));
		});
	});
	const gathered = new Promise<void>((resolve) => {
		peer.onGatheringStateChange((state) => state === "complete" && resolve());
	});
	peer.setLocalDescription("offer");
	await gathered;
	const body = peer.localDescription()!.sdp;
	const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body });
	const answer = await response.text();
	if (response.status !== 201) throw new Error(`WHIP: ${response.status} ${answer}`);
	peer.setRemoteDescription(answer, "answer");
	await connected;
}

/** When they end, libdatachannel's bindings touch all tracks that there ever were: none may have been collected. */
const kept: Track[] = [];

/** A UDP port of which every RTP packet goes into a WebRTC track. */
async function feed(track: Track, parts: AsyncDisposableStack): Promise<number> {
	kept.push(track);
	track.setMediaHandler(new RtcpNackResponder(512));
	const socket = createSocket("udp4").bind(0, "127.0.0.1");
	parts.defer(() => void socket.close());
	await once(socket, "listening");
	socket.on("message", (packet) => track.isOpen() && track.sendMessageBinary(packet));
	return socket.address().port;
}

/** Publishes by WHIP with libdatachannel what ffmpeg puts into RTP. */
export async function publishWhip(
	url: string,
	folder: string,
	media: Media,
	parts: AsyncDisposableStack,
): Promise<void> {
	const peer = new PeerConnection("matrix", { iceServers: [], disableAutoNegotiation: true });
	parts.defer(() => peer.close());
	const picture = await feed(peer.addTrack(videoLine(media)), parts);
	const noise = media.sound ? await feed(peer.addTrack(soundLine()), parts) : 0;
	await connect(peer, url);
	const rtp = ({ payloadType, ssrc }: typeof VIDEO, port: number): string[] => [
		...["-payload_type", `${payloadType}`, "-ssrc", `${ssrc}`],
		...["-f", "rtp", `rtp://127.0.0.1:${port}?pkt_size=${PACKET_BYTES}`],
	];
	const sound = media.sound ? [...tracks.sound, ...rtp(SOUND, noise)] : [];
	parts.use(run("ffmpeg", [...input(folder, media), ...tracks.video, ...rtp(VIDEO, picture), ...sound]));
}
