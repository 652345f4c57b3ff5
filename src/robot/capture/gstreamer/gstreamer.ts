import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Capture, type CaptureEvents, type CaptureSettings, VIDEO_CLOCK_HZ } from "../capture.ts";
import { RecordReader, type UnitRecord } from "../records.ts";
import { splitAnnexB, UnitShaper, videoTrack } from "../units.ts";
import { type Command, type GstProbe, RECORDS_FD, type Report } from "./messages.ts";

/** A child that has not ended by then is killed. */
const STOP_TIMEOUT_MS = 2000;
/** The first look of a fresh GStreamer at all its plugins takes seconds on a small board. */
const PROBE_TIMEOUT_MS = 30_000;
const WORDS_KEPT = 2000;

const childFile = fileURLToPath(new URL("./child.ts", import.meta.url));

function spawnChild(): ChildProcess {
	return fork(childFile, [], { execArgv: [], stdio: ["ignore", "ignore", "pipe", "pipe", "ipc"] });
}

function tell(child: ChildProcess, command: Command): void {
	if (child.connected) child.send(command, () => undefined);
}

/** Captures through GStreamer in a child process of its own. */
export function startGstreamer(settings: CaptureSettings, events: CaptureEvents): Capture {
	const child = spawnChild();
	const shaper = new UnitShaper();
	let open = true;
	let words = "";
	const end = (reason: string): void => {
		if (!open) return;
		open = false;
		events.onError(reason);
		child.kill("SIGKILL");
	};
	const reader = new RecordReader((record) => {
		if (open) handOn(record, shaper, events);
	});
	(child.stdio[RECORDS_FD] as Readable).on("data", (chunk: Buffer) => reader.push(chunk));
	child.stderr?.on("data", (chunk: Buffer) => {
		words = (words + chunk.toString()).slice(-WORDS_KEPT);
	});
	child.on("message", (report: Report) => {
		if (report.is === "failed") end(report.reason);
		else if (report.is === "started" && open) events.onStarted?.(report.pipeline);
	});
	child.on("error", (error) => end(error.message));
	child.on("exit", (code, signal) => end(lastWords(words, code, signal)));
	tell(child, { do: "start", settings, cores: availableParallelism() });
	return {
		get track() {
			return videoTrack(shaper.fmtp);
		},
		setBitrate: (kbps) => tell(child, { do: "bitrate", kbps }),
		requestKeyFrame: () => tell(child, { do: "keyframe" }),
		stop: async () => {
			open = false;
			await stopChild(child);
		},
	};
}

function handOn(record: UnitRecord, shaper: UnitShaper, events: CaptureEvents): void {
	const unit = shaper.shape(splitAnnexB(record.bytes));
	if (!unit) return;
	const pts = Math.round((record.timeNs * VIDEO_CLOCK_HZ) / 1e9);
	const { capturedAt } = record;
	events.onFrame({ track: 0, pts, ...unit, ...(capturedAt === undefined ? {} : { capturedAt }) });
}

function lastWords(words: string, code: number | null, signal: string | null): string {
	const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
	const last = words.trim().split("\n").at(-1);
	return last ? `the capture process ${how}: ${last}` : `the capture process ${how}`;
}

async function stopChild(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
	tell(child, { do: "stop" });
	const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
	await gone;
	clearTimeout(timer);
}

/** What GStreamer here can do with these cameras; undefined where it is not installed. */
export async function probeGstreamer(settings: readonly CaptureSettings[]): Promise<GstProbe | undefined> {
	const child = spawnChild();
	const timer = setTimeout(() => child.kill("SIGKILL"), PROBE_TIMEOUT_MS);
	const answer = new Promise<GstProbe | undefined>((resolve) => {
		child.on("message", (report: Report) => resolve(report.is === "probed" ? report.probe : undefined));
		child.on("error", () => resolve(undefined));
		child.on("exit", () => resolve(undefined));
	});
	tell(child, { do: "probe", settings, cores: availableParallelism() });
	const probe = await answer;
	clearTimeout(timer);
	await stopChild(child);
	return probe;
}
