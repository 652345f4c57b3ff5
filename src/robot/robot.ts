import type { Frame } from "../media/frame.ts";
import type { Log } from "../observe/log.ts";
import { withoutPassword } from "../observe/secrets.ts";
import { releaseWebRtc } from "../protocols/webrtc/client.ts";
import { chooseBackend, probeBackends } from "./capture/backends.ts";
import type { StartCapture } from "./capture/capture.ts";
import { Supervisor } from "./capture/supervisor.ts";
import { type CameraConfig, captureSettings, type RobotConfig } from "./config.ts";
import type { OpenPublisher } from "./publish/publisher.ts";
import { Publishing } from "./publish/publishing.ts";
import { openRtmp } from "./publish/rtmp.ts";
import { openRtsp } from "./publish/rtsp.ts";
import { openSrt } from "./publish/srt.ts";
import { openUdpRtp } from "./publish/udp-rtp.ts";
import { openWhip } from "./publish/whip.ts";

/** A robot at work. */
export interface Robot {
	/** Ends all cameras and connections. */
	stop(): Promise<void>;
}

/** Starts all cameras of a robot. Throws where one has no backend on this machine. */
export async function startRobot(config: RobotConfig, log: Log): Promise<Robot> {
	const settings = config.cameras.map(captureSettings);
	const samples = settings.every(({ source }) => source.kind === "sample");
	const backends = samples ? { gstreamer: undefined, ffmpeg: undefined } : await probeBackends(settings);
	const starts = config.cameras.map((camera, i) => {
		const choice = chooseBackend(backends, settings[i]!, i, camera.backend);
		if ("missing" in choice) throw new Error(`camera ${camera.name}: ${choice.missing}`);
		return choice.start;
	});
	const cameras = config.cameras.map((camera, i) =>
		startCamera(camera, starts[i]!, log.child({ camera: camera.name })),
	);
	return {
		stop: async () => {
			await Promise.all(cameras.map((camera) => camera.stop()));
			if (config.cameras.some(overWhip)) releaseWebRtc();
		},
	};
}

function startCamera(config: CameraConfig, start: StartCapture, log: Log): Robot {
	const publishing = new Publishing({
		url: config.publish,
		transport: config.transport,
		open: publisherFor(config),
		log: log.child({ url: withoutPassword(config.publish) }),
		random: Math.random,
		requestKeyFrame: () => capture.requestKeyFrame(),
	});
	const capture = new Supervisor(captureSettings(config), start, {
		onFrame: (frame: Frame) => {
			if (capture.track) publishing.take(frame, capture.track);
		},
		onStarted: (description) => log.info({ pipeline: withoutPassword(description) }, "capture started"),
		onRestart: (reason, waitMs) => log.warn({ reason: withoutPassword(reason), waitMs }, "capture failed"),
	});
	return {
		stop: async () => {
			await Promise.all([publishing.stop(), capture.stop()]);
		},
	};
}

function overWhip({ publish }: CameraConfig): boolean {
	return publish.startsWith("http");
}

function publisherFor(config: CameraConfig): OpenPublisher {
	if (config.publish.startsWith("rtmp")) return openRtmp;
	if (config.publish.startsWith("srt")) return openSrt;
	if (config.publish.startsWith("udp+rtp")) return openUdpRtp;
	if (!overWhip(config)) return openRtsp;
	return (url, tracks, options) => openWhip(url, tracks, { ...options, token: config.token });
}
