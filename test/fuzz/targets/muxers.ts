import assert from "node:assert/strict";
import type { Frame } from "../../../src/media/frame.ts";
import type { Track } from "../../../src/media/track.ts";
import { MediaWriter } from "../../../src/protocols/rtmp/media-writer.ts";
import { Fmp4Muxer } from "../../../src/wire/fmp4-muxer.ts";
import { MpegTsWriter } from "../../../src/wire/mpegts-mux.ts";
import { payloadOf } from "../../../src/wire/payload/payload.ts";
import type { Target } from "../target.ts";

/*
 * What publishers send becomes what readers get: no unit, however odd or large, may break a muxer. An input is a list of
 * units: a byte with the track and "a new frame begins" and "key", a byte that says how often the unit's bytes are
 * repeated, two bytes of length, the bytes.
 */

const base = { kind: "video", clockRate: 90_000, channels: 0, payloadType: 96, fmtp: "" } as const;
const sound = { ...base, kind: "audio", clockRate: 48_000, channels: 2 } as const;
const tracks: readonly Track[] = [
	{ ...base, codec: "h264", encoding: "H264" },
	{ ...base, codec: "h265", encoding: "H265" },
	{ ...base, codec: "av1", encoding: "AV1" },
	{ ...sound, codec: "aac", encoding: "MPEG4-GENERIC", fmtp: "mode=AAC-hbr;config=1190" },
	{ ...sound, codec: "opus", encoding: "opus", fmtp: "sprop-stereo=1" },
	{ ...base, codec: "vp9", encoding: "VP9" },
];

const FRESH = 0x80;
const KEY = 0x40;
const HEAD_BYTES = 4;

function record(track: number, flags: number, hex: string, repeated = 0): Buffer {
	const unit = Buffer.from(hex, "hex");
	const head = Buffer.of(track | flags, repeated, unit.length >> 8, unit.length & 0xff);
	return Buffer.concat([head, unit]);
}

const key = FRESH | KEY;
const film = Buffer.concat([
	...[record(0, key, "6742c01ed903c568400000030040000000c038b192"), record(0, 0, "68cb83cb20"), record(0, 0, "658801")],
	...[record(3, key, "01020304"), record(4, key, "fc0102"), record(0, FRESH, "418801", 6)],
	...[record(1, key, "40010c01ffff016000000300900000030000"), record(1, 0, "42010101600000030090000003000003005da0")],
	...[record(1, 0, "4401c172b46240"), record(1, 0, "2601aabb"), record(2, key, "0a0b000000043cffbc02f800403201ff")],
	...[record(2, FRESH, "3201fe"), record(5, key, "824983420014100b5606"), record(5, FRESH, "8600", 6)],
]);

/** Of all units together. */
const MOST_BYTES = 262_144;
const MOST_FRAMES = 400;

function framesOf(input: Buffer): Frame[] {
	const frames: { track: number; pts: number; key: boolean; units: Uint8Array[] }[] = [];
	let left = MOST_BYTES;
	for (let at = 0; at + HEAD_BYTES < input.length && left > 0 && frames.length < MOST_FRAMES; ) {
		const [flags, repeated] = [input[at]!, input[at + 1]!];
		const end = at + HEAD_BYTES + input.readUInt16BE(at + 2);
		const bytes = input.subarray(at + HEAD_BYTES, end);
		at = end;
		if (bytes.length === 0) continue;
		const size = Math.min(left, bytes.length * 2 ** (repeated & 7));
		left -= size;
		const unit = Buffer.alloc(size, bytes);
		const last = frames.at(-1);
		if (last && !(flags & FRESH)) last.units.push(unit);
		else
			frames.push({
				track: (flags & 7) % tracks.length,
				pts: frames.length * 1000,
				key: !!(flags & KEY),
				units: [unit],
			});
	}
	return frames;
}

const frameMs = ({ track, pts }: Frame): number => (pts * 1000) / tracks[track]!.clockRate;

/** One picture and one sound each, as readers take them. */
const choices: readonly (readonly number[])[] = [
	[0, 3],
	[1, 4],
	[2, 3],
	[5, 4],
];

const muxers: Target = {
	corpus: [film, Buffer.concat([film, film])],
	errors: [],
	take: (input) => {
		const frames = framesOf(input);
		const rtmp = new MediaWriter(1, tracks);
		for (const taken of choices) {
			const chosen = tracks.map((track, index) => (taken.includes(index) ? track : undefined));
			const mp4 = new Fmp4Muxer({ offered: tracks, frameMs, intakes: [] }, taken, frames);
			const transport = new MpegTsWriter(chosen, () => []);
			for (const frame of frames) {
				if (!taken.includes(frame.track)) continue;
				mp4.beginning(frame);
				mp4.fragment(frame, frame.pts);
				assert.equal(transport.frame(frame, frameMs(frame), frameMs(frame)).length % 188, 0);
			}
		}
		for (const frame of frames) {
			rtmp.frame(frame, { dts: frame.pts, pts: frame.pts });
			payloadOf(tracks[frame.track]!.codec)?.(frame.units, 1200, (payload) => assert.ok(payload.length <= 1200));
		}
		rtmp.begin();
	},
};

/** What is written for readers of what publishers send. */
export const muxerTargets: Readonly<Record<string, Target>> = { muxers };
