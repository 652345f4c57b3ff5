import assert from "node:assert/strict";
import type { Frame } from "../../../src/media/frame.ts";
import type { Track } from "../../../src/media/track.ts";
import { Fmp4Muxer } from "../../../src/wire/fmp4-muxer.ts";
import { readFragments } from "../../../src/wire/fmp4-reader.ts";
import { type Mp4Init, readInit } from "../../../src/wire/fmp4-tracks.ts";
import { MpegTsReader } from "../../../src/wire/mpegts.ts";
import { MpegTsWriter } from "../../../src/wire/mpegts-mux.ts";
import { h264Track } from "../../support/tracks.ts";
import { inPieces, type Target } from "../target.ts";

const sps = Buffer.from("6742c01ed903c568400000030040000000c038b192", "hex");
const pps = Buffer.from("68cb83cb20", "hex");
const video = h264Track("packetization-mode=1");
const sound = { ...video, kind: "audio", clockRate: 48_000, channels: 2 } as const;
const aac: Track = { ...sound, codec: "aac", encoding: "MPEG4-GENERIC", fmtp: "mode=AAC-hbr;config=1190" };
const opus: Track = { ...sound, codec: "opus", encoding: "opus", fmtp: "sprop-stereo=1" };
const tracks = [video, aac, opus];

/** Some pictures and sounds. */
function* film(): Iterable<Frame> {
	for (let n = 0; n < 6; n++) {
		const key = n % 3 === 0;
		const picture = Buffer.from([key ? 0x65 : 0x41, 0x88, n, 1, 2, 3]);
		yield { track: 0, pts: n * 3000, key, units: key ? [sps, pps, picture] : [picture] };
		yield { track: 1, pts: n * 1024, key: true, units: [Buffer.of(n, 1, 2, 3)] };
		yield { track: 2, pts: n * 960, key: true, units: [Buffer.of(0xfc, n, 7)] };
	}
}

const frameMs = ({ track, pts }: Frame): number => (pts * 1000) / tracks[track]!.clockRate;

function transportStream(indices: readonly number[]): Buffer {
	const writer = new MpegTsWriter(
		tracks.map((track, index) => (indices.includes(index) ? track : undefined)),
		() => [sps, pps],
	);
	return Buffer.concat([...film()].map((frame) => writer.frame(frame, frameMs(frame), frameMs(frame))));
}

const MAX_FRAME_BYTES = 4000;

const mpegts: Target = {
	corpus: [transportStream([0, 1]), transportStream([0, 2]), transportStream([1])],
	errors: [],
	take: (input) => {
		let told: readonly Track[] = [];
		const reader = new MpegTsReader(
			{
				onTracks: (all) => {
					told = all;
				},
				onFrame: ({ track, pts, units }) => {
					assert.ok(told[track] && Number.isSafeInteger(pts));
					assert.ok(units.every((unit) => unit.length <= MAX_FRAME_BYTES));
				},
			},
			MAX_FRAME_BYTES,
		);
		inPieces(input, (piece) => reader.push(piece));
	},
};

function muxed(indices: readonly number[]): { init: Buffer; fragments: Buffer } {
	const muxer = new Fmp4Muxer({ offered: tracks, frameMs, intakes: [] }, indices, []);
	let init: Buffer = Buffer.alloc(0);
	const fragments: Buffer[] = [];
	for (const frame of film()) {
		if (!indices.includes(frame.track)) continue;
		init = muxer.beginning(frame)?.init ?? init;
		fragments.push(muxer.fragment(frame, 0) ?? Buffer.alloc(0));
	}
	return { init, fragments: Buffer.concat(fragments) };
}

const movies = [muxed([0, 1]), muxed([0, 2])];

/** Reading behind the end of a box is an error of the buffer's own. */
const errors = [Error, RangeError];

const fmp4Init: Target = {
	corpus: movies.map(({ init }) => init),
	errors,
	take: (input) => {
		for (const { timescale, shift } of readInit(input).tracks) assert.ok(timescale > 0 && Number.isFinite(shift));
	},
};

const known: readonly Mp4Init[] = movies.map(({ init }) => readInit(init));

const fmp4: Target = {
	corpus: movies.map(({ fragments }) => fragments),
	errors,
	take: (input) => {
		for (const init of known) {
			let frames = 0;
			for (const { track, pts, units } of readFragments(init, input)) {
				assert.ok(init.tracks[track] && Number.isFinite(pts));
				assert.ok(units.every((unit) => unit.length <= input.length + 64));
				frames++;
			}
			assert.ok(frames <= 100_000);
		}
	},
};

/** Formats that hold streams. */
export const containerTargets: Readonly<Record<string, Target>> = { mpegts, "fmp4-init": fmp4Init, fmp4 };
