import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chooseBackend, probeBackends } from "../robot/capture/backends.ts";
import { captureSettings, robotSchema } from "../robot/config.ts";
import { type Playback, playBack } from "./demo/check.ts";
import { choosePorts, type DemoPorts } from "./demo/ports.ts";
import { Processes } from "./demo/processes.ts";

const HELP = `usage: vedette demo [--check]

Starts a relay and a robot with a test camera on this machine, and prints the addresses to open. Ctrl-C ends everything.

  --check   plays the stream back over RTSP/TCP, RTSP/UDP and WHEP, prints what it saw, and exits 0, or 1 with the reason
`;

/** How long the relay and the robot may take until there is a picture. */
const START_MS = 20_000;
const PATH = "camera";

/** A relay and a robot on loopback, open to everybody on this machine. Gives the exit code. */
export async function run(args: string[]): Promise<number> {
	const options = { check: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;
	const { values } = parseArgs({ args, options });
	if (values.help) {
		process.stdout.write(HELP);
		return 0;
	}
	const stateDir = mkdtempSync(join(tmpdir(), "vedette-demo-"));
	const processes = new Processes();
	const ended = endSignal();
	try {
		return await Promise.race([
			demonstrate(processes, stateDir, values.check === true, ended),
			ended,
			broken(processes),
		]);
	} catch (error) {
		process.stderr.write(`vedette demo: ${error instanceof Error ? error.message : error}\n`);
		return 1;
	} finally {
		await processes.end();
		rmSync(stateDir, { recursive: true, force: true });
	}
}

/** Resolves with an exit code when somebody presses Ctrl-C. */
function endSignal(): Promise<number> {
	return new Promise((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(0));
	});
}

async function broken(processes: Processes): Promise<never> {
	throw new Error(await processes.failed);
}

async function demonstrate(
	processes: Processes,
	stateDir: string,
	check: boolean,
	ended: Promise<number>,
): Promise<number> {
	const ports = await choosePorts();
	const source = await sourceOfThisMachine();
	processes.start("relay", relayArguments(ports, stateDir, check), check);
	await until(() => answers(`http://127.0.0.1:${ports.http}/health`), "the relay does not answer");
	const rtsp = `rtsp://127.0.0.1:${ports.rtsp}/${PATH}`;
	processes.start("robot", ["--source", source, "--state-dir", stateDir, rtsp], check);
	const still = `http://127.0.0.1:${ports.http}/v3/paths/get/${PATH}`;
	await until(() => answers(still), "the robot sends no picture");
	if (!check) {
		process.stdout.write(addresses(ports, source));
		return ended;
	}
	const results = await playBack(rtsp, `http://127.0.0.1:${ports.http}/${PATH}/whep`);
	process.stdout.write(table(results));
	return 0;
}

/** The live test picture where this machine can encode it, else the sample of the package. */
async function sourceOfThisMachine(): Promise<"test" | "sample"> {
	const { cameras } = robotSchema.parse({ cameras: [{ source: "test", publish: "rtsp://127.0.0.1/x" }] });
	const settings = cameras.map(captureSettings);
	const choice = chooseBackend(await probeBackends(settings), settings[0]!, 0, "auto");
	return "missing" in choice ? "sample" : "test";
}

function relayArguments({ http, rtsp, rtp, webrtc }: DemoPorts, stateDir: string, check: boolean): string[] {
	const settings = {
		stateDir,
		"http.address": `127.0.0.1:${http}`,
		"rtsp.address": `127.0.0.1:${rtsp}`,
		"rtsp.rtpAddress": `127.0.0.1:${rtp}`,
		"rtsp.rtcpAddress": `127.0.0.1:${rtp + 1}`,
		"rtmp.address": "",
		"srt.address": "",
		"mqtt.broker": "",
		"signaling.address": "",
		"webrtc.address": `127.0.0.1:${webrtc}`,
		"api.address": "",
		"metrics.address": "",
		"log.level": check ? "info" : "warn",
	};
	return ["--open", ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`])];
}

async function answers(url: string): Promise<boolean> {
	try {
		return (await fetch(url)).ok;
	} catch {
		return false;
	}
}

async function until(isTrue: () => Promise<boolean>, otherwise: string): Promise<void> {
	const deadline = performance.now() + START_MS;
	while (!(await isTrue())) {
		if (performance.now() > deadline) throw new Error(`${otherwise} within ${START_MS / 1000} s`);
		await new Promise((resolve) => {
			setTimeout(resolve, 100);
		});
	}
}

function addresses({ http, rtsp }: DemoPorts, source: string): string {
	const url = `rtsp://127.0.0.1:${rtsp}/${PATH}`;
	const picture = source === "test" ? "a live test picture" : "the sample: neither GStreamer nor ffmpeg is here";
	return `
  A relay and a robot are running (${picture}).

  In a browser     http://127.0.0.1:${http}/watch/${PATH}
  Dashboard        http://127.0.0.1:${http}/
  VLC              vlc ${url}
  ffplay           ffplay -fflags nobuffer -flags low_delay ${url}

  Ctrl-C ends everything.

`;
}

function table(results: readonly Playback[]): string {
	const rows = results.map(({ way, tracks, firstFrameMs, framesPerSecond }) => [
		way,
		tracks,
		`${firstFrameMs.toFixed(0)} ms`,
		framesPerSecond.toFixed(1),
	]);
	const all = [["way", "tracks", "first frame", "frames/s"], ...rows];
	const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
	return `${all
		.map((row) =>
			row
				.map((cell, column) => cell.padEnd(widths[column]!))
				.join("  ")
				.trimEnd(),
		)
		.join("\n")}\n`;
}
