import { join } from "node:path";
import { parsePathName } from "../../src/media/path-name.ts";
import { type Program, run } from "../peers/rtsp-programs.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { input, type Media, type Picture, sample, tracks } from "./media.ts";
import { freePortPairs } from "./ports.ts";
import { publishWhip } from "./whip.ts";

/** The path that everything is published to. */
export const PATH = "robot1/front";

/** What a way in may use; what it starts ends with `parts`. */
interface Stage {
	readonly folder: string;
	readonly media: Media;
	readonly parts: AsyncDisposableStack;
}

/** How a stream comes into a relay. */
export interface WayIn {
	readonly name: string;
	/** The picture that comes; the film where it is not given. */
	readonly picture?: Picture;
	/** Why it cannot carry this; undefined where it can. */
	missing(media: Media): string | undefined;
	/** A relay of which `PATH` is being published. */
	open(stage: Stage): Promise<TestRelay>;
}

const vedette = join(import.meta.dirname, "../../bin/vedette");
const NO_ENHANCED_RTMP = "ffmpeg 5.1 does not speak Enhanced RTMP";

const carriesAll = (): undefined => undefined;

/** Many relays begin and end in this process, and what they hold goes back late: they get by with little. */
function start(paths: object = { all_others: {} }): Promise<TestRelay> {
	return startTestRelay({ paths, limits: { cacheSize: "32 MiB" } });
}

function rtmpLacks({ video, sound }: Media): string | undefined {
	return video === "h265" || sound === "opus" ? NO_ENHANCED_RTMP : undefined;
}

function webRtcLacks({ sound }: Media): string | undefined {
	return sound === "aac" ? "WebRTC has no AAC" : undefined;
}

/** ffmpeg publishes the film's tracks to one place. */
function push({ folder, media, parts }: Stage, ...target: readonly string[]): Program {
	const sound = media.sound ? tracks.sound : [];
	return parts.use(run("ffmpeg", [...input(folder, media), ...tracks.video, ...sound, ...target]));
}

/** A way in by which ffmpeg pushes to the relay. */
function pushed(name: string, missing: WayIn["missing"], target: (relay: TestRelay) => readonly string[]): WayIn {
	const open = async (stage: Stage): Promise<TestRelay> => {
		const relay = stage.parts.use(await start());
		push(stage, ...target(relay));
		return relay;
	};
	return { name, missing, open };
}

/** A way in by which the relay pulls from another one, to which ffmpeg publishes. */
function pulled(name: string, missing: WayIn["missing"], source: (origin: TestRelay) => object): WayIn {
	const open = async (stage: Stage): Promise<TestRelay> => {
		const origin = stage.parts.use(await start());
		push(stage, "-f", "rtsp", "-rtsp_transport", "tcp", `${origin.rtspUrl}/${PATH}`);
		await live(origin, stage.media.sound ? 2 : 1);
		return stage.parts.use(await start({ [PATH]: source(origin) }));
	};
	return { name, missing, open };
}

/** A way in by which another relay, to which ffmpeg publishes, pushes to this one. */
function forwarded(name: string, missing: WayIn["missing"], to: (relay: TestRelay) => string): WayIn {
	const open = async (stage: Stage): Promise<TestRelay> => {
		const relay = stage.parts.use(await start());
		const origin = stage.parts.use(await start({ [PATH]: { forward: [to(relay)] } }));
		push(stage, "-f", "rtsp", "-rtsp_transport", "tcp", `${origin.rtspUrl}/${PATH}`);
		return relay;
	};
	return { name: `forwarded by ${name}`, missing, open };
}

function robotLacks({ video, sound }: Media): string | undefined {
	if (video === "h265") return "the robot encodes H.264";
	return sound ? "the robot has no sound" : undefined;
}

/** The robot's program plays its sample to an address. */
function startSample(parts: AsyncDisposableStack, publish: string, transport: string): void {
	parts.use(
		run("sh", ["-c", 'exec "$@"', "sh", vedette, "robot", "--source", "sample", "--transport", transport, publish]),
	);
}

/** A way in of the robot. */
function robot(name: string, publish: (relay: TestRelay) => string, transport = "tcp"): WayIn {
	const open = async ({ parts }: Stage): Promise<TestRelay> => {
		const relay = parts.use(await start());
		startSample(parts, publish(relay), transport);
		return relay;
	};
	return { name: `the robot by ${name}`, picture: sample, missing: robotLacks, open };
}

/** Waits until so many tracks are published, the pictures from a key frame on. */
export async function live({ relay }: TestRelay, count: number): Promise<void> {
	for (const end = performance.now() + 15_000; ; ) {
		const path = relay.hub.path(parsePathName(PATH)!);
		if (path?.publication && path.stream?.tracks.length === count && path.stream.keyFrame(0)) return;
		if (performance.now() > end) throw new Error(`not live within 15 s: ${path?.stream?.tracks.length} tracks`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

/** What ffmpeg sends as plain RTP: pictures with payload type 96, sound with 97. */
function description({ video, sound }: Media, picture: number, noise: number): string {
	const codec = video === "h264" ? "a=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1" : "a=rtpmap:96 H265/90000";
	const aac = "mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1190";
	const sounds = {
		aac: `m=audio ${noise} RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/48000/2\na=fmtp:97 profile-level-id=1;${aac}\n`,
		opus: `m=audio ${noise} RTP/AVP 97\na=rtpmap:97 opus/48000/2\n`,
	};
	const head = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n";
	return `${head}m=video ${picture} RTP/AVP 96\n${codec}\n${sound ? sounds[sound] : ""}`;
}

async function openRtp(stage: Stage): Promise<TestRelay> {
	const [picture = 0, noise = 0] = await freePortPairs(2);
	const sdp = description(stage.media, picture, noise);
	const settings = { source: `udp+rtp://127.0.0.1:${picture}`, sdp };
	const relay = stage.parts.use(await start({ [PATH]: settings }));
	const rtp = (port: number): string[] => ["-f", "rtp", `rtp://127.0.0.1:${port}?pkt_size=1200`];
	const sound = stage.media.sound ? [...tracks.sound, ...rtp(noise)] : [];
	stage.parts.use(run("ffmpeg", [...input(stage.folder, stage.media), ...tracks.video, ...rtp(picture), ...sound]));
	return relay;
}

async function openMpegTs(stage: Stage): Promise<TestRelay> {
	const [port] = await freePortPairs(1);
	const settings = { source: `udp+mpegts://127.0.0.1:${port}` };
	const relay = stage.parts.use(await start({ [PATH]: settings }));
	push(stage, "-f", "mpegts", `udp://127.0.0.1:${port}?pkt_size=1316`);
	return relay;
}

async function openWhip({ folder, media, parts }: Stage): Promise<TestRelay> {
	const relay = parts.use(await start());
	await publishWhip(`${relay.httpUrl}/${PATH}/whip`, folder, media, parts);
	return relay;
}

async function openRobotRtp({ parts }: Stage): Promise<TestRelay> {
	const [port] = await freePortPairs(1);
	const address = `udp+rtp://127.0.0.1:${port}`;
	const relay = parts.use(await start({ [PATH]: { source: address } }));
	startSample(parts, address, "udp");
	return relay;
}

const rtsp = (lower: string) => (relay: TestRelay) => [
	"-f",
	"rtsp",
	"-rtsp_transport",
	lower,
	`${relay.rtspUrl}/${PATH}`,
];
const whip = ({ httpUrl }: TestRelay): string => `${httpUrl}/${PATH}/whip`;
const srt = ({ srtUrl }: TestRelay, mode: string): string => `${srtUrl}?streamid=${mode}:${PATH}`;

/** Every way in. */
export const waysIn: readonly WayIn[] = [
	pushed("RTSP over TCP", carriesAll, rtsp("tcp")),
	pushed("RTSP over UDP", carriesAll, rtsp("udp")),
	{ name: "WHIP", missing: webRtcLacks, open: openWhip },
	{ name: "RTP over UDP", missing: carriesAll, open: openRtp },
	{ name: "MPEG-TS over UDP", missing: carriesAll, open: openMpegTs },
	pushed("RTMP", rtmpLacks, ({ rtmpUrl }) => ["-f", "flv", `${rtmpUrl}/${PATH}`]),
	pushed("SRT", carriesAll, (relay) => ["-f", "mpegts", `${srt(relay, "publish")}&pkt_size=1316`]),
	pulled("pulled RTSP over TCP", carriesAll, ({ rtspUrl }) => ({ source: `${rtspUrl}/${PATH}` })),
	pulled("pulled RTSP over UDP", carriesAll, ({ rtspUrl }) => ({ source: `${rtspUrl}/${PATH}`, transport: "udp" })),
	pulled("pulled RTMP", carriesAll, ({ rtmpUrl }) => ({ source: `${rtmpUrl}/${PATH}` })),
	pulled("pulled SRT", carriesAll, (origin) => ({ source: srt(origin, "read") })),
	pulled("pulled WHEP", carriesAll, ({ httpUrl }) => ({ source: `${httpUrl.replace("http", "whep")}/${PATH}/whep` })),
	pulled("pulled HLS", carriesAll, ({ httpUrl }) => ({ source: `${httpUrl}/${PATH}/index.m3u8` })),
	forwarded("RTSP", carriesAll, ({ rtspUrl }) => `${rtspUrl}/${PATH}`),
	forwarded("RTMP", carriesAll, ({ rtmpUrl }) => `${rtmpUrl}/${PATH}`),
	forwarded("SRT", carriesAll, (relay) => srt(relay, "publish")),
	forwarded("WHIP", webRtcLacks, whip),
	robot("RTSP over TCP", ({ rtspUrl }) => `${rtspUrl}/${PATH}`),
	robot("RTSP over UDP", ({ rtspUrl }) => `${rtspUrl}/${PATH}`, "udp"),
	robot("WHIP", whip),
	robot("RTMP", ({ rtmpUrl }) => `${rtmpUrl}/${PATH}`),
	robot("SRT", (relay) => srt(relay, "publish")),
	{ name: "the robot by RTP over UDP", picture: sample, missing: robotLacks, open: openRobotRtp },
];
