import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

const ENCODERS = {
	h264: ["libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline", "-g", "60"],
	/** With B-frames: shown in another order than decoded. */
	reordered: ["libx264", "-preset", "veryfast", "-bf", "2", "-profile:v", "main", "-g", "60"],
	vp8: ["libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "60", "-error-resilient", "1"],
} as const;

/** A moving test picture with 30 pictures a second, published by ffmpeg over RTSP/TCP. */
export class Camera implements AsyncDisposable {
	readonly #process: ChildProcess;

	/** Begins to publish to `url`. Why it cannot is seen on standard error. */
	constructor(url: string, codec: keyof typeof ENCODERS = "h264", size = "640x360") {
		const source = ["-re", "-f", "lavfi", "-i", `testsrc2=size=${size}:rate=30`];
		const encoder = ["-c:v", ...ENCODERS[codec], "-b:v", "1M", "-pix_fmt", "yuv420p"];
		const sink = ["-f", "rtsp", "-rtsp_transport", "tcp", url];
		this.#process = spawn("ffmpeg", ["-v", "fatal", ...source, ...encoder, ...sink], {
			stdio: ["ignore", "ignore", "inherit"],
		});
	}

	/** Sends nothing any more, but stays connected. */
	freeze(): void {
		this.#process.kill("SIGSTOP");
	}

	thaw(): void {
		this.#process.kill("SIGCONT");
	}

	async [Symbol.asyncDispose](): Promise<void> {
		if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
		const exited = once(this.#process, "exit");
		// A stopped process takes only this one.
		this.#process.kill("SIGKILL");
		await exited;
	}
}
