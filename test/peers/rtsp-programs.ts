import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { peer } from "../support/peers.ts";

/** A foreign program at work. */
export interface Program extends AsyncDisposable {
	/** What it has written to standard error so far. */
	text(): string;
	/** What it has written to standard output so far. */
	output(): Buffer;
	/** Whether it is still at work. */
	readonly running: boolean;
	/** Its exit code; rejects, with what it said, where it is not over after `ms`. */
	exit(ms: number): Promise<number | null>;
	/** Ends it as a person would, with Ctrl-C. */
	interrupt(): Promise<void>;
	/** Ends it without giving it time to say goodbye. */
	kill(): Promise<void>;
}

/** Starts a peer program. It is killed when the test lets go of it. */
export function run(name: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Program {
	const env = { ...process.env, ...environment };
	const child: ChildProcess = spawn(peer(name)!, args, { stdio: ["ignore", "pipe", "pipe"], env });
	const output: Buffer[] = [];
	let text = "";
	child.stdout!.on("data", (data: Buffer) => output.push(data));
	child.stderr!.on("data", (data: Buffer) => {
		text += data;
	});
	const over = once(child, "close");
	const end = async (signal: NodeJS.Signals): Promise<void> => {
		if (child.exitCode === null && child.signalCode === null) child.kill(signal);
		await over;
	};
	return {
		text: () => text,
		get running() {
			return child.exitCode === null && child.signalCode === null;
		},
		output: () => Buffer.concat(output),
		exit: async (ms) => {
			const timer = setTimeout(() => child.kill("SIGKILL"), ms);
			const [code] = (await over) as [number | null];
			clearTimeout(timer);
			if (child.signalCode === "SIGKILL") throw new Error(`${name} was not over after ${ms} ms: ${text.slice(-2000)}`);
			return code;
		},
		interrupt: () => end("SIGINT"),
		kill: () => end("SIGKILL"),
		[Symbol.asyncDispose]: () => end("SIGKILL"),
	};
}

export type Lower = "tcp" | "udp";

export interface Picture {
	readonly rate: number;
	/** Frames between key frames. */
	readonly interval: number;
}

const picture: Picture = { rate: 30, interval: 60 };

/** ffmpeg publishes a test picture, with sound where asked. */
export function ffmpegPublishes(
	url: string,
	lower: Lower,
	{ rate, interval }: Picture = picture,
	sound = false,
): Program {
	const source = ["-re", "-f", "lavfi", "-i", `testsrc2=size=320x240:rate=${rate}`];
	const tone = sound ? ["-re", "-f", "lavfi", "-i", "sine=frequency=440", "-c:a", "aac"] : [];
	const video = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline"];
	const out = ["-g", `${interval}`, "-b:v", "500k", "-f", "rtsp", "-rtsp_transport", lower, url];
	const inputs = sound ? [...source, ...tone.slice(0, 5)] : source;
	const codecs = sound ? [...video, "-pix_fmt", "yuv420p", ...tone.slice(5)] : [...video, "-pix_fmt", "yuv420p"];
	return run("ffmpeg", ["-hide_banner", "-loglevel", "warning", ...inputs, ...codecs, ...out]);
}

/** GStreamer publishes a test picture. */
export function gstreamerPublishes(url: string, lower: Lower, { rate, interval }: Picture = picture): Program {
	const source = `videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=${rate}/1`;
	const encoder = `x264enc tune=zerolatency speed-preset=ultrafast bitrate=500 key-int-max=${interval}`;
	const sink = `video/x-h264,profile=baseline ! rtspclientsink location=${url} protocols=${lower}`;
	return run("gst-launch-1.0", ["-q", ...`${source} ! ${encoder} ! ${sink}`.split(" ")]);
}

/** ffmpeg plays and decodes so many frames and ends. Its own time base has no place for a burst's timestamps. */
export function ffmpegPlays(url: string, lower: Lower, frames: number): Program {
	const input = ["-hide_banner", "-loglevel", "warning", "-rtsp_transport", lower, "-i", url];
	const times = ["-fps_mode", "passthrough", "-enc_time_base", "1:90000"];
	return run("ffmpeg", [...input, "-an", ...times, "-frames:v", `${frames}`, "-f", "rawvideo", "pipe:1"]);
}

/**
 * The exit code of a player that ends by itself. GStreamer's goodbye races with itself now and then: it hangs up before
 * it has read the answer to its own PAUSE, with all frames decoded, and calls that an error.
 */
export async function exitCode(player: Program, ms: number): Promise<number | null> {
	const code = await player.exit(ms);
	return code === 1 && player.text().includes("gst_rtspsrc_pause") ? 0 : code;
}

/** GStreamer plays and decodes so many frames and ends. */
export function gstreamerPlays(url: string, lower: Lower, frames: number): Program {
	const source = `rtspsrc location=${url} protocols=${lower} latency=100`;
	const decode = "rtph264depay ! h264parse ! avdec_h264 ! videoconvert";
	return run("gst-launch-1.0", ["-q", ...`${source} ! ${decode} ! fakesink num-buffers=${frames}`.split(" ")]);
}

/** live555 plays for so many seconds and ends; its output is the video's units with start codes. */
export function live555Plays(url: string, lower: Lower, seconds: number): Program {
	return run("openRTSP", [...(lower === "tcp" ? ["-t"] : []), "-v", "-d", `${seconds}`, url]);
}

/** ffplay plays without a screen until it is ended, and tells its clock on standard error. */
export function ffplayPlays(url: string, options: readonly string[]): Program {
	return run("ffplay", [...options, url], { SDL_VIDEODRIVER: "dummy", SDL_AUDIODRIVER: "dummy" });
}

/** The seconds that ffplay's clock shows, as it said last; undefined while it shows nothing. */
export function ffplayClock(ffplay: Program): number | undefined {
	const clocks = [...ffplay.text().matchAll(/(-?[\d.]+|nan) (?:A-V|M-V|M-A| {3}):/g)];
	const seconds = Number(clocks.at(-1)?.[1]);
	return Number.isNaN(seconds) ? undefined : seconds;
}
