import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { suite, test } from "node:test";
import { parsePathName } from "../../src/media/path-name.ts";
import { makeCertificate } from "../support/certificate.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { exitCode, ffmpegPlays, ffmpegPublishes, type Program, run } from "./rtsp-programs.ts";

const camera = parsePathName("camera")!;
const copy = parsePathName("copy")!;
const FRAMES = 30;
const FRAME_BYTES = (320 * 240 * 3) / 2;

async function until(ready: () => boolean, what: string, more: () => string = () => ""): Promise<void> {
	for (const end = performance.now() + 15_000; !ready(); ) {
		if (performance.now() > end) throw new Error(`not within 15 s: ${what} ${more()}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

function startSecure({ cert, key }: { cert: string; key: string }): Promise<TestRelay> {
	return startTestRelay({ rtsp: { tls: { address: "127.0.0.1:0", cert, key } } });
}

const urlOf = ({ relay }: TestRelay): string => `rtsps://127.0.0.1:${relay.ports.rtsps[0]}/camera`;

function joinable({ relay }: TestRelay, path = camera): boolean {
	return (relay.hub.path(path)?.stream?.ring.join ?? -1) >= 0;
}

async function plays(player: Program): Promise<void> {
	assert.equal(await exitCode(player, 20_000), 0, player.text());
}

suite("RTSPS", { concurrency: false }, () => {
	test("ffmpeg publishes and plays, GStreamer plays", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg", "program openssl", "element avdec_h264")) return;
		using files = makeCertificate();
		await using relay = await startSecure(files);
		const url = urlOf(relay);
		await using publisher = ffmpegPublishes(url, "tcp");
		await until(() => joinable(relay), "a key frame", publisher.text);
		assert.equal(relay.relay.hub.path(camera)?.publication?.info.type, "rtspsSession");
		await using ffmpeg = ffmpegPlays(url, "tcp", FRAMES);
		const source = `rtspsrc location=${url} protocols=tcp tls-validation-flags=0 latency=100`;
		const decode = `rtph264depay ! h264parse ! avdec_h264 ! fakesink num-buffers=${FRAMES}`;
		await using gstreamer = run("gst-launch-1.0", ["-q", ...`${source} ! ${decode}`.split(" ")]);
		await Promise.all([plays(ffmpeg), plays(gstreamer)]);
		assert.equal(ffmpeg.output().length, FRAMES * FRAME_BYTES);
		const list = await (await fetch(`${relay.httpUrl}/v3/rtspssessions/list`)).json();
		assert.deepEqual([list.items[0].state, list.items[0].transport], ["publish", "TCP"]);
	});

	test("RTSP's own port takes TLS too, with the relay's own certificate", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await startTestRelay();
		const open = `${relay.rtspUrl}/camera`;
		const secure = open.replace("rtsp:", "rtsps:");
		await using publisher = ffmpegPublishes(secure, "tcp");
		await until(() => joinable(relay), "a key frame", publisher.text);
		assert.equal(relay.relay.hub.path(camera)?.publication?.info.type, "rtspsSession");
		await using first = ffmpegPlays(secure, "tcp", FRAMES);
		await using second = ffmpegPlays(open, "udp", FRAMES);
		await Promise.all([plays(first), plays(second)]);
		assert.equal(first.output().length, FRAMES * FRAME_BYTES);
		const list = async (kind: string) => (await (await fetch(`${relay.httpUrl}/v3/${kind}/list`)).json()).itemCount;
		assert.deepEqual([await list("rtspssessions"), await list("rtspsessions")], [1, 0]);
	});

	test("media is never given over UDP, where it would not be encrypted", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "program openssl", "element rtspclientsink")) return;
		using files = makeCertificate();
		await using relay = await startSecure(files);
		const source = "videotestsrc is-live=true ! x264enc tune=zerolatency";
		const sink = `rtspclientsink location=${urlOf(relay)} protocols=udp tls-validation-flags=0`;
		await using publisher = run("gst-launch-1.0", ["-q", ...`${source} ! ${sink}`.split(" ")]);
		assert.notEqual(await publisher.exit(15_000), 0);
		assert.equal(relay.relay.hub.path(camera)?.publication, undefined);
	});

	test("a robot publishes and a relay pulls, by the certificate's fingerprint", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "program openssl")) return;
		using files = makeCertificate();
		await using relay = await startSecure(files);
		const { fingerprint } = files;
		const cameras = [{ source: "sample", publish: urlOf(relay), fingerprint }];
		await using _robot = await startTestRobot({ cameras });
		await until(() => joinable(relay), "the robot's key frame");
		const source = urlOf(relay);
		await using puller = await startTestRelay({ paths: { copy: { source, sourceFingerprint: fingerprint } } });
		await until(() => joinable(puller, copy), "the pulled key frame");
	});

	test("who does not begin TLS is left", { timeout: 30_000 }, async (t) => {
		if (!needs(t, "program openssl")) return;
		using files = makeCertificate();
		const tls = { address: "127.0.0.1:0", cert: files.cert, key: files.key };
		await using relay = await startTestRelay({ rtsp: { tls, requestTimeout: "1 s" } });
		const socket = connect(relay.relay.ports.rtsps[0]!, "127.0.0.1");
		const began = performance.now();
		await once(socket, "close");
		assert.ok(performance.now() - began > 900, "not before its time");
	});

	test("another certificate is not taken", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "program openssl")) return;
		using files = makeCertificate();
		using others = makeCertificate();
		await using relay = await startSecure(files);
		for (const fingerprint of ["", others.fingerprint]) {
			const cameras = [{ source: "sample", publish: urlOf(relay), fingerprint }];
			await using _robot = await startTestRobot({ cameras });
			await new Promise((resolve) => setTimeout(resolve, 500));
			assert.equal(relay.relay.hub.path(camera), undefined);
		}
	});
});
