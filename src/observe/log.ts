import { dirname } from "node:path";
import { type DestinationStream, type Logger, multistream, pino, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";
import { makeFolder } from "./folder.ts";

/** Writes one line per event; `log.child({ room: "rtsp" })` adds fields to each line. Never called per packet. */
export type Log = Logger;

type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "silent";

export interface LogSettings {
	readonly level: LogLevel;
	/** A file that gets every line as JSON too; empty for none. */
	readonly file: string;
	/** `auto`: pretty on a terminal, JSON otherwise. */
	readonly format: "auto" | "pretty" | "json";
}

/** Header fields and the like that must never reach a log. */
const secrets = [
	"password",
	"*.password",
	"token",
	"*.token",
	"authorization",
	"*.authorization",
	"cookie",
	"*.cookie",
];

function terminal(format: LogSettings["format"]): DestinationStream {
	const wanted = format === "pretty" || (format === "auto" && process.stdout.isTTY === true);
	if (!wanted) return pino.destination({ fd: 1, sync: true });
	return pretty({
		colorize: process.stdout.isTTY === true,
		ignore: "pid,hostname",
		translateTime: "SYS:HH:MM:ss.l",
		singleLine: true,
		sync: true,
	});
}

function file(path: string): DestinationStream {
	makeFolder(dirname(path));
	return pino.destination({ dest: path, append: true, sync: true, mode: 0o640 });
}

/**
 * Makes the process's log. Throws where `settings.file` cannot be opened.
 * `out` takes the place of standard output in tests.
 */
export function createLog(settings: LogSettings, out?: DestinationStream): Log {
	const streams: { level: "trace"; stream: DestinationStream }[] = [
		{ level: "trace", stream: out ?? terminal(settings.format) },
	];
	if (settings.file) streams.push({ level: "trace", stream: file(settings.file) });
	const options = {
		level: settings.level,
		base: null,
		timestamp: stdTimeFunctions.isoTime,
		formatters: { level: (label: string) => ({ level: label }) },
		redact: { paths: secrets, censor: "(hidden)" },
	};
	return pino(options, multistream(streams));
}
