import { readMp3Head } from "../../media/mp3.ts";
import type { Codec } from "../../media/track.ts";

const AAC_SAMPLES = 1024;
/** Sound is told to the sample as long as that is nearer to the message's time than this. */
const DRIFT_MS = 20;

/** Frame durations of Opus in samples of 48 kHz, by the configuration's number (RFC 6716 section 3.1). */
function opusFrameSamples(config: number): number {
	if (config < 12) return [480, 960, 1920, 2880][config % 4]!;
	if (config < 16) return [480, 960][config % 2]!;
	return [120, 240, 480, 960][config % 4]!;
}

function opusSamples(packet: Uint8Array): number {
	const toc = packet[0] ?? 0;
	const code = toc & 3;
	const frames = code === 0 ? 1 : code === 3 ? (packet[1] ?? 1) & 0x3f : 2;
	return opusFrameSamples(toc >> 3) * frames;
}

/** Ticks of the RTP clock, which is not that of the samples (RFC 3551 section 4.5.13). */
function mp3Ticks(frame: Uint8Array): number {
	const head = readMp3Head(frame);
	return head ? Math.round((head.samples * 90_000) / head.sampleRate) : 0;
}

/** How long a block lasts, in ticks of its track. */
function ticksOf(codec: Codec, data: Uint8Array): number {
	switch (codec) {
		case "aac":
			return AAC_SAMPLES;
		case "opus":
			return opusSamples(data);
		case "mp3":
			return mp3Ticks(data);
		default:
			return data.length;
	}
}

/** Messages tell whole milliseconds; sound is made of whole blocks: the samples are counted, and drift is followed. */
export class SampleClock {
	#rate = 1000;
	#next: number | undefined;

	/** Begins anew at so many samples a second. */
	start(rate: number): void {
		this.#rate = rate;
		this.#next = undefined;
	}

	/** The time of a block in ticks of its track, for a message of that time in milliseconds. */
	at(ms: number, data: Uint8Array, codec: Codec): number {
		const told = Math.round((ms * this.#rate) / 1000);
		const next = this.#next;
		const near = next !== undefined && Math.abs(next - told) * 1000 <= DRIFT_MS * this.#rate;
		const pts = near ? next : told;
		this.#next = pts + ticksOf(codec, data);
		return pts;
	}
}
