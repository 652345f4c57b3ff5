import { join } from "node:path";
import { peer } from "./peers.ts";

const vedette = join(import.meta.dirname, "../../bin/vedette");

/** What stands in this machine for what a recipe names. */
export interface Places {
	readonly rtsp: number;
	readonly rtmp: number;
	readonly srt: number;
	readonly http: number;
	/** Where the recipe's UDP ports 9000 to 9049 are: at the same distances from here. */
	readonly udp: number;
	/** The port of the RTSP camera at 192.0.2.7, and of the tunnel's end. */
	readonly camera: number;
}

const picture = "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1";

/** Cameras, microphones and windows that this machine lacks, and what stands for them. */
const standIns = [
	["-f v4l2 -i /dev/video0", "-re -f lavfi -i testsrc2=size=320x240:rate=30"],
	["-f alsa -i default", "-re -f lavfi -i sine=frequency=440:sample_rate=48000"],
	["v4l2src device=/dev/video0", picture],
	["v4l2src", picture],
	["libcamerasrc", "videotestsrc is-live=true"],
	["nvarguscamerasrc", picture],
	["alsasrc", "audiotestsrc is-live=true"],
	["--source libcamera", "--source test"],
	["--source nvargus", "--source test"],
	["autovideosink", "fakesink num-buffers=45"],
] as const;

/** Programs of which less is wanted to be heard, and one that is not installed: live555 is what VLC takes RTSP with. */
const programs = (): readonly (readonly [RegExp, string])[] => [
	[/^ffmpeg /, "exec ffmpeg -nostdin -loglevel error "],
	[/^ffplay /, "exec ffplay "],
	[/^gst-launch-1\.0 /, "exec gst-launch-1.0 -q "],
	[/^srt-live-transmit /, "exec srt-live-transmit "],
	[/^curl /, "exec curl --silent --show-error --fail "],
	[/^vedette /, `exec ${vedette} `],
	[/^vlc (?:--\S+ )*rtsp:\/\/(\w+):(\w+)@/, `exec ${peer("openRTSP") ?? "openRTSP"} -v -d 2 -u $1 $2 rtsp://`],
];

/** A recipe's text with the hosts, ports, cameras and sinks of this machine. */
export function here(text: string, { rtsp, rtmp, srt, http, udp, camera }: Places): string {
	const addressed = text
		.replaceAll("192.0.2.7:554", `127.0.0.1:${camera}`)
		.replaceAll("127.0.0.1:8555", `127.0.0.1:${camera}`)
		.replaceAll(/SERVER|192\.0\.2\.7/g, "127.0.0.1")
		.replaceAll("127.0.0.1:8554", `127.0.0.1:${rtsp}`)
		.replaceAll("127.0.0.1:8080", `127.0.0.1:${http}`)
		.replaceAll("127.0.0.1:8890", `127.0.0.1:${srt}`)
		.replaceAll("rtmp://127.0.0.1/", `rtmp://127.0.0.1:${rtmp}/`)
		.replaceAll(/\b90([0-4]\d)\b/g, (_, last: string) => `${udp + Number(last)}`);
	const replaced = standIns.reduce((found, [there, ours]) => found.replaceAll(there, ours), addressed);
	return programs().reduce((found, [there, ours]) => found.replace(there, ours), replaced);
}
