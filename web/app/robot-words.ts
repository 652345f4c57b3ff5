/** What the page says of robots and their cameras. Pure. */
import { demandLabel, demandWords } from "./demand.ts";
import { ago, bitrate } from "./format.ts";
import type { CameraInfo, RobotInfo, WantInfo } from "./robot-api.ts";

export interface CameraWords {
	/** Colour means state: green pictures, amber trouble or a change that passes, red failure, grey nothing. */
	readonly tone: "live" | "stalled" | "offline" | "bad";
	readonly label: string;
	readonly detail: string;
}

const TONES = { idle: "offline", starting: "stalled", live: "live", stopping: "stalled", error: "bad" } as const;

/** As the wire has them, and for people. */
const WAYS: Readonly<Record<string, string>> = {
	webRTCSession: "WebRTC",
	webSocketSession: "WebSocket",
	hlsMuxer: "HLS",
	rtspSession: "RTSP",
	rtspsSession: "RTSPS",
	rtmpConn: "RTMP",
	rtmpsConn: "RTMPS",
	srtConn: "SRT",
	mqtt: "MQTT",
	api: "page or API",
};

/** So many of those who watch are named. */
const NAMED = 3;

function unknown({ state, reason }: CameraInfo): CameraWords {
	if (state === null) return { tone: "offline", label: "Not heard of yet", detail: "" };
	const demand = { state, since: 0, online: true, alwaysOn: false, error: reason || null, waiting: 0, holds: [] };
	return { tone: TONES[state], label: demandLabel(demand), detail: reason };
}

function triggered({ trigger }: CameraInfo): string {
	return trigger ? `Started there by “${trigger.name}”, ${Math.ceil(trigger.seconds)} s more` : "";
}

/** What a camera does, and why. */
export function cameraWords({ online }: RobotInfo, camera: CameraInfo): CameraWords {
	const { demand, paused, reason } = camera;
	if (!online) {
		const waited = demand?.state === "starting";
		return { tone: "offline", label: "Out of reach", detail: waited ? "It starts when the robot is back" : "" };
	}
	if (paused) {
		const detail = "Somebody at the robot holds it still; no start is obeyed until it is resumed there";
		return { tone: "stalled", label: "Paused at the robot", detail };
	}
	if (!demand) return unknown(camera);
	const { state, alwaysOn } = demand;
	const tone = TONES[state];
	const label = demandLabel(demand);
	if (state === "live") return { tone, label, detail: triggered(camera) || (alwaysOn ? "Always on" : "") };
	const error = state === "error" ? reason || demand.error : demand.error;
	return { tone, label, detail: triggered(camera) || demandWords({ ...demand, error }) };
}

/** The robot's own figures, those that say something. */
export function cameraFigures({ stats, state }: CameraInfo): readonly string[] {
	if (!stats) return [];
	const { bitrate: kbps, fps, dropped, rtt, loss, temperature } = stats;
	const live = [
		bitrate(kbps * 1000),
		`${Math.round(fps)} fps`,
		dropped > 0 ? `${dropped} dropped` : "",
		loss === undefined || loss === 0 ? "" : `${(loss * 100).toFixed(1)} % lost`,
		rtt === undefined ? "" : `${Math.round(rtt)} ms there and back`,
	];
	const warmth = temperature === undefined ? "" : `${Math.round(temperature)} °C`;
	return [...(state === "live" ? live : []), warmth].filter(Boolean);
}

function person({ by, user, address }: WantInfo): string {
	return [user ?? "somebody", WAYS[by] ?? by, address ?? ""].filter(Boolean).join(", ");
}

/** Who watches, and who keeps it awake by having said start. `now` in Unix milliseconds. */
export function whoWords({ wants, demand }: CameraInfo, now: number): readonly string[] {
	const watching = wants.slice(0, NAMED).map((want) => `Watched by ${person(want)}`);
	const more = wants.length - watching.length;
	// What a trigger started is told as the camera's state.
	const said = (demand?.holds ?? []).filter(({ by }) => by !== "trigger");
	const holds = said.map((hold) => `Started by ${person(hold)}, ${ago(now - hold.since)} ago`);
	return [...watching, ...(more > 0 ? [`and ${more} more watch`] : []), ...holds];
}

/** Since when a robot is here or gone. */
export function presenceWords({ online, since, joined }: RobotInfo, now: number): string {
	if (since === null) return joined ? "Has not come yet" : "Offline";
	return online ? `Online for ${ago(now - since)}` : `Offline for ${ago(now - since)}`;
}

/** What is wrong with a name for a robot; empty where it is good. The relay has the same rule. */
export function nameFault(name: string): string {
	if (name === "") return "A robot needs a name.";
	if (name.length > 64) return "A name has at most 64 characters.";
	return /^[A-Za-z0-9_-]+$/.test(name) ? "" : "A name is made of letters, digits, _ and -.";
}

/** `14:59`; `0:00` when it is over. */
export function countdown(milliseconds: number): string {
	const seconds = Math.max(0, Math.round(milliseconds / 1000));
	return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
