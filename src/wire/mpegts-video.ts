import { H264_IDR, H264_PPS, H264_SLICE, H264_SPS } from "../media/h264.ts";
import { H265_BLA_W_LP, H265_CRA, H265_PPS, H265_SPS, H265_VPS, h265Type } from "../media/h265.ts";
import type { Track } from "../media/track.ts";
import type { Elementary, OnUnits } from "./mpegts-elementary.ts";
import { h264Fmtp, h265Fmtp } from "./sprop.ts";

const START_CODE = Buffer.of(0, 0, 1);
const CLOCK_RATE = 90_000;
/** A stream without key frames (refreshed bit by bit) goes on so long after a loss. */
const KEY_WAIT_TICKS = 10 * CLOCK_RATE;
/** Units that come without a picture and wait for theirs. */
const MAX_WAITING_UNITS = 32;

/** What differs between the two codecs. */
interface Kind {
	readonly codec: "h264" | "h265";
	readonly encoding: string;
	/** The parameter sets, in the order in which `fmtp` wants them. */
	readonly sets: readonly number[];
	type(first: number): number;
	isPicture(type: number): boolean;
	isKey(type: number): boolean;
	/** Delimiters and filler, which packets have no use for. */
	isIdle(type: number): boolean;
	fmtp(sets: readonly Uint8Array[]): string;
}

/** H.264 table 7-1. */
const h264: Kind = {
	codec: "h264",
	encoding: "H264",
	sets: [H264_SPS, H264_PPS],
	type: (first) => first & 0x1f,
	isPicture: (type) => type >= H264_SLICE && type <= H264_IDR,
	isKey: (type) => type === H264_IDR,
	isIdle: (type) => type === 9 || type === 12,
	fmtp: ([sps, pps]) => h264Fmtp(sps!, pps!),
};

/** H.265 table 7-1. */
const h265: Kind = {
	codec: "h265",
	encoding: "H265",
	sets: [H265_VPS, H265_SPS, H265_PPS],
	type: h265Type,
	isPicture: (type) => type < 32,
	isKey: (type) => type >= H265_BLA_W_LP && type <= H265_CRA,
	isIdle: (type) => type === 35 || type === 38,
	fmtp: ([vps, sps, pps]) => h265Fmtp(vps!, sps!, pps!),
};

/** The NAL units between the start codes of a byte stream (H.264 and H.265 annex B). */
function splitUnits(data: Buffer): Buffer[] {
	const units: Buffer[] = [];
	let from = data.indexOf(START_CODE);
	while (from >= 0) {
		const next = data.indexOf(START_CODE, from + 3);
		let end = next < 0 ? data.length : next;
		while (end > from + 3 && data[end - 1] === 0) end--;
		if (end > from + 3) units.push(data.subarray(from + 3, end));
		from = next;
	}
	return units;
}

/** Pictures of H.264 or H.265. After a loss nothing passes until the next key frame. */
export class TsVideo implements Elementary {
	track: Track | undefined;
	readonly #kind: Kind;
	readonly #emit: OnUnits;
	readonly #sets = new Map<number, Buffer>();
	#waiting: Buffer[] = [];
	#lost = true;
	#lostAt: number | undefined;

	constructor(codec: "h264" | "h265", emit: OnUnits) {
		this.#kind = codec === "h264" ? h264 : h265;
		this.#emit = emit;
	}

	lose(): void {
		this.#waiting = [];
		if (this.#lost) return;
		this.#lost = true;
		this.#lostAt = undefined;
	}

	unit(data: Buffer, ticks: number): void {
		const kind = this.#kind;
		let picture = false;
		let key = false;
		for (const unit of splitUnits(data)) {
			const type = kind.type(unit[0]!);
			if (kind.isIdle(type)) continue;
			if (kind.sets.includes(type)) this.#sets.set(type, Buffer.from(unit));
			picture ||= kind.isPicture(type);
			key ||= kind.isKey(type);
			this.#waiting.push(unit);
		}
		if (!picture && this.#waiting.length < MAX_WAITING_UNITS) return;
		const units = this.#waiting;
		this.#waiting = [];
		if (picture && this.#passes(key, ticks)) this.#emit(units, ticks, key);
	}

	#passes(key: boolean, ticks: number): boolean {
		if (key) {
			this.track ??= this.#describe();
			this.#lost = false;
		} else if (this.#lost) {
			this.#lostAt ??= ticks;
			this.#lost = ticks - this.#lostAt <= KEY_WAIT_TICKS;
		}
		return !this.#lost && this.track !== undefined;
	}

	#describe(): Track | undefined {
		const { codec, encoding, sets, fmtp } = this.#kind;
		const known = sets.map((type) => this.#sets.get(type)).filter((set) => set !== undefined);
		if (known.length < sets.length) return undefined;
		return { kind: "video", codec, encoding, clockRate: CLOCK_RATE, channels: 0, payloadType: 96, fmtp: fmtp(known) };
	}
}
