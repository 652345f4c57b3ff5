import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { publishWhip } from "../../protocols/webrtc/client.ts";
import { asksForKeyFrame } from "../../wire/rtcp.ts";
import type { Publisher, PublishOptions } from "./publisher.ts";
import { RtpStream } from "./rtp-stream.ts";

/** Publishes by WHIP (RFC 9725): an `OpenPublisher` for http:// and https:// addresses. */
export async function openWhip(
	url: string,
	tracks: readonly Track[],
	options: PublishOptions & { readonly token: string; readonly silenceMs?: number },
): Promise<Publisher> {
	const track = tracks.find(({ codec }) => codec === "h264");
	if (!track) throw new Error("WHIP needs an H.264 track");
	const stream = new RtpStream(track, "vedette", {
		rtp: (packet) => sending.send(packet),
		rtcp: (packet) => sending.send(Buffer.from(packet)),
	});
	const onRtcp = (packet: Uint8Array): void => {
		if (asksForKeyFrame(packet)) options.onKeyFrameRequest();
	};
	const sending = await publishWhip(url, [{ track, ssrc: stream.ssrc }], options, onRtcp);
	return {
		write: (frame: Frame) => stream.write(frame),
		pending: 0,
		close: () => sending.close(),
		closed: sending.closed,
	};
}
