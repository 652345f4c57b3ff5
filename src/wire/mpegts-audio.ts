import type { Track } from "../media/track.ts";
import type { Elementary, OnUnits } from "./mpegts-elementary.ts";

const TICKS_PER_SECOND = 90_000;

/** ISO/IEC 14496-3 table 1.18. */
const sampleRates = [
	96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];
const AAC_SAMPLES = 1024;
const ADTS_HEAD_BYTES = 7;
/** Rounding of ticks to samples, and no more: the samples are counted instead. */
const ROUNDING_SAMPLES = 2;

/** The head of one ADTS frame (ISO/IEC 14496-3 table 1.A.6). */
interface Adts {
	readonly rate: number;
	readonly channels: number;
	/** AudioSpecificConfig (section 1.6.2.1) as hex. */
	readonly config: string;
	readonly headBytes: number;
	readonly wholeBytes: number;
}

function readAdts(data: Buffer, at: number): Adts | undefined {
	if (data[at] !== 0xff || (data[at + 1]! & 0xf6) !== 0xf0) return undefined;
	const object = (data[at + 2]! >> 6) + 1;
	const index = (data[at + 2]! >> 2) & 0x0f;
	const channels = ((data[at + 2]! & 1) << 2) | (data[at + 3]! >> 6);
	const wholeBytes = ((data[at + 3]! & 3) << 11) | (data[at + 4]! << 3) | (data[at + 5]! >> 5);
	const headBytes = data[at + 1]! & 1 ? ADTS_HEAD_BYTES : ADTS_HEAD_BYTES + 2;
	const rate = sampleRates[index];
	// Several blocks behind one head, and a layout that stands in the block, are not used by anybody.
	if (!rate || channels === 0 || (data[at + 6]! & 3) !== 0 || wholeBytes <= headBytes) return undefined;
	const config = ((object << 11) | (index << 7) | (channels << 3)).toString(16).padStart(4, "0");
	return { rate, channels: channels === 7 ? 8 : channels, config, headBytes, wholeBytes };
}

/** AAC with ADTS heads. A block may begin in one unit and end in the next. */
export class TsAac implements Elementary {
	track: Track | undefined;
	readonly #emit: OnUnits;
	#config = "";
	#rest = Buffer.alloc(0);
	/** Time of the next block in samples, as counted; −1 where it is not known. */
	#next = -1;

	constructor(emit: OnUnits) {
		this.#emit = emit;
	}

	lose(): void {
		this.#rest = Buffer.alloc(0);
		this.#next = -1;
	}

	unit(data: Buffer, ticks: number): void {
		const begun = this.#rest.length;
		const all = begun > 0 ? Buffer.concat([this.#rest, data]) : data;
		let timed = false;
		let at = 0;
		while (at + ADTS_HEAD_BYTES <= all.length) {
			const head = readAdts(all, at);
			if (!head) {
				// Not where a block begins: the next one that looks like it.
				at++;
				continue;
			}
			if (at + head.wholeBytes > all.length) break;
			// The unit's time is that of the first block that begins in it (ISO/IEC 13818-1 section 2.4.3.7).
			if (!timed && (at >= begun || this.#next < 0)) this.#align(ticks, head);
			timed ||= at >= begun;
			this.#block(head, all.subarray(at + head.headBytes, at + head.wholeBytes));
			at += head.wholeBytes;
		}
		this.#rest = Buffer.from(all.subarray(at));
	}

	#align(ticks: number, { rate }: Adts): void {
		const samples = Math.round((ticks * rate) / TICKS_PER_SECOND);
		if (this.#next < 0 || Math.abs(samples - this.#next) > ROUNDING_SAMPLES) this.#next = samples;
	}

	#block(head: Adts, block: Buffer): void {
		this.track ??= this.#describe(head);
		// Another layout would need another track: its blocks are no use to this one.
		if (head.config === this.#config) this.#emit([block], this.#next, true);
		this.#next += AAC_SAMPLES;
	}

	/** RFC 3640 section 3.3.6. */
	#describe({ rate, channels, config }: Adts): Track {
		this.#config = config;
		const sizes = "sizelength=13;indexlength=3;indexdeltalength=3";
		const fmtp = `streamtype=5;profile-level-id=1;mode=AAC-hbr;${sizes};config=${config}`;
		return {
			kind: "audio",
			codec: "aac",
			encoding: "MPEG4-GENERIC",
			clockRate: rate,
			channels,
			payloadType: 97,
			fmtp,
		};
	}
}

const OPUS_RATE = 48_000;
const OPUS_PREFIX = 0x7fe0;

/** Samples at 48 kHz of an Opus packet, by its first two bytes (RFC 6716 section 3.1). */
function opusSamples(packet: Buffer): number {
	const toc = packet[0]!;
	const config = toc >> 3;
	const silk = [480, 960, 1920, 2880][config & 3]!;
	const frame = config < 12 ? silk : config < 16 ? 480 << (config & 1) : 120 << (config & 3);
	const code = toc & 3;
	return frame * (code === 0 ? 1 : code < 3 ? 2 : (packet[1] ?? 0) & 0x3f);
}

/** Opus with the control headers that its mapping to MPEG-2 transport streams puts before each packet. */
export class TsOpus implements Elementary {
	readonly track: Track;
	readonly #emit: OnUnits;

	constructor(channels: number, emit: OnUnits) {
		this.#emit = emit;
		const fmtp = channels === 1 ? "" : "sprop-stereo=1";
		this.track = {
			kind: "audio",
			codec: "opus",
			encoding: "opus",
			clockRate: OPUS_RATE,
			channels: 2,
			payloadType: 97,
			fmtp,
		};
	}

	lose(): void {
		// Each unit holds whole packets.
	}

	unit(data: Buffer, ticks: number): void {
		let pts = Math.round((ticks * OPUS_RATE) / TICKS_PER_SECOND);
		for (let at = 0; at + 3 <= data.length; ) {
			const head = data.readUInt16BE(at);
			if ((head & 0xffe0) !== OPUS_PREFIX) return;
			let size = 0;
			let from = at + 2;
			while (data[from] === 0xff) size += data[from++]!;
			size += data[from++] ?? 0;
			// Trimming at the start, at the end, and room for later.
			if (head & 0x10) from += 2;
			if (head & 0x08) from += 2;
			if (head & 0x04) from += 1 + (data[from] ?? 0);
			at = from + size;
			if (size === 0 || at > data.length) return;
			const packet = data.subarray(from, at);
			this.#emit([packet], pts, true);
			pts += opusSamples(packet);
		}
	}
}
