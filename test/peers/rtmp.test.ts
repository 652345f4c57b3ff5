import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Path } from "../../src/hub/path.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import { openRtmp } from "../../src/robot/publish/rtmp.ts";
import { makeCertificate } from "../support/certificate.ts";
import { needs } from "../support/peers.ts";
import { here } from "../support/recipe-here.ts";
import { blockOf } from "../support/recipe-page.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { encodeFilm } from "./rtsp-feed.ts";
import { exitCode, ffmpegPlays, ffmpegPublishes, type Program, run } from "./rtsp-programs.ts";

const name = parsePathName("live/stream")!;
const broken = /concealing|error while decoding|corrupt|Invalid data|missing picture|non monoton|pts .* < dts/i;

async function until<T>(ready: () => T | undefined, what: string, ms = 15_000): Promise<T> {
	for (const end = performance.now() + ms; ; ) {
		const value = ready();
		if (value !== undefined && value !== false) return value;
		if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

const pathOf = ({ relay }: TestRelay): Path | undefined => relay.hub.path(name);

/** Waits for a publisher's stream with so many tracks. */
async function live(relay: TestRelay, publisher?: Program, tracks = 1): Promise<void> {
	const ready = () => {
		if (publisher && !publisher.running) assert.fail(publisher.text());
		const path = pathOf(relay);
		return path?.publication && path.stream?.tracks.length === tracks && path.stream.keyFrame(0) ? true : undefined;
	};
	await until(ready, "a key frame");
}

interface Encoding {
	readonly sound?: boolean;
	/** Pictures that are decoded in another order than they are shown. */
	readonly reorder?: boolean;
	readonly format?: readonly string[];
	/** What its timestamps begin with, in seconds. */
	readonly offset?: number;
}

function ffmpegSends(
	url: string,
	{ sound = false, reorder = false, format = ["-f", "flv"], offset = 0 }: Encoding = {},
): Program {
	const source = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30"];
	const tone = sound ? ["-re", "-f", "lavfi", "-i", "sine=frequency=440"] : [];
	const fast = reorder ? ["-preset", "veryfast", "-bf", "2"] : ["-preset", "ultrafast", "-tune", "zerolatency"];
	const video = ["-c:v", "libx264", ...fast, "-pix_fmt", "yuv420p", "-g", "30", "-b:v", "400k"];
	const audio = sound ? ["-c:a", "aac", "-b:a", "64k"] : [];
	const out = ["-output_ts_offset", `${offset}`, ...format, url];
	return run("ffmpeg", ["-loglevel", "warning", ...source, ...tone, ...video, ...audio, ...out]);
}

/** The times at which so many decoded pictures of a stream are shown, in milliseconds. */
async function shownTimes(url: string, frames: number): Promise<number[]> {
	const what = ["-map", "0:v", "-fps_mode", "passthrough", "-enc_time_base", "1:1000"];
	await using ffmpeg = run("ffmpeg", [
		...["-loglevel", "warning", "-i", url, ...what, "-frames:v", `${frames}`, "-f", "framemd5", "-"],
	]);
	assert.equal(await exitCode(ffmpeg, 20_000), 0, ffmpeg.text());
	assert.doesNotMatch(ffmpeg.text(), broken);
	const lines = ffmpeg.output().toString().split("\n");
	return lines.filter((line) => /^\d/.test(line)).map((line) => Number(line.split(",")[2]));
}

function assertPlayable(times: readonly number[], frames: number): void {
	assert.equal(times.length, frames);
	assert.ok(times[0]! < 1000, `it begins at ${times[0]} ms`);
	for (const [i, time] of times.entries()) assert.ok(i === 0 || time > times[i - 1]!, `${times}`);
	const last = times.slice(-10);
	const step = (last.at(-1)! - last[0]!) / 9;
	assert.ok(step > 30 && step < 37, `steps of ${step} ms`);
}

async function plays(program: Program): Promise<void> {
	assert.equal(await exitCode(program, 20_000), 0, program.text());
	assert.doesNotMatch(program.text(), broken);
}

function gstreamerPlays(url: string, element: string, frames: number): Program {
	const decode = "flvdemux ! h264parse ! avdec_h264 ! videoconvert";
	const pipeline = `${element} location=${url} ! ${decode} ! fakesink num-buffers=${frames}`;
	return run("gst-launch-1.0", ["-q", ...pipeline.split(" ")]);
}

/** The recipe's robot on this relay, with a picture in the place of its camera, and another sink. */
function robotSends(relay: TestRelay, sink: string): Program {
	const places = { rtsp: 0, rtmp: relay.relay.ports.rtmp[0]!, srt: 0, http: 0, udp: 0, camera: 0 };
	return run("sh", ["-c", here(blockOf("rtmp", "gstreamer"), places).replace("rtmpsink", sink)]);
}

suite("RTMP with real programs", { concurrency: false }, () => {
	test("ffmpeg publishes pictures and sound; ffmpeg and GStreamer play", { timeout: 90_000 }, async (t) => {
		if (!needs(t, "ffmpeg", "element rtmp2src", "element avdec_h264")) return;
		await using relay = await startTestRelay();
		const url = `${relay.rtmpUrl}/live/stream`;
		await using publisher = ffmpegSends(url, { sound: true });
		await live(relay, publisher, 2);
		assertPlayable(await shownTimes(url, 75), 75);
		await using two = gstreamerPlays(url, "rtmp2src", 40);
		await plays(two);
		await using one = gstreamerPlays(url, "rtmpsrc", 40);
		await plays(one);
		for (const lower of ["tcp", "udp"] as const) {
			await using rtsp = ffmpegPlays(`${relay.rtspUrl}/live/stream`, lower, 45);
			await plays(rtsp);
		}
	});

	test("sound comes out decoded, from RTMP and from RTSP", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await startTestRelay();
		const url = `${relay.rtmpUrl}/live/stream`;
		await using publisher = ffmpegSends(url, { sound: true });
		await live(relay, publisher, 2);
		for (const from of [url, `${relay.rtspUrl}/live/stream`]) {
			const lower = from === url ? [] : ["-rtsp_transport", "tcp"];
			const out = ["-vn", "-ac", "1", "-ar", "44100", "-t", "2", "-f", "s16le", "-"];
			await using player = run("ffmpeg", ["-loglevel", "warning", ...lower, "-i", from, ...out]);
			await plays(player);
			const samples = new Int16Array(new Uint8Array(player.output()).buffer);
			let crossings = 0;
			for (let i = 1; i < samples.length; i++) if (samples[i - 1]! < 0 && samples[i]! >= 0) crossings++;
			const hertz = crossings / (samples.length / 44_100);
			assert.ok(hertz > 425 && hertz < 450, `${from}: ${hertz} Hz of ${samples.length} samples`);
		}
	});

	test("pictures in another order keep it, from RTMP and from RTSP", { timeout: 90_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		const ways = [
			(relay: TestRelay) => ffmpegSends(`${relay.rtmpUrl}/live/stream`, { reorder: true }),
			(relay: TestRelay) =>
				ffmpegSends(`${relay.rtspUrl}/live/stream`, {
					reorder: true,
					format: ["-f", "rtsp", "-rtsp_transport", "tcp"],
				}),
		];
		for (const publish of ways) {
			await using relay = await startTestRelay();
			await using publisher = publish(relay);
			await live(relay, publisher);
			assertPlayable(await shownTimes(`${relay.rtmpUrl}/live/stream`, 75), 75);
		}
	});

	for (const [bits, offset] of [
		[24, 16_774],
		[32, 4_294_964],
	] as const) {
		test(`an encoder whose timestamps go past 2^${bits} is played on`, { timeout: 60_000 }, async (t) => {
			if (!needs(t, "ffmpeg")) return;
			await using relay = await startTestRelay();
			await using publisher = ffmpegSends(`${relay.rtmpUrl}/live/stream`, { offset });
			await live(relay, publisher);
			assertPlayable(await shownTimes(`${relay.rtmpUrl}/live/stream`, 150), 150);
			await using player = ffmpegPlays(`${relay.rtspUrl}/live/stream`, "tcp", 45);
			await plays(player);
		});
	}

	for (const sink of ["rtmpsink", "rtmp2sink"]) {
		test(`the robot's pipeline with ${sink} publishes with its login`, { timeout: 60_000 }, async (t) => {
			if (!needs(t, "ffmpeg", `element ${sink}`, "element x264enc")) return;
			const users = [
				{ name: "mypublisher", password: "secret123", allow: ["publish"] },
				{ name: "myviewer", password: "view456", allow: ["read"] },
			];
			await using relay = await startTestRelay({ access: { anonymous: [], users } });
			const url = `${relay.rtmpUrl}/live/stream`;
			await using robot = robotSends(relay, sink);
			await live(relay, robot);
			assert.equal(pathOf(relay)?.publication?.info.identity, "user mypublisher");
			assertPlayable(await shownTimes(`${url}?user=myviewer&pass=view456`, 60), 60);
			const rtsp = relay.rtspUrl.replace("rtsp://", "rtsp://myviewer:view456@");
			await using player = ffmpegPlays(`${rtsp}/live/stream`, "udp", 30);
			await plays(player);
		});
	}

	test("who is refused hears why, in the protocol's own words", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		const users = [{ name: "robot", password: "secret123", allow: ["publish"], paths: ["robot/*"] }];
		await using relay = await startTestRelay({ access: { anonymous: [], users } });
		const says = async (program: Program, reason: RegExp) => {
			assert.notEqual(await exitCode(program, 20_000), 0);
			assert.match(program.text(), reason);
		};
		const url = `${relay.rtmpUrl}/live/stream`;
		await using none = ffmpegSends(url);
		await says(none, /authentication failed: add \?user=NAME&pass=PASSWORD/);
		await using wrong = ffmpegSends(`${url}?user=robot&pass=guess`);
		await says(wrong, /authentication failed/);
		await using elsewhere = ffmpegSends(`${url}?user=robot&pass=secret123`);
		await says(elsewhere, /may not publish "live\/stream"/);
		await using viewer = run("ffmpeg", ["-loglevel", "warning", "-i", url, "-f", "null", "-"]);
		await says(viewer, /authentication failed/);
	});

	test("the API lists connections and ends them", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await startTestRelay({ paths: { "live/stream": { graceTime: "500 ms" } } });
		const url = `${relay.rtmpUrl}/live/stream`;
		await using publisher = ffmpegSends(`${url}?pass=hidden`);
		await live(relay, publisher);
		await using player = run("ffmpeg", ["-loglevel", "warning", "-i", url, "-f", "null", "-"]);
		await until(() => (pathOf(relay)?.stream?.readers.size === 1 ? true : undefined), "a reader");
		const api = `${relay.httpUrl}/v3/rtmpconns`;
		const list = await (await fetch(`${api}/list`)).json();
		assert.equal(list.itemCount, 2);
		const [first, second] = list.items;
		assert.deepEqual([first.state, first.path, first.query], ["publish", "live/stream", "pass=…"]);
		assert.deepEqual([second.state, second.path], ["read", "live/stream"]);
		assert.ok(first.inboundBytes > 10_000 && second.outboundBytes > 1000);
		const path = await (await fetch(`${relay.httpUrl}/v3/paths/get/live/stream`)).json();
		assert.deepEqual(path.source, { type: "rtmpConn", id: first.id });
		assert.deepEqual(path.readers, [{ type: "rtmpConn", id: second.id }]);
		assert.equal(path.tracks2[0].codecProps.width, 320);
		assert.equal((await fetch(`${api}/kick/${first.id}`, { method: "POST" })).status, 200);
		await exitCode(publisher, 10_000);
		assert.match(publisher.text(), /Broken pipe|reset|End of file|Error|failed/i);
		await exitCode(player, 20_000);
	});

	test("a relay pulls from another by rtmp", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using origin = await startTestRelay();
		await using publisher = ffmpegSends(`${origin.rtmpUrl}/live/stream`, { sound: true });
		await live(origin, publisher, 2);
		const source = `${origin.rtmpUrl}/live/stream`;
		await using relay = await startTestRelay({ paths: { "live/stream": { source } } });
		await live(relay, undefined, 2);
		assert.equal(pathOf(relay)?.publication?.info.type, "rtmpSource");
		assertPlayable(await shownTimes(`${relay.rtmpUrl}/live/stream`, 45), 45);
	});

	test("the robot publishes by rtmp", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		const user = { name: "robot", password: "p@ss/word", allow: ["publish", "read"] };
		await using relay = await startTestRelay({ access: { anonymous: ["read"], users: [user] } });
		const url = `${relay.rtmpUrl}/live/stream`;
		const film = encodeFilm();
		const options = { transport: "tcp", signal: AbortSignal.timeout(50_000), onKeyFrameRequest: () => {} } as const;
		await assert.rejects(openRtmp(url, [film.track], options), /authentication failed/);
		const robot = await openRtmp(url.replace("//", "//robot:p%40ss%2Fword@"), [film.track], options);
		const start = performance.now();
		let n = 0;
		const timer = setInterval(() => {
			for (; n * (1000 / 30) <= performance.now() - start; n++) {
				const units = film.pictures[n % film.pictures.length]!;
				robot.write({ track: 0, pts: n * 3000, key: n % 30 === 0, units });
			}
		}, 5);
		try {
			await live(relay);
			assertPlayable(await shownTimes(url, 45), 45);
		} finally {
			clearInterval(timer);
			robot.close();
		}
		await until(() => (pathOf(relay)?.publication ? undefined : true), "the end");
	});

	test("RTMPS carries both ways", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg", "program openssl")) return;
		using files = makeCertificate();
		await using relay = await startTestRelay({
			rtmp: { tls: { address: "127.0.0.1:0", cert: files.cert, key: files.key } },
		});
		const url = `rtmps://127.0.0.1:${relay.relay.ports.rtmps[0]}/live/stream`;
		await using publisher = ffmpegSends(url);
		await live(relay, publisher);
		assert.equal(pathOf(relay)?.publication?.info.type, "rtmpsConn");
		assertPlayable(await shownTimes(url, 45), 45);
		const list = await (await fetch(`${relay.httpUrl}/v3/rtmpsconns/list`)).json();
		assert.equal(list.items[0].state, "publish");
	});

	test("ffmpeg's RTSP publisher is played by RTMP, and a viewer that stays sees the next publisher", {
		timeout: 60_000,
	}, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await startTestRelay();
		await using player = await (async () => {
			await using first = ffmpegPublishes(`${relay.rtspUrl}/live/stream`, "tcp", undefined, true);
			await live(relay, first, 2);
			const out = ["-map", "0:v", "-fps_mode", "passthrough", "-frames:v", "150", "-f", "framemd5", "-"];
			const one = run("ffmpeg", ["-loglevel", "warning", "-i", `${relay.rtmpUrl}/live/stream`, ...out]);
			await until(() => (one.output().toString().split("\n").length > 40 ? true : undefined), "pictures");
			await first.kill();
			return one;
		})();
		await using second = ffmpegPublishes(`${relay.rtspUrl}/live/stream`, "tcp", undefined, true);
		await live(relay, second, 2);
		assert.equal(await exitCode(player, 20_000), 0, player.text());
	});
});
