import type { Log } from "../../observe/log.ts";
import type { CameraConfig } from "../config.ts";
import { passwordRule } from "./in-the-open.ts";
import type { OpenPublisher } from "./publisher.ts";
import { openRtmp } from "./rtmp.ts";
import { openRtsp } from "./rtsp.ts";
import { openSrt } from "./srt.ts";
import { openUdpRtp } from "./udp-rtp.ts";
import { openWhip } from "./whip.ts";

const bySchemes: readonly (readonly [RegExp, OpenPublisher])[] = [
	[/^rtmps?:/, openRtmp],
	[/^srt:/, openSrt],
	[/^udp\+rtp:/, openUdpRtp],
	[/^rtsps?:/, openRtsp],
];

/** Whether the camera publishes by WHIP. */
export function overWhip({ publish }: CameraConfig): boolean {
	return publish.startsWith("http");
}

/** What publishes to a camera's address, by the address alone. */
export function publisherFor(config: CameraConfig, log: Log): OpenPublisher {
	const { fingerprint, token } = config;
	const mayShowPassword = passwordRule(config, log);
	const open = bySchemes.find(([scheme]) => scheme.test(config.publish))?.[1];
	if (!open) return (url, tracks, options) => openWhip(url, tracks, { ...options, token });
	return (url, tracks, options) => open(url, tracks, { ...options, fingerprint, mayShowPassword });
}
