import { writeAv1Config, writeAvcConfig, writeHevcConfig, writeVp9Config } from "./flv-configs.ts";
import type { PictureConfig } from "./picture-config.ts";

/*
 * The boxes of MP4 files that are written once a stream or a picture (ISO/IEC 14496-12). Pure.
 */

export function u8(...values: number[]): Buffer {
	return Buffer.from(values);
}

export function u16(...values: number[]): Buffer {
	const out = Buffer.alloc(values.length * 2);
	for (const [i, value] of values.entries()) out.writeUInt16BE(value, i * 2);
	return out;
}

export function u32(...values: number[]): Buffer {
	const out = Buffer.alloc(values.length * 4);
	for (const [i, value] of values.entries()) out.writeUInt32BE(value, i * 4);
	return out;
}

export function zeros(length: number): Buffer {
	return Buffer.alloc(length);
}

/** ISO/IEC 14496-12 section 4.2: a size of 32 bits, a type of four characters, the content. */
export function box(type: string, ...content: Uint8Array[]): Buffer {
	const body = Buffer.concat(content);
	return Buffer.concat([u32(body.length + 8), Buffer.from(type, "latin1"), body]);
}

/** A box with version 0 and flags. */
export function full(type: string, flags: number, ...content: Uint8Array[]): Buffer {
	return box(type, u32(flags), ...content);
}

const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** `duration` in milliseconds; 0 for one that has no end. */
export function movieHeader(duration: number, nextTrack: number): Buffer {
	return full(
		"mvhd",
		0,
		u32(0, 0, 1000, duration, 0x10000),
		u16(0x100, 0),
		u32(0, 0),
		matrix,
		zeros(24),
		u32(nextTrack),
	);
}

/** `width` and `height` are 0 for sound. */
export function trackHeader(id: number, duration: number, width: number, height: number): Buffer {
	const volume = width === 0 ? 0x100 : 0;
	const place = [zeros(8), u16(0, 0, volume, 0)];
	return full("tkhd", 3, u32(0, 0, id, 0, duration), ...place, matrix, u32(width * 0x10000, height * 0x10000));
}

/** What kind of track it is, its time scale, and the box `stbl` with what describes its samples. */
export function media(kind: "video" | "audio", timescale: number, duration: number, table: Buffer): Buffer {
	const type = Buffer.from(kind === "video" ? "vide" : "soun");
	const handler = full("hdlr", 0, u32(0), type, zeros(12), Buffer.from("vedette\0"));
	const header = kind === "video" ? full("vmhd", 1, zeros(8)) : full("smhd", 0, zeros(4));
	const data = box("dinf", full("dref", 0, u32(1), full("url ", 1)));
	const information = box("minf", header, data, table);
	return box("mdia", full("mdhd", 0, u32(0, 0, timescale, duration), u16(0x55c4, 0)), handler, information);
}

/**
 * The sample entry `avc1` or `hvc1` (ISO/IEC 14496-15 sections 5.4.2.1 and 8.4.1.1), `av01` (av1-isobmff section 2.2) or
 * `vp09` ("VP Codec ISO Media File Format Binding", section 2.3).
 */
export function pictureEntry(config: PictureConfig): Buffer {
	const { width, height } = config.format;
	const common = [zeros(6), u16(1), zeros(16), u16(width, height), u32(0x480000, 0x480000, 0), u16(1)];
	const [type, description] = descriptionOf(config);
	return box(type, ...common, zeros(32), u16(0x18, 0xffff), description);
}

function descriptionOf(config: PictureConfig): readonly [type: string, description: Buffer] {
	switch (config.codec) {
		case "h264":
			return ["avc1", box("avcC", writeAvcConfig(config.sets))];
		case "h265":
			return ["hvc1", box("hvcC", writeHevcConfig(config.sets))];
		case "av1":
			return ["av01", box("av1C", writeAv1Config(config.format, config.header))];
		case "vp9":
			return ["vp09", box("vpcC", u32(0x01000000), writeVp9Config(config.format))];
	}
}
