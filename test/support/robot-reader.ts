import { spawn } from "node:child_process";
import { setPriority } from "node:os";
import { readTimeCode } from "../../src/media/timecode.ts";

/**
 * Waits as an RTSP server for one publisher (ffmpeg) and prints, for each picture that it decodes, its age in whole
 * milliseconds by the time in the picture: `node robot-reader.ts PORT WIDTH HEIGHT`.
 */
const [port, width, height] = process.argv.slice(2).map(Number) as [number, number, number];
const size = width * height;

comeFirst();

const ffmpeg = spawn(
	"ffmpeg",
	[
		...[
			"-loglevel",
			"error",
			"-probesize",
			"32",
			"-analyzeduration",
			"0",
			"-fflags",
			"nobuffer",
			"-flags",
			"low_delay",
		],
		...["-rtsp_flags", "listen", "-i", `rtsp://0.0.0.0:${port}/camera`],
		...["-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"],
	],
	{ stdio: ["ignore", "pipe", "inherit"] },
);
process.on("SIGTERM", () => ffmpeg.kill("SIGKILL"));
ffmpeg.on("exit", () => process.exit(0));

/** Lets nothing else on the machine make the pictures old; a container may forbid it. */
function comeFirst(): void {
	try {
		setPriority(-10);
	} catch {}
}

const picture = Buffer.alloc(size);
let filled = 0;
ffmpeg.stdout.on("data", (chunk: Buffer) => {
	for (let at = 0; at < chunk.length; ) {
		const taken = chunk.copy(picture, filled, at);
		at += taken;
		filled += taken;
		if (filled < size) return;
		filled = 0;
		const time = readTimeCode(picture, width, height);
		process.stdout.write(time === undefined ? "unreadable\n" : `${Date.now() - time}\n`);
	}
});
