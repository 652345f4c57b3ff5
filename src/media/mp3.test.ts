import assert from "node:assert/strict";
import { test } from "node:test";
import { readMp3Head } from "./mp3.ts";

const table: [string, string, ReturnType<typeof readMp3Head>][] = [
	["MPEG 1, 128 kbit/s, joint stereo", "fffb9064", { sampleRate: 44_100, channels: 2, samples: 1152 }],
	["MPEG 1, 48 kHz, mono, with a checksum", "fffa54c4", { sampleRate: 48_000, channels: 1, samples: 1152 }],
	["MPEG 2, 22 kHz", "fff38064", { sampleRate: 22_050, channels: 2, samples: 576 }],
	["MPEG 2.5, 8 kHz", "ffe388c4", { sampleRate: 8000, channels: 1, samples: 576 }],
	["layer II", "fffd9064", undefined],
	["a version that is none", "ffeb9064", undefined],
	["a rate that is none", "fffb9c64", undefined],
	["free format", "fffb0064", undefined],
	["ADTS", "fff15080", undefined],
	["cut off", "fffb90", undefined],
];

for (const [name, hex, head] of table) {
	test(name, () => assert.deepEqual(readMp3Head(Buffer.from(hex, "hex")), head));
}
