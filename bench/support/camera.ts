import { spawn } from "node:child_process";
import { once } from "node:events";
import { PATH } from "./bench.ts";
import type { Server } from "./server.ts";

/** A robot in a process of its own that publishes real pictures to a server over RTSP/TCP. */
export function camera(server: Server, source: "test" | "sample"): AsyncDisposable {
	const address = `rtsp://127.0.0.1:${server.rtspPort}/${PATH}`;
	const program = new URL("../../bin/vedette", import.meta.url).pathname;
	const child = spawn(program, ["robot", "--source", source, "--log-level", "warn", address], {
		stdio: ["ignore", "ignore", "inherit"],
	});
	return {
		async [Symbol.asyncDispose](): Promise<void> {
			if (child.exitCode !== null || child.signalCode !== null) return;
			const gone = once(child, "exit");
			child.kill("SIGTERM");
			await gone;
		},
	};
}
