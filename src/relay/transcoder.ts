import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { RelayConfig } from "../config/relay-schema.ts";
import type { Target, Transcoder } from "../hub/derived.ts";
import type { Track } from "../media/track.ts";
import { Histogram } from "../observe/histogram.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { canMux } from "../wire/mpegts-mux.ts";
import { FfmpegTranscoding, type Statistics } from "./transcoding.ts";

const PROBE_TIMEOUT_MS = 5000;
const DELAY_BUCKETS_MS = [5, 10, 20, 40, 60, 80, 100, 150, 200, 400];

/** What is made of a codec: the track, its encoder's name in ffmpeg, and the encoder's arguments. */
interface Recipe {
	readonly encoder: string;
	readonly args: readonly string[];
	readonly track: Track;
}

const sound = { kind: "audio", clockRate: 48_000, channels: 2, payloadType: 0 } as const;

/** RFC 7587: blocks of 20 ms, as browsers send them. */
const toOpus: Recipe = {
	encoder: "libopus",
	args: ["-c:a", "libopus", "-b:a", "96k", "-application", "lowdelay", "-frame_duration", "20"],
	track: { ...sound, codec: "opus", encoding: "opus", fmtp: "sprop-stereo=1" },
};

/** RFC 3640 section 3.3.6: AAC-LC at 48 kHz with two channels is 1190. */
const toAac: Recipe = {
	encoder: "aac",
	args: ["-c:a", "aac", "-b:a", "128k"],
	track: {
		...sound,
		codec: "aac",
		encoding: "MPEG4-GENERIC",
		fmtp: "streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1190",
	},
};

const recipes: Readonly<Partial<Record<Track["codec"], Recipe>>> = { aac: toOpus, mp3: toOpus, opus: toAac };

/** Makes Opus of AAC and MP3, and AAC of Opus, with ffmpeg. */
export class FfmpegTranscoder implements Transcoder {
	readonly statistics: Statistics = { running: 0, restarts: 0, delay: new Histogram(DELAY_BUCKETS_MS) };
	readonly #program: string;
	/** Why it cannot make anything of a codec; undefined where it can. */
	readonly #lacks: (encoder: string) => string | undefined;
	readonly #log: Log;

	private constructor(program: string, lacks: (encoder: string) => string | undefined, log: Log) {
		this.#program = program;
		this.#lacks = lacks;
		this.#log = log;
	}

	/** Finds out what the machine's ffmpeg can. */
	static async open({ transcode, ffmpeg }: RelayConfig["audio"], log: Log): Promise<FfmpegTranscoder> {
		if (!transcode) return new FfmpegTranscoder(ffmpeg, () => "audio.transcode is off", log);
		const { reason, encoders } = await probe(ffmpeg);
		const lacks = (encoder: string): string | undefined =>
			reason ?? (encoders.has(encoder) ? undefined : `ffmpeg has no encoder ${encoder}`);
		return new FfmpegTranscoder(ffmpeg, lacks, log);
	}

	target(track: Track): Target | undefined {
		const recipe = recipes[track.codec];
		if (!recipe || !canMux(track)) return undefined;
		const lack = this.#lacks(recipe.encoder);
		if (lack === undefined) return recipe;
		return { reason: `${recipe.track.codec === "opus" ? "Opus" : "AAC"} is not made of it: ${lack}` };
	}

	start(path: string, from: Track, to: Track, onBlock: (block: Uint8Array, pts: number) => void): FfmpegTranscoding {
		const log = this.#log.child({ path });
		const { args } = recipes[from.codec]!;
		return new FfmpegTranscoding({ program: this.#program, args, from, to, onBlock, log }, this.statistics);
	}
}

/** The encoders that a program has; with a reason where it cannot be run. */
async function probe(program: string): Promise<{ reason: string | undefined; encoders: ReadonlySet<string> }> {
	try {
		const options = { timeout: PROBE_TIMEOUT_MS };
		const { stdout } = await promisify(execFile)(program, ["-hide_banner", "-encoders"], options);
		return {
			reason: undefined,
			encoders: new Set(stdout.split("\n").map((line) => line.trim().split(/\s+/)[1] ?? "")),
		};
	} catch (error) {
		const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
		return { reason: isMissing ? "ffmpeg is not installed" : `ffmpeg does not run: ${error}`, encoders: new Set() };
	}
}

/** Says what only the transcoder knows, for Prometheus. */
export function describeTranscoder(metrics: Metrics, { statistics }: FfmpegTranscoder): void {
	const running = { name: "vedette_transcoders", help: "Audio tracks that are made of another codec now." };
	metrics.gauge(running, () => [{ value: statistics.running }]);
	const restarts = { name: "vedette_transcoder_restarts_total", help: "Times that such a program ended by itself." };
	metrics.counter(restarts, () => [{ value: statistics.restarts }]);
	const delay = {
		name: "vedette_transcode_delay_seconds",
		help: "From the arrival of a moment of sound until it had been made.",
		unit: 0.001,
	};
	metrics.histogram(delay, () => statistics.delay);
}
