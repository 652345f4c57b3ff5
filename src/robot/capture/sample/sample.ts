import { readFileSync } from "node:fs";
import { type Capture, type CaptureEvents, type CaptureSettings, VIDEO_CLOCK_HZ } from "../capture.ts";
import { pace } from "../pace.ts";
import { type AccessUnit, groupAccessUnits, splitAnnexB, UnitShaper, videoTrack } from "../units.ts";

/** The picture rate of sample.h264, as scripts/sample/make-sample.ts made it. */
const SAMPLE_FPS = 15;

interface Sample {
	readonly pictures: readonly AccessUnit[];
	readonly fmtp: string;
}

let loaded: Sample | undefined;

function load(): Sample {
	const shaper = new UnitShaper();
	const units = splitAnnexB(readFileSync(new URL("./sample.h264", import.meta.url)));
	const pictures = groupAccessUnits(units).flatMap((unit) => shaper.shape(unit) ?? []);
	return { pictures, fmtp: shaper.fmtp };
}

/**
 * Plays the sample over and over, with timestamps that run on: pictures for a machine without GStreamer and ffmpeg. Its
 * size, rate and bitrate are what they are, and the time in the picture is the time within the sample.
 */
export function startSample(_settings: CaptureSettings, events: CaptureEvents): Capture {
	loaded ??= load();
	const { pictures, fmtp } = loaded;
	let next = 0;
	const stop = pace(SAMPLE_FPS, (n) => {
		const picture = pictures[next % pictures.length]!;
		next += 1;
		events.onFrame({ track: 0, pts: Math.round((n * VIDEO_CLOCK_HZ) / SAMPLE_FPS), ...picture });
	});
	return {
		track: videoTrack(fmtp),
		setBitrate: () => undefined,
		// It has no encoder to ask: it goes on at its next key frame instead.
		requestKeyFrame: () => {
			while (!pictures[next % pictures.length]!.key) next += 1;
		},
		stop: () => Promise.resolve(stop()),
	};
}
