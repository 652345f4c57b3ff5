import { H264_PPS, H264_SPS, h264ParameterSets, parseH264Sps, type VideoFormat } from "../media/h264.ts";
import { H265_PPS, H265_SPS, H265_VPS, h265ParameterSets, h265Type, parseH265Sps } from "../media/h265.ts";
import type { Codec, Track } from "../media/track.ts";

/** What differs between the two codecs that have parameter sets. */
interface Kind {
	/** In the order in which a decoder wants them. */
	readonly types: readonly number[];
	readonly sps: number;
	readonly unitHeader: number;
	readonly aggregate: number;
	/** Header of an aggregation packet (RFC 6184 section 5.7.1, RFC 7798 section 4.4.2). */
	readonly header: readonly number[];
	type(first: number): number;
	announced(fmtp: string): Uint8Array[];
	format(sps: Uint8Array): VideoFormat | undefined;
}

const kinds: Readonly<Partial<Record<Codec, Kind>>> = {
	h264: {
		types: [H264_SPS, H264_PPS],
		sps: H264_SPS,
		unitHeader: 1,
		aggregate: 24,
		header: [0x78],
		type: (first) => first & 0x1f,
		announced: h264ParameterSets,
		format: parseH264Sps,
	},
	h265: {
		types: [H265_VPS, H265_SPS, H265_PPS],
		sps: H265_SPS,
		unitHeader: 2,
		aggregate: 48,
		header: [0x60, 0x01],
		type: h265Type,
		announced: h265ParameterSets,
		format: parseH265Sps,
	},
};

/**
 * The parameter sets of one track, from its description and from what passes. Some publishers tell them only in the
 * description: they are put before each key frame then, because a browser never sees that description.
 */
export class ParameterSets {
	readonly #kind: Kind;
	#sets = new Map<number, Buffer>();
	#packet: Buffer | undefined;
	#format: VideoFormat | undefined;

	private constructor(kind: Kind, fmtp: string) {
		this.#kind = kind;
		for (const set of kind.announced(fmtp)) this.#keep(Buffer.from(set));
	}

	/** Undefined for a codec that has none. */
	static of(track: Track): ParameterSets | undefined {
		const kind = kinds[track.codec];
		return kind && new ParameterSets(kind, track.fmtp);
	}

	/** The sets that are known, in decoding order. */
	get units(): readonly Uint8Array[] {
		return this.#kind.types.map((type) => this.#sets.get(type)).filter((set) => set !== undefined);
	}

	/** Size and profile of the picture, once they are known. */
	get format(): VideoFormat | undefined {
		return this.#format;
	}

	/** All sets as the payload of one aggregation packet; undefined while one is missing. */
	get packet(): Buffer | undefined {
		return this.#packet;
	}

	/** Another publisher's description. */
	announce(fmtp: string): void {
		for (const set of this.#kind.announced(fmtp)) this.#keep(Buffer.from(set));
	}

	/** Keeps the sets in a payload that holds some. */
	learn(bytes: Uint8Array, at: number, length: number): void {
		if (this.#kind.type(bytes[at]!) !== this.#kind.aggregate) {
			this.#see(bytes, at, length);
			return;
		}
		const end = at + length;
		for (let from = at + this.#kind.unitHeader; from + 2 < end; ) {
			const size = (bytes[from]! << 8) | bytes[from + 1]!;
			if (from + 2 + size > end) return;
			if (size > 0) this.#see(bytes, from + 2, size);
			from += 2 + size;
		}
	}

	#see(bytes: Uint8Array, at: number, length: number): void {
		const known = this.#sets.get(this.#kind.type(bytes[at]!));
		if (known && known.length === length && known.equals(bytes.subarray(at, at + length))) return;
		this.#keep(Buffer.from(bytes.subarray(at, at + length)));
	}

	#keep(set: Buffer): void {
		const type = this.#kind.type(set[0]!);
		if (!this.#kind.types.includes(type)) return;
		this.#sets.set(type, set);
		if (type === this.#kind.sps) this.#format = this.#kind.format(set);
		const units = this.units;
		if (units.length === this.#kind.types.length) this.#packet = aggregate(this.#kind.header, units);
	}
}

function aggregate(header: readonly number[], units: readonly Uint8Array[]): Buffer {
	const parts = units.flatMap((unit) => [Uint8Array.of(unit.length >> 8, unit.length & 0xff), unit]);
	return Buffer.concat([Uint8Array.from(header), ...parts]);
}
