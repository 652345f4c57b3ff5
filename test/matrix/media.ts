import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createPattern } from "../../src/robot/capture/pattern.ts";
import { peer } from "../support/peers.ts";

/** What is published in one row of the matrix. */
export interface Media {
	readonly video: "h264" | "h265";
	readonly sound?: "aac" | "opus";
}

/** The picture that carries the time code. */
export interface Picture {
	readonly width: number;
	readonly height: number;
	readonly fps: number;
	/** Pictures until it begins again; undefined where it does not. */
	readonly loop?: number;
}

export const film: Picture = { width: 256, height: 144, fps: 25 };
/** The sample that the robot plays without a camera. */
export const sample: Picture = { width: 640, height: 360, fps: 15, loop: 60 };

/** More than any cell of the matrix takes. */
const SECONDS = 40;

/** `H.264 with AAC` */
export function nameOf({ video, sound }: Media): string {
	const picture = video === "h264" ? "H.264" : "H.265";
	return sound ? `${picture} with ${sound === "aac" ? "AAC" : "Opus"}` : picture;
}

/** Encodes the film once with each video codec, and its sound once with each audio codec. */
export async function encodeFilms(folder: string): Promise<void> {
	const tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"];
	const live = ["-preset", "ultrafast", "-tune", "zerolatency", "-g", `${film.fps}`, "-b:v", "250k"];
	const length = ["-t", `${SECONDS}`];
	await encodeFilm(SECONDS, tone, [
		...["-map", "0:v", "-c:v", "libx264", "-profile:v", "baseline", ...live, join(folder, "h264.ts")],
		...["-map", "0:v", "-c:v", "libx265", "-x265-params", "log-level=none", ...live, join(folder, "h265.ts")],
		...["-map", "1:a", "-c:a", "aac", "-ac", "2", ...length, join(folder, "aac.mka")],
		...["-map", "1:a", "-c:a", "libopus", "-ac", "2", ...length, join(folder, "opus.mka")],
	]);
}

/** ffmpeg encodes so many seconds of the film, its first input, with other inputs as the outputs say. */
export async function encodeFilm(
	seconds: number,
	inputs: readonly string[],
	outputs: readonly string[],
): Promise<void> {
	const { width, height, fps } = film;
	const raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", `${width}x${height}`, "-framerate", `${fps}`];
	const ffmpeg = spawn(peer("ffmpeg")!, ["-loglevel", "error", ...raw, "-i", "pipe:0", ...inputs, ...outputs], {
		stdio: ["pipe", "ignore", "inherit"],
	});
	const over = once(ffmpeg, "close");
	const pattern = createPattern(width, height, fps, 1);
	for (let n = 0; n < fps * seconds; n++) {
		pattern.draw(n, Math.round((n * 1000) / fps));
		if (!ffmpeg.stdin.write(Buffer.from(pattern.frame))) await once(ffmpeg.stdin, "drain");
	}
	ffmpeg.stdin.end();
	const [code] = await over;
	if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
}

/** ffmpeg's arguments for reading what is to be published, at the pace of a camera. */
export function input(folder: string, { video, sound }: Media): readonly string[] {
	const noise = sound ? ["-re", "-i", join(folder, `${sound}.mka`)] : [];
	return ["-loglevel", "error", "-re", "-i", join(folder, `${video}.ts`), ...noise];
}

/** ffmpeg's arguments for the tracks that are to be published, as they are. */
export const tracks = {
	video: ["-map", "0:v", "-c:v", "copy"],
	sound: ["-map", "1:a", "-c:a", "copy"],
} as const;
