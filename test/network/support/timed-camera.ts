import { openRtspClient } from "../../../src/protocols/rtsp/client.ts";
import { writeRtpHeader } from "../../../src/wire/rtp.ts";
import { h264Track, PARAMETER_SETS } from "../../support/tracks.ts";

const track = h264Track(PARAMETER_SETS);

const FPS = 30;
const PACKET_BYTES = 1200;

/** A stream whose packets carry when they were sent. */
export interface TimedCamera extends Disposable {
	readonly closed: Promise<string>;
}

/** Publishes 30 pictures a second of `kbit` kbit/s in all, a key frame each second, from this process. */
export async function startTimedCamera(url: string, kbit: number): Promise<TimedCamera> {
	const nothing = (): void => undefined;
	const client = await openRtspClient({
		url,
		transport: "tcp",
		publish: [track],
		sink: { packet: nothing, datagram: nothing, rtcp: nothing },
		signal: new AbortController().signal,
	});
	const perFrame = Math.max(1, Math.round((kbit * 1000) / 8 / FPS / PACKET_BYTES));
	const packet = Buffer.alloc(PACKET_BYTES, 0x5a);
	const began = performance.now();
	let [frames, sequence] = [0, 0];
	const picture = (): void => {
		for (let i = 0; i < perFrame; i++) {
			writeRtpHeader(packet, 0, 96, i === perFrame - 1, sequence++ & 0xffff, frames * 3000, 1);
			packet[12] = frames % FPS === 0 ? 0x65 : 0x41;
			packet.writeDoubleBE(Date.now(), 13);
			client.sendRtp(0, packet);
		}
		frames++;
	};
	const timer = setInterval(() => {
		while (frames * (1000 / FPS) <= performance.now() - began) picture();
	}, 5);
	return {
		closed: client.closed,
		[Symbol.dispose]: () => {
			clearInterval(timer);
			client.close();
		},
	};
}
