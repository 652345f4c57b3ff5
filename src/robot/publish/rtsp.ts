import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { openRtspClient } from "../../protocols/rtsp/client.ts";
import { parseRtcp } from "../../wire/rtcp.ts";
import type { Publisher, PublishOptions } from "./publisher.ts";
import { RtpStream } from "./rtp-stream.ts";

/** Publishes by RTSP (RFC 2326 section 10.3): an `OpenPublisher` for rtsp:// addresses. */
export async function openRtsp(url: string, tracks: readonly Track[], options: PublishOptions): Promise<Publisher> {
	const { transport, signal } = options;
	const onRtcp = (packet: Uint8Array): void => {
		const asked = parseRtcp(packet)?.some(({ kind }) => kind === "pictureLoss" || kind === "fullIntra");
		if (asked) options.onKeyFrameRequest();
	};
	// A server sends a publisher nothing but RTCP.
	const sink = {
		packet: () => undefined,
		datagram: () => undefined,
		rtcp: (_: number, bytes: Uint8Array) => onRtcp(bytes),
	};
	const client = await openRtspClient({ url, transport, signal, publish: tracks, sink });
	const streams = tracks.map(
		(track, index) =>
			new RtpStream(track, "vedette", {
				rtp: (packet) => client.sendRtp(index, packet),
				rtcp: (packet) => client.sendRtcp(index, packet),
			}),
	);
	return {
		write: (frame: Frame) => client.together(() => streams[frame.track]?.write(frame)),
		get pending() {
			return client.pending;
		},
		close: () => client.close(),
		closed: client.closed,
	};
}
