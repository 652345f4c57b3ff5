import type { Frame } from "../media/frame.ts";
import { splitUnits } from "./decoder-config.ts";
import { type Box, boxes, Fields } from "./fmp4-boxes.ts";
import type { Mp4Init, Mp4Track, SampleDefaults } from "./fmp4-tracks.ts";

/*
 * Takes the frames out of movie fragments (ISO/IEC 14496-12 section 8.8). Pure; what does not add up is an Error.
 */

/** Most samples of one run. */
const MAX_SAMPLES = 100_000;
/** `sample_is_non_sync_sample`. */
const NOT_SYNC = 0x10000;

/** Where the next run's data are, and when they are decoded. */
interface Place {
	readonly track: Mp4Track;
	readonly index: number;
	readonly defaults: SampleDefaults;
	/** What data offsets count from. */
	readonly base: number;
	at: number;
	/** Ticks of the track. */
	time: number;
}

/** The frames of a media segment, of each track in the order of decoding; `track` is the index in `init.tracks`. */
export function* readFragments(init: Mp4Init, bytes: Buffer): Iterable<Frame> {
	for (const { type, body, at } of boxes(bytes)) {
		if (type !== "moof") continue;
		for (const inner of boxes(body)) if (inner.type === "traf") yield* readTrackFragment(init, bytes, at, inner.body);
	}
}

function* readTrackFragment(init: Mp4Init, bytes: Buffer, moof: number, traf: Buffer): Iterable<Frame> {
	let place: Place | undefined;
	for (const box of boxes(traf)) {
		if (box.type === "tfhd") place = placeOf(init, moof, box);
		if (!place) continue;
		if (box.type === "tfdt") place.time = new Fields(box).long();
		if (box.type === "trun") yield* readRun(place, bytes, box);
	}
}

/** Section 8.8.7; undefined for a track that is not read. */
function placeOf({ tracks }: Mp4Init, moof: number, box: Box): Place | undefined {
	const fields = new Fields(box);
	const { flags } = fields;
	const id = fields.u32();
	const index = tracks.findIndex((track) => track.id === id);
	const track = tracks[index];
	if (!track) return undefined;
	const base = flags & 1 ? fields.u64() : moof;
	if (flags & 2) fields.skip(4);
	const { defaults } = track;
	const duration = flags & 8 ? fields.u32() : defaults.duration;
	const size = flags & 0x10 ? fields.u32() : defaults.size;
	const own = flags & 0x20 ? fields.u32() : defaults.flags;
	return { track, index, base, at: base, time: 0, defaults: { duration, size, flags: own } };
}

/** Section 8.8.8. */
function* readRun(place: Place, bytes: Buffer, box: Box): Iterable<Frame> {
	const fields = new Fields(box);
	const { flags } = fields;
	const count = fields.u32();
	if (count > MAX_SAMPLES) throw new Error(`a run of ${count} samples, at most ${MAX_SAMPLES} are read`);
	if (flags & 1) place.at = place.base + fields.i32();
	const first = flags & 4 ? fields.u32() : undefined;
	const { defaults } = place;
	for (let i = 0; i < count; i++) {
		const duration = flags & 0x100 ? fields.u32() : defaults.duration;
		const size = flags & 0x200 ? fields.u32() : defaults.size;
		const told = flags & 0x400 ? fields.u32() : defaults.flags;
		const offset = flags & 0x800 ? fields.i32() : 0;
		const frame = readSample(place, bytes, size, offset, ((i === 0 ? first : undefined) ?? told) & NOT_SYNC);
		place.at += size;
		place.time += duration;
		if (frame) yield frame;
	}
}

function readSample(
	{ track, index, at, time }: Place,
	bytes: Buffer,
	size: number,
	offset: number,
	notSync: number,
): Frame | undefined {
	if (at < 0 || at + size > bytes.length)
		throw new Error(`a sample that ends at ${at + size} of ${bytes.length} bytes`);
	const { description, timescale, shift } = track;
	const { clockRate, kind } = description.track;
	const key = kind !== "video" || notSync === 0;
	const units = splitUnits(description, bytes.subarray(at, at + size), key);
	if (size === 0 || !units || units.length === 0) return undefined;
	const ticks = (value: number): number => Math.round(((value + shift) * clockRate) / timescale);
	const pts = ticks(time + offset);
	const dts = ticks(time);
	return { track: index, pts, ...(kind === "video" && dts !== pts && { dts }), key, units };
}
