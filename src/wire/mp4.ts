import type { Frame } from "../media/frame.ts";
import { box, full, media, movieHeader, pictureEntry, trackHeader, u32 } from "./mp4-boxes.ts";
import { hasLengths, type PictureConfig, sampleUnits } from "./picture-config.ts";

const TIMESCALE = 1000;
const DURATION = 1000;

/**
 * One picture, and what a decoder must know before it, as an MP4 file that any browser shows: the relay has no decoder. A plain file, the sample after its
 * description (ISO/IEC 14496-12 and 14496-15).
 */
export function stillMp4(config: PictureConfig, frame: Frame): Buffer {
	const { width, height } = config.format;
	const units = sampleUnits(config.codec, frame.units);
	const sample = Buffer.concat(hasLengths(config.codec) ? units.flatMap((unit) => [u32(unit.length), unit]) : units);
	const ftyp = box("ftyp", Buffer.from("isom"), u32(0x200), Buffer.from("isomiso2avc1mp41"));
	const build = (offset: number): Buffer => {
		const track = box("trak", trackHeader(1, DURATION, width, height), describe(config, sample.length, offset));
		return box("moov", movieHeader(DURATION, 2), track);
	};
	const offset = ftyp.length + build(0).length + 8;
	return Buffer.concat([ftyp, build(offset), box("mdat", sample)]);
}

function describe(config: PictureConfig, size: number, offset: number): Buffer {
	const table = box(
		"stbl",
		full("stsd", 0, u32(1), pictureEntry(config)),
		full("stts", 0, u32(1, 1, DURATION)),
		full("stsc", 0, u32(1, 1, 1, 1)),
		full("stsz", 0, u32(0, 1, size)),
		full("stco", 0, u32(1, offset)),
	);
	return media("video", TIMESCALE, DURATION, table);
}
