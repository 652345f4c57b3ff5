/** Heads of MP3 frames: MPEG audio layer III (ISO/IEC 11172-3 section 2.4.2.3, ISO/IEC 13818-3). Pure. */

const MP3_HEAD_BYTES = 4;

/** What a frame's head says. */
export interface Mp3Head {
	/** Hz. */
	readonly sampleRate: number;
	readonly channels: number;
	/** Of each channel. */
	readonly samples: number;
}

const LAYER_3 = 1;
/** By the two bits of the version: MPEG 2.5, none, MPEG 2, MPEG 1. */
const rates: readonly (readonly number[])[] = [
	[11_025, 12_000, 8000],
	[],
	[22_050, 24_000, 16_000],
	[44_100, 48_000, 32_000],
];
const MPEG_1 = 3;
const MONO = 3;
/** "Free format" and what is forbidden: no player reads them. */
const badBitrates = [0, 15];

/** Reads the head of a frame; undefined where there is none of layer III. */
export function readMp3Head(bytes: Uint8Array): Mp3Head | undefined {
	if (bytes.length < MP3_HEAD_BYTES || bytes[0] !== 0xff || (bytes[1]! & 0xe0) !== 0xe0) return undefined;
	const version = (bytes[1]! >> 3) & 3;
	const sampleRate = rates[version]![(bytes[2]! >> 2) & 3];
	if (((bytes[1]! >> 1) & 3) !== LAYER_3 || !sampleRate || badBitrates.includes(bytes[2]! >> 4)) return undefined;
	const channels = bytes[3]! >> 6 === MONO ? 1 : 2;
	return { sampleRate, channels, samples: version === MPEG_1 ? 1152 : 576 };
}
