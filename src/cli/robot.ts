import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ConfigError, loadYaml, parseYaml } from "../config/load.ts";
import { withoutPassword } from "../observe/secrets.ts";
import { type Backends, chooseBackend, probeBackends } from "../robot/capture/backends.ts";
import { type CameraConfig, captureSettings, type RobotConfig, robotSchema } from "../robot/config.ts";
import { startRobot } from "../robot/robot.ts";
import { SOURCES } from "../robot/source.ts";
import { openLog } from "./options.ts";
import { runJoin } from "./robot-join.ts";
import { isLocalCommand, runLocal } from "./robot-local.ts";

const USAGE = 2;

const HELP = `usage: vedette robot --config robot.yml
       vedette robot [OPTION...] rtsp://HOST:8554/PATH | rtmp://HOST/PATH | https://HOST/PATH/whip
       vedette robot --probe [OPTION...]
       vedette robot join LINE                                            (see vedette robot join --help)
       vedette robot pause|resume|trigger|status [CAMERA] [OPTION...]     (see vedette robot pause --help)

Captures cameras and publishes them, for ever.

  --config FILE        all settings of one or more cameras (see examples/robot.example.yml)
  --probe              lists cameras, encoders and the pipelines that would run, and ends

One camera:
  --source SOURCE      ${SOURCES} (test)
  --size WxH           pixels before rotation (1280x720)
  --fps N              pictures per second (30)
  --bitrate N          kbit/s (2000)
  --keyframe SECONDS   from one key frame to the next (2)
  --rotate DEGREES     0, 90, 180 or 270, clockwise (0)
  --input FORMAT       what a v4l2 camera gives: auto, raw, mjpeg or h264 (auto)
  --reencode           encode an rtsp:// source again instead of passing it through
  --backend NAME       auto, gstreamer or ffmpeg (auto)
  --encoder NAME       GStreamer's: auto, nvv4l2h264enc, v4l2h264enc, x264enc or openh264enc (auto)
  --transport NAME     how RTP leaves by rtsp://: tcp or udp (tcp)
  --fingerprint HEX    SHA-256 of the certificate of an rtsps:// or rtmps:// server, where this machine does not trust it
  --token TOKEN        a bearer token for WHIP
  --name NAME          the camera's name in the log (camera)
  --state-dir FOLDER   where pauses are kept, and the socket for vedette robot pause
  --log-level LEVEL    trace, debug, info, warn, error or silent (info)
`;

const options = {
	config: { type: "string" },
	probe: { type: "boolean" },
	source: { type: "string" },
	size: { type: "string" },
	fps: { type: "string" },
	bitrate: { type: "string" },
	keyframe: { type: "string" },
	rotate: { type: "string" },
	input: { type: "string" },
	reencode: { type: "boolean" },
	backend: { type: "string" },
	encoder: { type: "string" },
	transport: { type: "string" },
	fingerprint: { type: "string" },
	token: { type: "string" },
	name: { type: "string" },
	"state-dir": { type: "string" },
	"log-level": { type: "string" },
	help: { type: "boolean", short: "h" },
} as const;

type Flags = ReturnType<typeof parseFlags>["values"];

function parseFlags(args: string[]) {
	return parseArgs({ args, options, allowPositionals: true });
}

/** Runs a robot until it is told to end. Gives the exit code. */
export async function run(args: string[]): Promise<number> {
	if (args[0] === "join") return runJoin(args.slice(1));
	if (isLocalCommand(args[0])) return runLocal(args[0], args.slice(1));
	let config: RobotConfig;
	let probing: boolean;
	try {
		const { values, positionals } = parseFlags(args);
		if (values.help) {
			process.stdout.write(HELP);
			return 0;
		}
		probing = values.probe === true;
		config = values.config === undefined ? fromFlags(values, positionals) : loadYaml(values.config, robotSchema);
		if (values.config !== undefined && positionals.length > 0) throw new Error("--config names the addresses itself");
	} catch (error) {
		const lines = error instanceof ConfigError ? error.lines : [error instanceof Error ? error.message : String(error)];
		process.stderr.write(lines.map((line) => `vedette robot: ${line}\n`).join(""));
		return USAGE;
	}
	return probing ? await probe(config) : await work(config);
}

/** The settings of the one camera that the command line describes. */
function fromFlags(values: Flags, [publish, ...more]: string[]): RobotConfig {
	const {
		config: _,
		probe: probing,
		help: __,
		fps,
		bitrate,
		keyframe,
		rotate,
		"log-level": level,
		"state-dir": stateDir,
		...rest
	} = values;
	if (more.length > 0) throw new Error("one address, please; --config takes several cameras");
	if (publish === undefined && !probing) throw new Error("to where? Give an address, or --config (see --help)");
	const numbers = Object.entries({ fps, bitrate, keyframe, rotate }).filter(([, value]) => value !== undefined);
	const camera = {
		...rest,
		...Object.fromEntries(numbers.map(([key, value]) => [key, Number(value)])),
		publish: publish ?? "rtsp://127.0.0.1/camera",
	};
	const origin = "the command line";
	return parseYaml("", origin, robotSchema, [
		{ path: ["cameras"], value: [camera], origin },
		...(stateDir === undefined ? [] : [{ path: ["stateDir"], value: stateDir, origin }]),
		...(level === undefined ? [] : [{ path: ["log", "level"], value: level, origin }]),
	]);
}

async function work(config: RobotConfig): Promise<number> {
	const log = openLog(config.log, "robot");
	if (!log) return 1;
	const told = new Promise<void>((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
	});
	try {
		const robot = await startRobot(config, log);
		await told;
		await robot.stop();
		return 0;
	} catch (error) {
		log.error(error instanceof Error ? error.message : String(error));
		return 1;
	}
}

async function probe(config: RobotConfig): Promise<number> {
	const settings = config.cameras.map(captureSettings);
	const backends = await probeBackends(settings);
	const { gstreamer, ffmpeg } = backends;
	const found = [
		"Cameras",
		...v4l2Devices().map((device) => `  ${device}`),
		...(gstreamer?.sources.includes("libcamerasrc") ? ["  libcamera: through GStreamer"] : []),
		...(gstreamer?.sources.includes("nvarguscamerasrc") ? ["  nvargus: through GStreamer"] : []),
		"  test, sample: always",
		"Encoders",
		`  ${gstreamer ? `${gstreamer.version}: ${gstreamer.encoders.join(", ") || "none"}` : "GStreamer is not installed"}`,
		`  ${ffmpeg ? `${ffmpeg.version}: ${ffmpeg.encoders.join(", ") || "none"}` : "ffmpeg is not installed"}`,
		"Would run",
		...config.cameras.map((camera, i) => cameraLine(camera, i, backends)),
		"",
	];
	process.stdout.write(found.join("\n"));
	return 0;
}

function cameraLine(camera: CameraConfig, index: number, backends: Backends): string {
	const choice = chooseBackend(backends, captureSettings(camera), index, camera.backend);
	const what = "missing" in choice ? choice.missing : `${choice.name}: ${withoutPassword(choice.description)}`;
	return `  ${camera.name}: ${what}`;
}

/** The cameras that Linux knows, with their names. */
function v4l2Devices(): string[] {
	const folder = "/sys/class/video4linux";
	try {
		return readdirSync(folder)
			.sort()
			.map((device) => `v4l2:/dev/${device}  ${readFileSync(`${folder}/${device}/name`, "utf8").trim()}`);
	} catch {
		return [];
	}
}
