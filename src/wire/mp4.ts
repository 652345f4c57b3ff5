import { box, full, media, movieHeader, type PictureConfig, pictureEntry, trackHeader, u32 } from "./mp4-boxes.ts";

/** A picture and what a decoder must know before it. */
export interface StillPicture extends PictureConfig {
	/** The NAL units of the access unit, without start codes. */
	readonly units: readonly Uint8Array[];
}

const TIMESCALE = 1000;
const DURATION = 1000;

/**
 * One picture as an MP4 file that any browser shows: the relay has no decoder. A plain file, the sample after its
 * description (ISO/IEC 14496-12 and 14496-15).
 */
export function stillMp4(picture: StillPicture): Buffer {
	const { width, height } = picture.format;
	const sample = Buffer.concat(picture.units.flatMap((unit) => [u32(unit.length), unit]));
	const ftyp = box("ftyp", Buffer.from("isom"), u32(0x200), Buffer.from("isomiso2avc1mp41"));
	const build = (offset: number): Buffer => {
		const track = box("trak", trackHeader(1, DURATION, width, height), describe(picture, sample.length, offset));
		return box("moov", movieHeader(DURATION, 2), track);
	};
	const offset = ftyp.length + build(0).length + 8;
	return Buffer.concat([ftyp, build(offset), box("mdat", sample)]);
}

function describe(picture: StillPicture, size: number, offset: number): Buffer {
	const table = box(
		"stbl",
		full("stsd", 0, u32(1), pictureEntry(picture)),
		full("stts", 0, u32(1, 1, DURATION)),
		full("stsc", 0, u32(1, 1, 1, 1)),
		full("stsz", 0, u32(0, 1, size)),
		full("stco", 0, u32(1, offset)),
	);
	return media("video", TIMESCALE, DURATION, table);
}
