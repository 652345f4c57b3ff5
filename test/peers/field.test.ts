import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parsePathName } from "../../src/media/path-name.ts";
import { needs, present } from "../support/peers.ts";
import { freeUdpPorts } from "../support/ports.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { exitCode, type Lower, type Program, run } from "./rtsp-programs.ts";

/*
 * Command lines as they are printed in descriptions of systems in the field: only hosts, ports, sinks and camera sources
 * are others. Those that play by RTSP are in rtsp.test.ts, those of our own pages in recipes.test.ts.
 */

const PATIENCE_MS = 20_000;
const PICTURES = 45;
const broken = /concealing|error while decoding|corrupt|Invalid data|missing picture/i;
const picture = "videotestsrc is-live=true";
/** Debian's own Python, which has GStreamer's module; another one may stand before it. */
const python = "/usr/bin/python3";

function shell(text: string): Program {
	return run("sh", ["-c", `exec ${text}`]);
}

async function live({ relay }: TestRelay, name: string, publisher: Program): Promise<void> {
	for (const end = performance.now() + PATIENCE_MS; ; ) {
		const path = relay.hub.path(parsePathName(name)!);
		if (path?.publication && path.stream?.keyFrame(0)) return;
		if (performance.now() > end || !publisher.running) throw new Error(`not live: ${publisher.text()}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

/** ffmpeg decodes pictures from an RTSP address, and has nothing to say. */
async function decodes(url: string, lower: Lower): Promise<void> {
	const out = ["-map", "0:v", "-fps_mode", "passthrough", "-frames:v", `${PICTURES}`, "-f", "framemd5", "-"];
	await using ffmpeg = run("ffmpeg", ["-loglevel", "warning", "-rtsp_transport", lower, "-i", url, ...out]);
	assert.equal(await ffmpeg.exit(PATIENCE_MS), 0, ffmpeg.text());
	assert.doesNotMatch(ffmpeg.text(), broken);
	assert.equal(ffmpeg.output().toString().match(/^0, /gm)?.length, PICTURES);
}

/** The pipeline of the robot's program. */
function pushed(url: string): string {
	return `
            ${picture} !
            video/x-raw,format=YUY2,width=640,height=480,key-int-max=30,framerate=30/1 !
            videoconvert !
            queue !
            x264enc tune=zerolatency speed-preset=ultrafast bitrate=1500 !
            queue !
            flvmux streamable=true name=mux !
            queue !
            rtmpsink location=${url}
            `;
}

/** The robot's program. */
function pushRtmp(url: string): string {
	return `
import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gst, GLib

class RTMPPush:
    def __init__(self):
        Gst.init(None)

        self.rtmp_url = "${url}"

        self.pipeline = Gst.parse_launch(
            f"""${pushed("{self.rtmp_url}")}"""
        )
    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        print(f"Pushing stream to: {self.rtmp_url}")
        loop = GLib.MainLoop()
        loop.run()

if __name__ == "__main__":
    pusher = RTMPPush()
    pusher.run()
`;
}

suite("command lines of the field", { concurrency: false }, () => {
	test("a robot sends SRT without a stream id, and a player asks without one", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg", "element srtsink", "element tsdemux", "element x264enc", "element avdec_h264")) return;
		const port = await freeUdpPorts([0]);
		await using relay = await startTestRelay({ paths: { camera: { srt: { address: `127.0.0.1:${port}` } } } });
		const client = `srtsrc uri=srt://127.0.0.1:${port} ! tsdemux ! h264parse ! avdec_h264 ! videoconvert`;
		await using server = shell(
			`gst-launch-1.0 -q ${picture} ! x264enc ! mpegtsmux ! srtsink uri=srt://127.0.0.1:${port}`,
		);
		await live(relay, "camera", server);
		await using player = shell(`gst-launch-1.0 -q ${client} ! fakesink num-buffers=${PICTURES}`);
		assert.equal(await exitCode(player, PATIENCE_MS), 0, player.text());
		await decodes(`${relay.rtspUrl}/camera`, "tcp");
	});

	test("a robot sends RTP, ffmpeg takes it by an SDP file and publishes by RTSP", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg", "element rtph264pay", "element x264enc")) return;
		const folder = mkdtempSync(join(tmpdir(), "vedette-field-"));
		t.after(() => rmSync(folder, { recursive: true, force: true }));
		const port = await freeUdpPorts([0, 1]);
		const format = "a=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1\n";
		const head = "v=0\no=- 0 0 IN IP4 0.0.0.0\ns=Camera\nc=IN IP4 0.0.0.0\nt=0 0\n";
		writeFileSync(join(folder, "camera.sdp"), `${head}m=video ${port} RTP/AVP 96\n${format}`);
		await using relay = await startTestRelay();
		const encoder = "x264enc tune=zerolatency speed-preset=ultrafast bitrate=2000 key-int-max=30";
		const source = `${picture} ! video/x-raw,width=640,height=480,framerate=30/1 ! ${encoder} ! video/x-h264,profile=baseline`;
		const send = `rtph264pay config-interval=1 pt=96 ! udpsink host=127.0.0.1 port=${port}`;
		await using robot = shell(`gst-launch-1.0 -q ${source} ! ${send}`);
		await using between = shell(
			`ffmpeg -hide_banner -loglevel warning -protocol_whitelist file,udp,rtp -i ${folder}/camera.sdp -c copy ` +
				`-f rtsp -rtsp_transport tcp ${relay.rtspUrl}/camera`,
		);
		await live(relay, "camera", between);
		await decodes(`${relay.rtspUrl}/camera`, "tcp");
		assert.ok(robot.running, robot.text());
	});

	test("a robot pushes RTMP with its login, a phone plays RTSP over UDP with its own", {
		timeout: 60_000,
	}, async (t) => {
		if (!needs(t, "ffmpeg", "element rtmpsink", "element x264enc")) return;
		const users = [
			{ name: "mypublisher", password: "secret123", allow: ["publish"] },
			{ name: "myviewer", password: "view456", allow: ["read"] },
		];
		await using relay = await startTestRelay({ access: { anonymous: [], users } });
		const url = `${relay.rtmpUrl}/live/stream?user=mypublisher&pass=secret123`;
		await using robot = shell(
			`gst-launch-1.0 -q ${picture} ! video/x-raw,format=YUY2,width=640,height=480,framerate=30/1 ! videoconvert ! queue ` +
				"! x264enc tune=zerolatency speed-preset=ultrafast bitrate=1500 ! queue ! flvmux streamable=true name=mux ! queue " +
				`! rtmpsink location="${url}"`,
		);
		await live(relay, "live/stream", robot);
		await decodes(`${relay.rtspUrl.replace("//", "//myviewer:view456@")}/live/stream`, "udp");
	});

	test("a robot's Python program pushes RTMP", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg", "element rtmpsink", "element x264enc")) return;
		const folder = mkdtempSync(join(tmpdir(), "vedette-field-"));
		t.after(() => rmSync(folder, { recursive: true, force: true }));
		await using relay = await startTestRelay();
		const url = `${relay.rtmpUrl}/live/stream`;
		writeFileSync(join(folder, "push_rtmp.py"), pushRtmp(url));
		// Without Python's module for it, GStreamer's own program takes the same text.
		const hasModule = present("file /usr/lib/python3/dist-packages/gi");
		const launch = `gst-launch-1.0 -q ${pushed(url).replaceAll(/\s+/g, " ")}`;
		await using robot = shell(hasModule ? `${python} ${folder}/push_rtmp.py` : launch);
		await live(relay, "live/stream", robot);
		await decodes(`${relay.rtspUrl}/live/stream`, "tcp");
	});
});
