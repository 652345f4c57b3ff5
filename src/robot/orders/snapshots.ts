import { spawn } from "node:child_process";
import type { Frame } from "../../media/frame.ts";
import type { Log } from "../../observe/log.ts";
import type { Station } from "./station.ts";

const EVERY_MS = 10_000;
const PATIENCE_MS = 5000;
/** A relay's broker ends the connection of who sends a message of 1 MiB, by which orders come too. */
const MAX_BYTES = 1_000_000;
const START_CODE = Buffer.from([0, 0, 0, 1]);

/** A key frame of H.264 as JPEG, by ffmpeg. Rejects where that is not installed, fails, takes more than 5 s, or makes a large one. */
export function jpegOf({ units }: Frame, maxBytes = MAX_BYTES): Promise<Buffer> {
	const input = ["-f", "h264", "-i", "pipe:0"];
	const output = ["-frames:v", "1", "-q:v", "5", "-f", "mjpeg", "pipe:1"];
	const child = spawn("ffmpeg", ["-loglevel", "error", ...input, ...output], { timeout: PATIENCE_MS });
	const parts: Buffer[] = [];
	let bytes = 0;
	child.stdout.on("data", (part: Buffer) => {
		bytes += part.length;
		if (bytes <= maxBytes) parts.push(part);
	});
	child.stderr.resume();
	// A program that ended early is told by its exit.
	child.stdin.on("error", () => undefined);
	child.stdin.end(Buffer.concat(units.flatMap((unit) => [START_CODE, unit])));
	return new Promise((resolve, reject) => {
		child.on("error", reject);
		child.on("close", (code) => {
			if (bytes > maxBytes) reject(new Error(`a picture of ${bytes} bytes, the most is ${maxBytes}`));
			else if (code === 0 && bytes > 0) resolve(Buffer.concat(parts));
			else reject(new Error(`ffmpeg made no picture (exit code ${code})`));
		});
	});
}

/** Sends a still picture of each camera that asks for it, every 10 s while it is live. */
export class Snapshots implements Disposable {
	readonly #timer: NodeJS.Timeout;

	constructor(stations: readonly Station[], send: (station: Station, jpeg: Buffer) => void, log: Log) {
		this.#timer = setInterval(() => {
			for (const station of stations) {
				const frame = station.isLive ? station.keyFrame : undefined;
				if (!frame) continue;
				jpegOf(frame).then(
					(jpeg) => send(station, jpeg),
					({ message }) => log.warn({ camera: station.name, reason: message }, "no snapshot"),
				);
			}
		}, EVERY_MS);
	}

	[Symbol.dispose](): void {
		clearInterval(this.#timer);
	}
}
