import type { Forwarding, ForwardWay, Taker } from "../../hub/forwarding.ts";
import type { Reader } from "../../hub/reader.ts";
import type { Stream } from "../../hub/stream.ts";
import type { Codec } from "../../media/track.ts";
import { asksForKeyFrame } from "../../wire/rtcp.ts";
import { rtpSsrc } from "../../wire/rtp.ts";
import type { Sealer, ViewerTrack } from "./carrier.ts";
import type { Sending } from "./client.ts";
import { canPublish } from "./client-codecs.ts";
import { B_FRAMES, FIRST_SEQUENCE, senderReport } from "./egress.ts";
import { AloneCarrier } from "./egress-alone.ts";
import { playableTracks } from "./offer-tracks.ts";

const TICK_MS = 1000;
/** RFC 3551 section 6: other codecs have no number of their own. */
const payloadTypes: Readonly<Partial<Record<Codec, number>>> = { pcmu: 0, pcma: 8 };
const FIRST_PAYLOAD_TYPE = 96;
/** libdatachannel encrypts. */
const plain: Sealer = { rtp: (packet) => packet };

/** Pushes a path on to a WHIP server: the first picture and the first sound that WebRTC has. */
export const forwardWay: ForwardWay = {
	protocol: "WHIP",
	lane: "packets",
	tracks: (stream) => {
		const playable = playableTracks(stream).map(({ track, unfit }) =>
			unfit === undefined && canPublish(track) ? track : undefined,
		);
		return (["video", "audio"] as const)
			.map((kind) => playable.findIndex((track) => track?.kind === kind))
			.filter((index) => index >= 0);
	},
	open: async ({ url, token, signal }: Forwarding, stream, indices) => {
		const lines = indices.map((index, number) => lineOf(stream, index, number));
		const onRtcp = (packet: Uint8Array): void => {
			if (asksForKeyFrame(packet)) stream.requestKeyFrame();
		};
		const sent = lines.map(({ track, ssrc, payloadType }) => ({ track: { ...track, payloadType }, ssrc }));
		// A relay that pushes nothing on does without libdatachannel's memory.
		const { publishWhip } = await import("./client.ts");
		return taker(await publishWhip(url, sent, { token, signal }, onRtcp), stream, lines);
	},
};

function lineOf(stream: Stream, index: number, number: number): ViewerTrack {
	const { track } = playableTracks(stream)[index]!;
	const payloadType = payloadTypes[track.codec] ?? FIRST_PAYLOAD_TYPE + number;
	return { index, track, payloadType, ssrc: stream.ssrc(index), rtx: undefined };
}

function taker(sending: Sending, stream: Stream, lines: readonly ViewerTrack[]): Taker {
	let carrier: AloneCarrier | undefined;
	let timer: NodeJS.Timeout | undefined;
	let ended: string | undefined;
	const now = (): number => performance.now();
	const close = (reason: string): void => {
		ended ??= reason;
		sending.close();
	};
	const start = (reader: Reader): void => {
		const tracks = lines.map((track) => ({ track, first: FIRST_SEQUENCE }));
		const bySource = new Map(lines.map(({ ssrc }, number) => [ssrc, number]));
		const send = (packet: Uint8Array): void => {
			const number = bySource.get(rtpSsrc(packet, 0));
			sending.send(Buffer.from(packet), number);
		};
		const own = new AloneCarrier(reader, { send }, tracks, plain, now);
		carrier = own;
		const tick = (): void => {
			if (stream.intakes.some(({ reordered }) => reordered)) close(B_FRAMES);
			for (const [number, track] of lines.entries()) {
				const report = senderReport(stream, track, own.sent(track), now());
				if (report) sending.send(Buffer.from(report), number);
			}
		};
		own.pump(now());
		tick();
		timer = setInterval(tick, TICK_MS);
	};
	const over = (reason: string): string => {
		clearInterval(timer);
		carrier?.close();
		return ended ?? reason;
	};
	return { closed: sending.closed.then(over), close, start, pump: (at) => carrier?.pump(at) };
}
