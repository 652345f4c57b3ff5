import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Transcoding } from "../hub/derived.ts";
import type { Frame } from "../media/frame.ts";
import type { Millis } from "../media/time.ts";
import type { Track } from "../media/track.ts";
import { backoffMs } from "../net/backoff.ts";
import type { Histogram } from "../observe/histogram.ts";
import type { Log } from "../observe/log.ts";
import { MpegTsReader } from "../wire/mpegts.ts";
import { READ_FIRST_TICKS } from "../wire/mpegts-clock.ts";
import { MpegTsWriter, WRITE_FIRST_TICKS } from "../wire/mpegts-mux.ts";

const BACKOFF = { firstMs: 500, mostMs: 30_000 };
/** A program that ran this long is started again soon. */
const HEALTHY_MS = 30_000;
/** A program that is fed and gives nothing for so long hangs. */
const SILENT_MS = 5000;
/** What may wait for a program that does not read. */
const MAX_UNREAD_BYTES = 262_144;
const MAX_BLOCK_BYTES = 8192;
/** A larger step of the source's clock is a new beginning. */
const JUMP_S = 3;
/** Rounding, and no more: blocks follow each other without a gap. */
const ROUNDING_S = 0.002;
const STDERR_CHARACTERS = 300;
const TICKS_PER_SECOND = 90_000;

/** Nothing is waited for: what comes in leaves as soon as it is a block. Times stay as they are. */
const INPUT = "-hide_banner -loglevel error -fflags nobuffer -flags low_delay -probesize 2048 -analyzeduration 0";
const OUTPUT = "-muxdelay 0 -muxpreload 0 -pes_payload_size 0 -avoid_negative_ts disabled -flush_packets 1 -f mpegts";

/** Samples of a block, of all encoders that are used. */
const samples: Readonly<Partial<Record<Track["codec"], number>>> = { opus: 960, aac: 1024 };

export interface Statistics {
	running: number;
	restarts: number;
	/** Milliseconds. */
	readonly delay: Histogram;
}

interface Job {
	readonly program: string;
	/** The encoder's. */
	readonly args: readonly string[];
	readonly from: Track;
	readonly to: Track;
	readonly onBlock: (block: Uint8Array, pts: number) => void;
	readonly log: Log;
}

/**
 * One track that ffmpeg makes of another, as a child that reads and writes MPEG transport streams, because those keep
 * times. It begins with the first frame, begins again with back-off when the program ends, and where the source's clock
 * jumps.
 */
export class FfmpegTranscoding implements Transcoding {
	readonly #job: Job;
	readonly #statistics: Statistics;
	#run: Run | undefined;
	#failures = 0;
	#retryAt: Millis = 0;
	#stopped = false;
	/** Time of the frame before, in the source's ticks. */
	#last = 0;

	constructor(job: Job, statistics: Statistics) {
		this.#job = job;
		this.#statistics = statistics;
	}

	push(frame: Frame): void {
		const now = performance.now();
		const step = (frame.pts - this.#last) / this.#job.from.clockRate;
		this.#last = frame.pts;
		if (this.#run && Math.abs(step) > JUMP_S) this.#end();
		if (!this.#run && now >= this.#retryAt) this.#begin(frame, now);
		this.#run?.push(frame, now);
	}

	stop(): void {
		this.#stopped = true;
		this.#end();
	}

	#begin(frame: Frame, now: Millis): void {
		const run = new Run(this.#job, frame.pts, now, this.#statistics.delay, (reason) => this.#ended(run, reason));
		this.#run = run;
		this.#statistics.running++;
		this.#job.log.debug({ from: this.#job.from.codec, to: this.#job.to.codec }, "audio is being transcoded");
	}

	#end(): void {
		if (!this.#run) return;
		this.#run.kill();
		this.#run = undefined;
		this.#statistics.running--;
	}

	/** The program has ended by itself. */
	#ended(run: Run, reason: string): void {
		if (run !== this.#run || this.#stopped) return;
		const now = performance.now();
		this.#run = undefined;
		this.#statistics.running--;
		this.#statistics.restarts++;
		this.#failures = now - run.since > HEALTHY_MS ? 1 : this.#failures + 1;
		const waitMs = backoffMs(BACKOFF, this.#failures, Math.random());
		this.#retryAt = now + waitMs;
		this.#job.log.warn({ reason, waitMs }, "the audio transcoder has ended and is started again");
	}
}

/** One life of the program. */
class Run {
	readonly since: Millis;
	readonly #job: Job;
	readonly #delay: Histogram;
	readonly #child: ChildProcessWithoutNullStreams;
	readonly #writer: MpegTsWriter;
	/** Time of the first frame, in the source's ticks. */
	readonly #base: number;
	/** Time of the next block, in ticks of what is made, if no gap comes. */
	#next = Number.NEGATIVE_INFINITY;
	#lastPush = { pts: 0, at: 0 };
	#heardAt: Millis;
	#stderr = "";
	#killed = false;

	/** `ended` is called once where it was not killed by `kill`. */
	constructor(job: Job, base: number, now: Millis, delay: Histogram, ended: (reason: string) => void) {
		this.#job = job;
		this.#delay = delay;
		this.#base = base;
		this.since = now;
		this.#heardAt = now;
		// A decoder that is told of two channels gives two, whatever the blocks have.
		const stereo = job.from.codec === "opus" ? { ...job.from, fmtp: "sprop-stereo=1" } : job.from;
		this.#writer = new MpegTsWriter([stereo], () => []);
		const input = [...INPUT.split(" "), "-f", "mpegts", "-copyts", "-i", "pipe:0", "-map", "0:a:0"];
		const format = ["-ac", `${job.to.channels}`, "-ar", `${job.to.clockRate}`];
		this.#child = spawn(job.program, [...input, ...format, ...job.args, ...OUTPUT.split(" "), "pipe:1"]);
		this.#listen(ended);
	}

	push(frame: Frame, now: Millis): void {
		const { stdin } = this.#child;
		if (now - this.#heardAt > SILENT_MS) this.#child.kill("SIGKILL");
		if (!stdin.writable || stdin.writableLength > MAX_UNREAD_BYTES) return;
		this.#lastPush = { pts: frame.pts, at: now };
		const ms = ((frame.pts - this.#base) * 1000) / this.#job.from.clockRate;
		stdin.write(this.#writer.frame({ ...frame, track: 0 }, ms, ms));
	}

	kill(): void {
		this.#killed = true;
		this.#child.kill("SIGKILL");
	}

	#listen(ended: (reason: string) => void): void {
		const { stdin, stdout, stderr } = this.#child;
		const reader = new MpegTsReader(
			{ onTracks: () => undefined, onFrame: (frame) => this.#made(frame) },
			MAX_BLOCK_BYTES,
		);
		stdout.on("data", (bytes: Buffer) => {
			if (!this.#killed) reader.push(bytes);
		});
		stderr.setEncoding("utf8").on("data", (text: string) => {
			this.#stderr = (this.#stderr + text).slice(-STDERR_CHARACTERS);
		});
		// What cannot be written is told by the program's end.
		stdin.on("error", () => undefined);
		const over = (reason: string): void => {
			if (!this.#killed) ended([reason, this.#stderr.trim()].filter(Boolean).join(": "));
			this.#killed = true;
		};
		this.#child.on("error", (error) => over(error.message));
		this.#child.on("close", (code, signal) => over(signal ?? `code ${code}`));
	}

	#made({ pts, units }: Frame): void {
		const { from, to, onBlock } = this.#job;
		const [block] = units;
		if (!block) return;
		const now = performance.now();
		this.#heardAt = now;
		const shift = (to.clockRate * (READ_FIRST_TICKS + WRITE_FIRST_TICKS)) / TICKS_PER_SECOND;
		const base = Math.round((this.#base * to.clockRate) / from.clockRate);
		const told = base + pts - shift;
		const at = Math.abs(told - this.#next) <= ROUNDING_S * to.clockRate ? this.#next : told;
		this.#next = at + samples[to.codec]!;
		const ahead = this.#lastPush.pts / from.clockRate - at / to.clockRate;
		this.#delay.observe(now - this.#lastPush.at + ahead * 1000);
		onBlock(block, at);
	}
}
