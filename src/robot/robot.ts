import { makeStateDir, stateDirOf } from "../config/state-dir.ts";
import type { Log } from "../observe/log.ts";
import { withoutPassword } from "../observe/secrets.ts";
import { releaseWebRtc } from "../protocols/webrtc/client.ts";
import { Camera } from "./camera.ts";
import { chooseBackend, probeBackends } from "./capture/backends.ts";
import type { StartCapture } from "./capture/capture.ts";
import { type CameraConfig, captureSettings, type RobotConfig } from "./config.ts";
import { readIdentity } from "./identity.ts";
import { withIdentity } from "./joined.ts";
import { Desk } from "./orders/desk.ts";
import { LocalDoor, robotSocket } from "./orders/local-door.ts";
import { openMasters } from "./orders/masters.ts";
import { Pauses } from "./orders/pauses.ts";
import { Reporter } from "./orders/reporter.ts";
import { Station } from "./orders/station.ts";
import { Stations } from "./orders/stations.ts";
import { Wish } from "./orders/wish.ts";
import { overWhip } from "./publish/by-address.ts";
import { seenOfControl, seenOnTheWay } from "./publish/in-the-open.ts";

/** A robot at work. */
export interface Robot {
	/** Where programs on this machine may pull a trigger. */
	readonly httpPorts: readonly number[];
	/** Ends all cameras and connections. */
	stop(): Promise<void>;
}

/**
 * Starts a robot: cameras that always run begin at once, the others when they are wanted. Throws where a camera has no
 * backend on this machine, where a pause that was kept cannot be read, or an address is taken.
 */
export async function startRobot(given: RobotConfig, base: Log): Promise<Robot> {
	await using parts = new AsyncDisposableStack();
	const stateDir = openStateDir(given, base);
	const { config, broker } = withIdentity(given, stateDir === undefined ? undefined : readIdentity(stateDir));
	const log = base.child({ robot: config.name });
	warnOfTheOpen(config, log);
	const pauses = new Pauses(stateDir, given.name);
	const starts = await backendsOf(config);
	if (config.cameras.some(overWhip)) parts.defer(releaseWebRtc);
	const reporter = new Reporter();
	const desk = new Desk();
	const stations = config.cameras.map((camera, i) => {
		const wish = new Wish(isAlwaysOn(config, broker !== undefined, camera), pauses.has(camera.name));
		return buildStation(camera, starts[i]!, wish, desk, reporter, log.child({ camera: camera.name }));
	});
	const all = new Stations(config, stations, pauses, log);
	parts.use(all);
	const socket = stateDir && robotSocket(stateDir, given.name);
	const door = parts.use(await LocalDoor.open(all, socket, config.control.http, log));
	parts.use(openMasters(config, broker, all, desk, reporter, log));
	all.begin();
	const running = parts.move();
	return { httpPorts: door.ports, stop: () => running.disposeAsync() };
}

/** Says what others on the way can see. */
function warnOfTheOpen({ cameras, control }: RobotConfig, log: Log): void {
	for (const camera of cameras) {
		const seen = seenOnTheWay(camera);
		if (seen !== undefined) log.warn({ camera: camera.name }, seen);
	}
	for (const url of [control.mqtt, control.poll]) {
		const seen = seenOfControl(url);
		if (seen !== undefined) log.warn({ url: withoutPassword(url) }, seen);
	}
}

/** A robot works without a state directory, too: it cannot be paused then. */
function openStateDir({ stateDir }: RobotConfig, log: Log): string | undefined {
	const folder = stateDirOf(stateDir, process.env);
	try {
		makeStateDir(folder);
		return folder;
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		log.warn({ reason }, "no state directory: this robot cannot be paused");
		return undefined;
	}
}

async function backendsOf(config: RobotConfig): Promise<readonly StartCapture[]> {
	const settings = config.cameras.map(captureSettings);
	const samples = settings.every(({ source }) => source.kind === "sample");
	const backends = samples ? { gstreamer: undefined, ffmpeg: undefined } : await probeBackends(settings);
	return config.cameras.map((camera, i) => {
		const choice = chooseBackend(backends, settings[i]!, i, camera.backend);
		if ("missing" in choice) throw new Error(`camera ${camera.name}: ${choice.missing}`);
		return choice.start;
	});
}

function isAlwaysOn({ control }: RobotConfig, hasBroker: boolean, { onDemand }: CameraConfig): boolean {
	return onDemand === "auto" ? !hasBroker && control.poll === "" : !onDemand;
}

function buildStation(
	config: CameraConfig,
	start: StartCapture,
	wish: Wish,
	desk: Desk,
	reporter: Reporter,
	log: Log,
): Station {
	const camera = new Camera(config, start, log, {
		onState: (state, reason) => {
			// A failure is told by what failed, with the wait before it is tried again.
			if (state !== "error") log.info({ state, reason }, "camera");
			station.onState(state, reason);
		},
		onUnwanted: () => station.want(false),
	});
	const station = new Station({ camera, wish, desk, onChange: (changed) => reporter.report(changed) });
	return station;
}
