import type { Frame } from "../../media/frame.ts";
import type { Track } from "../../media/track.ts";
import { openRtspClient } from "../../protocols/rtsp/client.ts";
import { asksForKeyFrame } from "../../wire/rtcp.ts";
import type { Publisher, PublishOptions } from "./publisher.ts";
import { RtpStream } from "./rtp-stream.ts";
import { SendRate } from "./send-rate.ts";

/** Publishes by RTSP RECORD over TCP or UDP: an `OpenPublisher` for rtsp:// and rtsps:// addresses. */
export async function openRtsp(
	url: string,
	tracks: readonly Track[],
	{ onKeyFrameRequest, ...options }: PublishOptions,
): Promise<Publisher> {
	const sink = {
		packet: () => undefined,
		datagram: () => undefined,
		rtcp: (_: number, packet: Uint8Array) => {
			if (asksForKeyFrame(packet)) onKeyFrameRequest();
		},
	};
	const client = await openRtspClient({ ...options, url, sink, publish: tracks });
	const streams = tracks.map(
		(track, number) =>
			new RtpStream(track, "vedette", {
				rtp: (packet) => client.sendRtp(number, packet),
				rtcp: (packet) => client.sendRtcp(number, packet),
			}),
	);
	const rate = new SendRate();
	return {
		write: (frame: Frame) => {
			client.together(() => streams[frame.track]?.write(frame));
			const bytesPerSecond = rate.add(frame, performance.now());
			if (bytesPerSecond !== undefined) client.bound(bytesPerSecond);
		},
		get pending() {
			return client.pending;
		},
		close: () => client.close(),
		closed: client.closed,
	};
}
