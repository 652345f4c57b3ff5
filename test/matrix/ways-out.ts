import type { Program } from "../peers/rtsp-programs.ts";
import type { TestRelay } from "../support/relay.ts";
import { decode } from "./decode.ts";
import type { Media } from "./media.ts";
import { PATH } from "./ways-in.ts";
import { playWebSocket } from "./websocket.ts";
import { playWhep } from "./whep.ts";

/** How a stream goes out of a relay and is decoded. */
export interface WayOut {
	readonly name: string;
	/** Why it cannot be had; undefined where it can. */
	missing(media: Media): string | undefined;
	play(relay: TestRelay, sound: boolean, folder: string): Promise<Program> | Program;
}

const all = (): undefined => undefined;

const NO_ENHANCED_RTMP = "ffmpeg 5.1 does not know Enhanced RTMP; a relay that pulls plays it";

function rtsp(lower: string): WayOut["play"] {
	return ({ rtspUrl }, sound) => decode(["-rtsp_transport", lower, "-i", `${rtspUrl}/${PATH}`], sound);
}

/** Every way out. */
export const waysOut: readonly WayOut[] = [
	{ name: "RTSP/TCP", missing: all, play: rtsp("tcp") },
	{ name: "RTSP/UDP", missing: all, play: rtsp("udp") },
	{
		name: "WHEP",
		missing: all,
		play: ({ httpUrl }, sound, folder) => playWhep(`${httpUrl}/${PATH}/whep`, sound, folder),
	},
	{
		name: "RTMP",
		missing: ({ video }) => (video === "h265" ? NO_ENHANCED_RTMP : undefined),
		play: ({ rtmpUrl }, sound) => decode(["-i", `${rtmpUrl}/${PATH}`], sound),
	},
	{
		name: "SRT",
		missing: all,
		play: ({ srtUrl }, sound) => decode(["-i", `${srtUrl}?streamid=read:${PATH}`], sound),
	},
	{
		name: "HLS",
		missing: all,
		play: ({ httpUrl }, sound) => decode(["-i", `${httpUrl}/${PATH}/index.m3u8`], sound),
	},
	{
		name: "WebSocket",
		missing: all,
		play: ({ httpUrl }, sound) => playWebSocket(`${httpUrl.replace("http", "ws")}/${PATH}/live.ws`, sound),
	},
];
