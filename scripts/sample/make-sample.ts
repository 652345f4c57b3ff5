import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createPattern } from "../../src/robot/capture/pattern.ts";

/**
 * Makes the sample that the robot plays without GStreamer and ffmpeg, by ffmpeg with libx264:
 * `node scripts/sample/make-sample.ts`. The time code in it is the time within the sample.
 */
const WIDTH = 640;
const HEIGHT = 360;
const FPS = 15;
const SECONDS = 4;
const KBPS = 420;
const MAX_BYTES = 250_000;

const target = fileURLToPath(new URL("../../src/robot/capture/sample/sample.h264", import.meta.url));

const ffmpeg = spawn(
	"ffmpeg",
	[
		["-hide_banner", "-loglevel", "error", "-y"],
		[
			"-f",
			"rawvideo",
			"-pix_fmt",
			"yuv420p",
			"-video_size",
			`${WIDTH}x${HEIGHT}`,
			"-framerate",
			`${FPS}`,
			"-i",
			"pipe:0",
		],
		["-c:v", "libx264", "-profile:v", "baseline", "-preset", "veryslow", "-tune", "zerolatency", "-threads", "1"],
		["-b:v", `${KBPS}k`, "-maxrate", `${KBPS}k`, "-bufsize", `${KBPS / 2}k`],
		["-g", `${FPS}`, "-keyint_min", `${FPS}`, "-sc_threshold", "0"],
		["-bsf:v", "filter_units=remove_types=6", "-f", "h264", target],
	].flat(),
	{ stdio: ["pipe", "inherit", "inherit"] },
);

const pattern = createPattern(WIDTH, HEIGHT, FPS, 1);
for (let n = 0; n < FPS * SECONDS; n++) {
	pattern.draw(n, Math.round((n * 1000) / FPS));
	if (!ffmpeg.stdin.write(Buffer.from(pattern.frame))) await once(ffmpeg.stdin, "drain");
}
ffmpeg.stdin.end();
const [code] = await once(ffmpeg, "exit");
if (code !== 0) throw new Error(`ffmpeg ended with code ${code}`);
const { size } = await stat(target);
if (size > MAX_BYTES) throw new Error(`the sample has ${size} bytes, at most ${MAX_BYTES} are wanted`);
process.stdout.write(`${target}: ${size} bytes\n`);
