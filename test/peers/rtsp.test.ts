import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Path } from "../../src/hub/path.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import {
	exitCode,
	ffmpegPlays,
	ffmpegPublishes,
	ffplayClock,
	ffplayPlays,
	gstreamerPlays,
	gstreamerPublishes,
	type Lower,
	live555Plays,
	type Program,
	run,
} from "./rtsp-programs.ts";

const camera = parsePathName("camera")!;
const FRAME_BYTES = (320 * 240 * 3) / 2;
/** What decoders say of pictures that are not whole. */
const broken = /concealing|error while decoding|corrupt|Invalid data|missing picture/i;

const lowers: readonly Lower[] = ["tcp", "udp"];
const publishers = [
	{ name: "ffmpeg", needs: ["ffmpeg"], publish: ffmpegPublishes },
	{ name: "GStreamer", needs: ["gst-launch-1.0", "element rtspclientsink"], publish: gstreamerPublishes },
];

/** Waits until `ready` gives something, and looks every 20 ms. */
async function until<T>(ready: () => T | undefined, what: string, ms = 15_000): Promise<T> {
	for (const end = performance.now() + ms; ; ) {
		const value = ready();
		if (value !== undefined) return value;
		if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

const pathOf = ({ relay }: TestRelay): Path | undefined => relay.hub.path(camera);

/** Waits for a publisher's first key frame. */
async function live(relay: TestRelay, publisher: Program): Promise<void> {
	await until(() => (publisher.running ? undefined : assert.fail(publisher.text())) ?? joinable(relay), "a key frame");
}

function joinable(relay: TestRelay): true | undefined {
	const stream = pathOf(relay)?.stream;
	return pathOf(relay)?.publication && stream && stream.ring.join >= 0 ? true : undefined;
}

async function plays(program: Program, ms = 20_000): Promise<void> {
	const code = await exitCode(program, ms);
	assert.equal(code, 0, program.text());
	assert.doesNotMatch(program.text(), broken);
}

suite("RTSP with real programs", { concurrency: false }, () => {
	for (const { name, needs: programs, publish } of publishers) {
		for (const lower of lowers) {
			test(`${name} publishes over ${lower}; ffmpeg, GStreamer and live555 play`, { timeout: 90_000 }, async (t) => {
				if (!needs(t, ...programs, "ffmpeg", "element avdec_h264", "openRTSP")) return;
				await using relay = await startTestRelay();
				const url = `${relay.rtspUrl}/camera`;
				await using publisher = publish(url, lower);
				await live(relay, publisher);
				for (const way of lowers) {
					await using ffmpeg = ffmpegPlays(url, way, 45);
					await using gstreamer = gstreamerPlays(url, way, 45);
					await using live555 = live555Plays(url, way, 2);
					await Promise.all([plays(ffmpeg), plays(gstreamer), plays(live555)]);
					assert.equal(ffmpeg.output().length, 45 * FRAME_BYTES, `ffmpeg over ${way}`);
					assert.ok(live555.output().length > 30_000, `live555 over ${way}: ${live555.output().length} bytes`);
				}
				assert.ok(publisher.running);
				await publisher.interrupt();
			});
		}
	}

	test("sound and picture are published and played together", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await startTestRelay();
		const url = `${relay.rtspUrl}/camera`;
		await using publisher = ffmpegPublishes(url, "tcp", undefined, true);
		await live(relay, publisher);
		for (const way of lowers) {
			const input = ["-loglevel", "error", "-rtsp_transport", way, "-i", url, "-t", "3"];
			await using ffmpeg = run("ffmpeg", [...input, "-f", "framecrc", "-c", "copy", "-"]);
			await plays(ffmpeg);
			const rows = ffmpeg.output().toString().split("\n");
			const count = (track: number) => rows.filter((row) => row.startsWith(`${track},`)).length;
			assert.ok(count(0) >= 80 && count(1) >= 100, `${way}: ${count(0)} pictures, ${count(1)} blocks of sound`);
		}
	});

	test("a closed relay is opened by Digest and Basic", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg", "element rtspclientsink", "openRTSP")) return;
		const password = "correct horse";
		const user = { name: "robot", password, allow: ["publish", "read"], paths: ["camera"] };
		await using relay = await startTestRelay({ access: { anonymous: [], users: [user] } });
		const open = `${relay.rtspUrl}/camera`;
		const login = open.replace("rtsp://", "rtsp://robot:correct%20horse@");
		await using refused = ffmpegPublishes(open, "tcp");
		assert.notEqual(await refused.exit(10_000), 0);
		assert.match(refused.text(), /401/);
		for (const { publish } of publishers) {
			await using publisher = publish(login, "tcp");
			await live(relay, publisher);
			await using ffmpeg = ffmpegPlays(login, "tcp", 20);
			await using gstreamer = gstreamerPlays(login, "udp", 20);
			await using live555 = run("openRTSP", ["-t", "-v", "-d", "1", "-u", "robot", password, open]);
			await Promise.all([plays(ffmpeg), plays(gstreamer), plays(live555)]);
			assert.ok(live555.output().length > 5000);
			await publisher.interrupt();
		}
		await using stranger = ffmpegPlays(open.replace("rtsp://", "rtsp://robot:wrong@"), "tcp", 1);
		assert.notEqual(await stranger.exit(15_000), 0);
	});

	test("a publisher that is replaced is a gap for the readers, nothing else", { timeout: 90_000 }, async (t) => {
		if (!needs(t, "ffmpeg", "element rtspclientsink")) return;
		await using relay = await startTestRelay();
		const url = `${relay.rtspUrl}/camera`;
		let published = 0;
		relay.relay.hub.listen((event) => {
			if (event.at === "published") published++;
		});
		await using first = ffmpegPublishes(url, "tcp");
		await live(relay, first);
		const readers = lowers.flatMap((way) => [ffmpegPlays(url, way, 240), gstreamerPlays(url, way, 240)]);
		await using stack = new AsyncDisposableStack();
		for (const reader of readers) stack.use(reader);
		await until(() => (readers[0]!.output().length > 70 * FRAME_BYTES ? true : undefined), "70 frames");
		assert.equal(pathOf(relay)?.stream?.readers.size, readers.length);
		await first.kill();
		await using _second = gstreamerPublishes(url, "udp");
		await until(() => (published === 2 ? true : undefined), "the second publisher");
		assert.equal(pathOf(relay)?.stream?.readers.size, readers.length);
		// The second one is replaced while it still sends: by the same visitor.
		await until(() => (readers[0]!.output().length > 100 * FRAME_BYTES ? true : undefined), "100 frames");
		await using third = ffmpegPublishes(url, "udp");
		await until(() => (published === 3 ? true : undefined), "the third publisher");
		assert.ok(readers.every((reader) => reader.running));
		await Promise.all(readers.map((reader) => plays(reader, 40_000)));
		assert.ok(third.running);
	});

	const bursts = [30, 240].flatMap((interval) => lowers.map((way) => ({ interval, way })));
	for (const { interval, way } of bursts) {
		const name = `ffplay is at the live edge over ${way} with a key frame every ${interval / 30} s`;
		test(name, { timeout: 60_000 }, async (t) => {
			if (!needs(t, "ffmpeg", "ffplay")) return;
			await using relay = await startTestRelay();
			const url = `${relay.rtspUrl}/camera`;
			await using publisher = ffmpegPublishes(url, "tcp", { rate: 30, interval });
			await live(relay, publisher);
			const { ring } = pathOf(relay)!.stream!;
			// The burst is to be as old as it gets, short of the next key frame.
			const age = (interval / 30) * 1000 * 0.7;
			await until(
				() => (ring.join >= 0 && ring.age(ring.join, performance.now()) > age ? true : undefined),
				"an old burst",
			);
			let joined = 0;
			relay.relay.hub.listen((event) => {
				if (event.at === "joined") joined = performance.now();
			});
			await using ffplay = ffplayPlays(url, ["-rtsp_transport", way]);
			let behind = Number.POSITIVE_INFINITY;
			// A busy machine may show a picture late now and then; what counts is the delay that stays.
			await until(() => {
				const seconds = ffplayClock(ffplay) ?? 0;
				if (seconds > 1) behind = Math.min(behind, (performance.now() - joined) / 1000 + 0.04 - seconds);
				return seconds > 3 ? true : undefined;
			}, "three seconds of playing");
			t.diagnostic(`${behind.toFixed(2)} s behind`);
			assert.ok(behind < 1.5, `ffplay is ${behind.toFixed(2)} s behind`);
		});
	}
});

suite("the playing commands of the field", { concurrency: false }, () => {
	const decode = "rtph264depay ! h264parse ! avdec_h264 ! videoconvert ! fakesink num-buffers=60";

	test("as people type them, with another host, port and sink", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg", "ffplay", "element rtspsrc", "openRTSP")) return;
		await using relay = await startTestRelay();
		const url = `${relay.rtspUrl}/camera`;
		await using publisher = ffmpegPublishes(url, "tcp");
		await live(relay, publisher);
		await using recommended = run("gst-launch-1.0", `rtspsrc location=${url} latency=200 ! ${decode}`.split(" "));
		await using verbose = run("gst-launch-1.0", `-v rtspsrc location=${url} latency=100 ! ${decode}`.split(" "));
		await using overTcp = ffplayPlays(url, ["-rtsp_transport", "tcp"]);
		await using quick = ffplayPlays(url, ["-fflags", "nobuffer", "-flags", "low_delay"]);
		await using vlc = run("openRTSP", ["-v", "-d", "2", url]);
		await Promise.all([plays(recommended), plays(verbose), plays(vlc)]);
		for (const ffplay of [overTcp, quick]) {
			await until(() => ((ffplayClock(ffplay) ?? 0) > 1 ? true : undefined), "a second of ffplay");
			assert.doesNotMatch(ffplay.text(), broken);
			await ffplay.interrupt();
		}
	});

	test("a stream of two segments is recorded by a copy", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await startTestRelay();
		const url = `${relay.rtspUrl}/live/stream`;
		await using _publisher = ffmpegPublishes(url, "tcp");
		const path = parsePathName("live/stream")!;
		await until(() => (relay.relay.hub.path(path)?.publication ? true : undefined), "the publisher");
		const copy = [
			"-loglevel",
			"error",
			"-i",
			url,
			"-c",
			"copy",
			"-t",
			"2",
			"-movflags",
			"frag_keyframe",
			"-f",
			"mp4",
			"-",
		];
		await using ffmpeg = run("ffmpeg", copy);
		await plays(ffmpeg);
		assert.ok(ffmpeg.output().includes("moof"));
	});
});
