import { pathSettings } from "../../../src/config/path-schema.ts";
import { Hub } from "../../../src/hub/hub.ts";
import type { Reader } from "../../../src/hub/reader.ts";
import { parsePathName } from "../../../src/media/path-name.ts";
import type { Codec, Track } from "../../../src/media/track.ts";
import { Pool } from "../../../src/net/pool.ts";
import { MediaWriter } from "../../../src/protocols/rtmp/media-writer.ts";
import { Fmp4Muxer } from "../../../src/wire/fmp4-muxer.ts";
import { MpegTsWriter } from "../../../src/wire/mpegts-mux.ts";
import { payloadOf } from "../../../src/wire/payload/payload.ts";
import { writeRtpHeader } from "../../../src/wire/rtp.ts";
import type { Target } from "../target.ts";

/*
 * Packets of a publisher through the whole hub, to readers of packets and to readers of frames who write them in every
 * format. An input is a list of packets: a byte with the track and the marker, one with steps of sequence number and
 * timestamp, two of length, the payload.
 */

const name = parsePathName("fuzz")!;
const video = { kind: "video", clockRate: 90_000, channels: 0, fmtp: "" } as const;
const sound = { ...video, kind: "audio", clockRate: 48_000, channels: 2 } as const;
const aacFormat = "mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1190";
const tracks: readonly Track[] = [
	{ ...video, codec: "h264", encoding: "H264", payloadType: 96 },
	{ ...video, codec: "h265", encoding: "H265", payloadType: 97 },
	{ ...sound, codec: "aac", encoding: "MPEG4-GENERIC", payloadType: 98, fmtp: aacFormat },
	{ ...sound, codec: "opus", encoding: "opus", payloadType: 99, fmtp: "sprop-stereo=1" },
];

const MARKER = 0x80;
const HEAD_BYTES = 4;
const HEADER_BYTES = 12;
/** Behind the header, so that large units are cut into fragments. */
const PAYLOAD_BYTES = 200;

const hex = (text: string): Buffer => Buffer.from(text, "hex");
const units: readonly (readonly [track: number, codec: Codec, units: readonly Buffer[]])[] = [
	[0, "h264", [hex("6742c01ed903c568400000030040000000c038b192"), hex("68cb83cb20"), Buffer.alloc(500, hex("6588"))]],
	[2, "aac", [hex("01020304")]],
	[0, "h264", [hex("418801")]],
	[1, "h265", [hex("40010c01ffff016000000300900000030000"), hex("42010101600000030090000003000003005da0")]],
	[1, "h265", [hex("4401c172b46240"), Buffer.alloc(500, hex("2601aabb"))]],
	[3, "opus", [hex("fc0102")]],
	[0, "h264", [hex("6742c01ed903c568400000030040000000c038b192"), hex("68cb83cb20"), hex("658899")]],
];

function packets(): Buffer {
	const out: Buffer[] = [];
	for (const [track, codec, unit] of units) {
		payloadOf(codec)!(unit, PAYLOAD_BYTES, (payload, last) => {
			const step = last ? 0x11 : 0x10;
			out.push(
				Buffer.of(track | (last ? MARKER : 0), step, payload.length >> 8, payload.length & 0xff),
				Buffer.from(payload),
			);
		});
	}
	return Buffer.concat(out);
}

let now = 0;
/** What is to be done later, which is when the input is through. */
const due = new Set<() => void>();
const after = (_ms: number, call: () => void) => {
	due.add(call);
	return () => due.delete(call);
};
const clock = { now: () => now, unix: () => now, after };
const settings = pathSettings.parse({ maxFrameSize: "64 KiB" });
const pool = new Pool(32 * 1024 * 1024);
const hub = new Hub({ pool, clock, maxPaths: 10, settings: () => ({ key: "all_others", settings }) });
const who = { type: "test", id: "t", remoteAddress: "", identity: "", user: "" };
const onEnd = (): void => undefined;

/** A reader of frames that writes them as MP4, RTMP and a transport stream. */
function readFrames(taken: readonly number[]): void {
	const stream = hub.find(name);
	const chosen = tracks.map((track, index) => (taken.includes(index) ? track : undefined));
	const sets = (track: number) => stream.intakes[track]?.sets?.units ?? [];
	const mp4 = new Fmp4Muxer(stream, taken, []);
	const rtmp = new MediaWriter(1, chosen, sets);
	const transport = new MpegTsWriter(chosen, sets);
	const onFrame = (reader: Reader): void => {
		for (let frame = reader.nextFrame(); frame; frame = reader.nextFrame()) {
			const ms = stream.frameMs(frame);
			mp4.beginning(frame);
			mp4.fragment(frame, now);
			rtmp.frame(frame, { dts: Math.max(0, Math.round(ms)), pts: Math.max(0, Math.round(ms)) });
			transport.frame(frame, ms, ms);
			reader.sentFrame(frame, 1, now);
		}
	};
	hub.read(name, taken, who, { onEnd, onFrame });
}

const stream: Target = {
	corpus: [packets(), Buffer.concat([packets(), packets()])],
	errors: [],
	take: (input) => {
		const publication = hub.publish(name, tracks, who, { onEnd });
		hub.read(name, [...tracks.keys()], who, {
			onEnd,
			onPackets: (reader, at) => {
				if (reader.take(at)) reader.sent(reader.to, 1, at);
			},
		});
		readFrames([0, 2]);
		readFrames([1, 3]);
		const counts = tracks.map(() => ({ sequence: 65_530, timestamp: 2 ** 32 - 10_000 }));
		for (let at = 0; at + HEAD_BYTES < input.length; ) {
			const [flags, steps] = [input[at]!, input[at + 1]!];
			const end = at + HEAD_BYTES + input.readUInt16BE(at + 2);
			const payload = input.subarray(at + HEAD_BYTES, end);
			at = end;
			const index = (flags & 7) % tracks.length;
			const count = counts[index]!;
			count.sequence += steps >> 4;
			const packet = Buffer.concat([Buffer.alloc(HEADER_BYTES), payload]);
			const { payloadType } = tracks[index]!;
			writeRtpHeader(packet, 0, payloadType, (flags & MARKER) !== 0, count.sequence, count.timestamp % 2 ** 32, 1);
			count.timestamp += (steps & 0x0f) * 3000;
			now += 5;
			publication.packet(index, packet, 0, packet.length);
		}
		hub.close("over");
		for (const call of due) call();
		due.clear();
	},
};

/** The way through the hub. */
export const streamTargets: Readonly<Record<string, Target>> = { stream };
