/** What one run of a recipe proves: something is published as the page says, and played or asked for as it says. */
export interface RecipeRun {
	readonly page: string;
	/** The block of `vedette.yml`. */
	readonly config: string;
	/** The path that comes to be. */
	readonly path: string;
	/** The block that publishes; without it the test does, or the relay pulls. */
	readonly publish?: string;
	/** A block that must run too: what the publisher takes from. */
	readonly before?: string;
	/** Blocks that play or ask. */
	readonly plays: readonly string[];
	/** The path of an RTSP camera that is there; it is at 192.0.2.7:554, and at the tunnel's end. */
	readonly camera?: string;
	/** Peers beside ffmpeg. */
	readonly needs?: readonly string[];
}

const gstreamerOut = ["element rtspsrc", "element avdec_h264"];
const gstreamerIn = ["element x264enc", "element rtspclientsink"];
const at = { config: "vedette.yml", path: "robot1/front" };

export const recipeRuns: readonly RecipeRun[] = [
	{
		...{ page: "ssh-tunnel", config: "tunnel.yml", path: "camera", camera: "camera" },
		...{ plays: ["gstreamer", "vlc", "ffplay"], needs: [...gstreamerOut, "openRTSP"] },
	},
	{
		page: "ssh-tunnel",
		config: "publish.yml",
		path: "camera",
		publish: "publish",
		plays: [],
		needs: ["element x264enc"],
	},
	{
		...{ page: "browser-viewer", config: "vedette.yml", path: "56C1CADC", publish: "camera" },
		...{ plays: ["health", "list", "stream"], needs: ["element x264enc", "curl"] },
	},
	{ ...at, page: "ffmpeg", publish: "rtsp", plays: ["watch", "hls"], needs: ["ffplay"] },
	{ ...at, page: "ffmpeg", publish: "file", plays: ["record"] },
	{ ...at, page: "ffmpeg", publish: "copy", plays: ["picture"] },
	{ ...at, page: "ffmpeg", publish: "h265", plays: [] },
	{ ...at, page: "gstreamer", publish: "rtsp", plays: ["watch"], needs: [...gstreamerIn, ...gstreamerOut] },
	{ ...at, page: "gstreamer", publish: "sound", plays: [], needs: [...gstreamerIn, "element opusenc"] },
	{ ...at, page: "vlc", plays: ["watch", "quick", "tcp"], needs: ["openRTSP"] },
	{ ...at, page: "obs", path: "live/stage", publish: "rtmp", plays: ["list"], needs: ["curl"] },
	{ ...at, page: "obs", path: "live/stage", publish: "srt", plays: [] },
	{ ...at, page: "browser", plays: ["list", "hls"], needs: ["curl"] },
	{ page: "ip-camera", config: "pull.yml", path: "gate", camera: "stream1", plays: ["watch"], needs: ["ffplay"] },
	...["robot", "ffmpeg"].map((publish) => {
		return { page: "ip-camera", config: "publish.yml", path: "gate", camera: "stream1", publish, plays: [] };
	}),
	{
		...{ page: "rtmp", config: "vedette.yml", path: "live/stream", publish: "gstreamer" },
		...{ plays: ["watch"], needs: ["element rtmpsink", "element rtmp2src", "element x264enc", "element avdec_h264"] },
	},
	{ page: "rtmp", config: "vedette.yml", path: "live/stream", publish: "ffmpeg", plays: [] },
	{ page: "rtmp", config: "vedette.yml", path: "live/stream", publish: "robot", plays: [], needs: ["element x264enc"] },
	{
		...{ page: "srt", config: "vedette.yml", path: "robot1", publish: "ffmpeg" },
		...{ plays: ["ffplay", "transmit"], needs: ["ffplay", "srt-live-transmit"] },
	},
	{ page: "srt", config: "vedette.yml", path: "robot1", publish: "gstreamer", plays: [], needs: ["element srtsink"] },
	{ page: "srt", config: "vedette.yml", path: "robot1", publish: "robot", plays: [], needs: ["element x264enc"] },
	{
		...{ page: "srt", config: "own-port.yml", path: "front", publish: "own-port-publish" },
		...{ plays: ["own-port-watch"], needs: ["element srtsink", "element x264enc", "element avdec_h264"] },
	},
	{
		...{ page: "udp-push", config: "between.yml", path: "camera", before: "camera", publish: "between" },
		plays: [],
	},
];

/** Blocks that tests of their own run, by page. */
export const otherRuns: Readonly<Record<string, { readonly file: string; readonly blocks: readonly string[] }>> = {
	"browser-viewer": { file: "test/peers/control-commands.test.ts", blocks: ["start", "state", "viewers", "stop"] },
	rtmp: { file: "test/peers/control-commands.test.ts", blocks: ["listen", "message", "bridge"] },
	"udp-push": { file: "test/peers/udp.test.ts", blocks: ["camera", "plain", "sound", "ts", "gst", "watch"] },
	"from-mediamtx": {
		file: "test/peers/mediamtx.test.ts",
		blocks: ["open-publish", "open-ask", "closed-publish", "closed-watch"],
	},
};
