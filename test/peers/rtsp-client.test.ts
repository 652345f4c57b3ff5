import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parsePathName } from "../../src/media/path-name.ts";
import type { Publisher } from "../../src/robot/publish/publisher.ts";
import { openRtsp } from "../../src/robot/publish/rtsp.ts";
import { needs } from "../support/peers.ts";
import { freeTcpPort } from "../support/ports.ts";
import { startTestRelay } from "../support/relay.ts";
import { encodeFilm, type Film } from "./rtsp-feed.ts";
import { ffmpegPlays, type Lower, run } from "./rtsp-programs.ts";

const camera = parsePathName("camera")!;
const lowers: readonly Lower[] = ["tcp", "udp"];
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(ready: () => boolean, what: string, ms = 15_000): Promise<void> {
	for (const end = performance.now() + ms; !ready(); await wait(10)) {
		if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
	}
}

/** Opens the robot's publisher and sends a film in real time until it is disposed of. */
async function publish(url: string, film: Film, transport: Lower, onKeyFrameRequest = () => {}) {
	const signal = AbortSignal.timeout(60_000);
	const publisher: Publisher = await openRtsp(url, [film.track], { transport, signal, onKeyFrameRequest });
	const start = performance.now();
	let n = 0;
	const timer = setInterval(() => {
		for (; n * (1000 / 30) <= performance.now() - start; n++) {
			const units = film.pictures[n % film.pictures.length]!;
			publisher.write({ track: 0, pts: n * 3000, key: n % 30 === 0, units, capturedAt: Date.now() });
		}
	}, 5).unref();
	return {
		publisher,
		[Symbol.dispose]: () => {
			clearInterval(timer);
			publisher.close();
		},
	};
}

suite("the RTSP client", { concurrency: false }, () => {
	for (const transport of lowers) {
		test(`the robot publishes over ${transport} to the relay, with a login`, { timeout: 60_000 }, async (t) => {
			if (!needs(t, "ffmpeg")) return;
			const user = { name: "robot", password: "p@ss/word", allow: ["publish", "read"], paths: ["camera"] };
			await using relay = await startTestRelay({ access: { anonymous: ["read"], users: [user] } });
			const url = `${relay.rtspUrl}/camera`;
			const film = encodeFilm();
			await assert.rejects(publish(url, film, transport), /401/);
			let asked = 0;
			const login = url.replace("rtsp://", "rtsp://robot:p%40ss%2Fword@");
			using robot = await publish(login, film, transport, () => asked++);
			const path = () => relay.relay.hub.path(camera);
			await until(() => (path()?.stream?.ring.join ?? -1) >= 0, "a key frame");
			assert.equal(path()?.publication?.info.identity, "user robot");
			await using ffmpeg = ffmpegPlays(url, transport, 60);
			assert.equal(await ffmpeg.exit(20_000), 0, ffmpeg.text());
			assert.doesNotMatch(ffmpeg.text(), /concealing|error while decoding|missed/i);
			const before = asked;
			await until(() => {
				// It is passed on only where the one before it is half a second old.
				path()!.stream!.requestKeyFrame();
				return asked > before;
			}, "the relay's wish for a key frame");
			assert.equal(robot.publisher.pending, 0);
		});

		test(`ffmpeg as a server takes in what the robot publishes over ${transport}`, { timeout: 60_000 }, async (t) => {
			if (!needs(t, "ffmpeg")) return;
			const url = `rtsp://127.0.0.1:${await freeTcpPort()}/camera`;
			const out = ["-frames:v", "45", "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"];
			await using server = run("ffmpeg", ["-loglevel", "warning", "-rtsp_flags", "listen", "-i", url, ...out]);
			const film = encodeFilm();
			let robot: Awaited<ReturnType<typeof publish>> | undefined;
			await until(() => server.running, "ffmpeg");
			for (let attempt = 0; !robot && attempt < 100; attempt++) {
				robot = await publish(url, film, transport).catch(() => undefined);
				if (!robot) await wait(100);
			}
			assert.ok(robot, server.text());
			using _robot = robot;
			assert.equal(await server.exit(20_000), 0, server.text());
			assert.equal(server.output().length, (45 * 320 * 240 * 3) / 2);
			assert.match(await robot.publisher.closed, /./);
		});
	}
});
