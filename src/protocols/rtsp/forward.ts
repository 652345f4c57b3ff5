import type { ForwardWay, Taker } from "../../hub/forwarding.ts";
import type { Reader } from "../../hub/reader.ts";
import type { Stream } from "../../hub/stream.ts";
import { asksForKeyFrame } from "../../wire/rtcp.ts";
import { openRtspClient, type RtspClient } from "./client.ts";
import { Egress } from "./egress.ts";
import { TcpCarrier } from "./egress-tcp.ts";
import { Framing } from "./framing.ts";

const TICK_MS = 1000;

/** Pushes a path on to an RTSP server by RECORD, all tracks, interleaved in its TCP connection. */
export const forwardWay: ForwardWay = {
	protocol: "RTSP",
	lane: "packets",
	tracks: ({ tracks }) => [...tracks.keys()],
	open: async ({ url, fingerprint, signal }, stream) => {
		const sink = {
			packet: () => undefined,
			datagram: () => undefined,
			rtcp: (_track: number, packet: Uint8Array) => {
				if (asksForKeyFrame(packet)) stream.requestKeyFrame();
			},
		};
		const options = { url, fingerprint, transport: "tcp", sink, signal, publish: stream.tracks } as const;
		const client = await openRtspClient(options);
		return taker(client, stream);
	},
};

function taker(client: RtspClient, stream: Stream): Taker {
	let carrier: TcpCarrier | undefined;
	let timer: NodeJS.Timeout | undefined;
	const now = (): number => performance.now();
	const start = (reader: Reader): void => {
		const { socket, setups } = client;
		const egress = new Egress(reader, setups);
		const lane = (index: 0 | 1): number[] =>
			stream.tracks.map((_, track) => setups[track]?.transport.interleaved?.[index] ?? -1);
		const own = new TcpCarrier(socket, reader, Framing.of(stream, lane(0)), lane(1), egress.press, now);
		carrier = own;
		egress.tick(own, now());
		own.pump(now());
		timer = setInterval(() => egress.tick(own, now()), TICK_MS);
	};
	return {
		closed: client.closed.finally(() => clearInterval(timer)),
		close: (reason) => client.close(reason),
		start,
		pump: (at) => carrier?.pump(at),
	};
}
