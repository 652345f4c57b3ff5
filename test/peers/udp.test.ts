import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { parsePathName } from "../../src/media/path-name.ts";
import { ImpairedUdp } from "../network/impair-udp.ts";
import { needs } from "../support/peers.ts";
import { freeUdpPorts } from "../support/ports.ts";
import { here } from "../support/recipe-here.ts";
import { blockOf, blocksOf } from "../support/recipe-page.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { ffplayClock, type Program, run } from "./rtsp-programs.ts";

const page = "udp-push";
/** How far behind 9000 the ports are that the recipe uses. */
const PORTS = [0, 1, 10, 11, 20, 21, 22, 23, 30, 40];
const FRAME_BYTES = (320 * 240 * 3) / 2;
/** What decoders say of pictures that are not whole. */
const broken = /concealing|error while decoding|corrupt|Invalid data|missing picture/i;

interface Recipe extends AsyncDisposable {
	readonly relay: TestRelay;
	/** Where the recipe's port 9000 is. */
	readonly base: number;
	/** Runs a command, the one of a path's section where it is not given. */
	publish(path: string, command?: string): Program;
	/** Runs the command that plays the path `camera`. */
	watch(): Program;
}

/** A relay with the recipe's paths. */
async function follow(): Promise<Recipe> {
	await using parts = new AsyncDisposableStack();
	const base = await freeUdpPorts(PORTS);
	const blind = { rtsp: 0, rtmp: 0, srt: 0, http: 0, udp: base, camera: 0 };
	const folder = mkdtempSync(join(tmpdir(), "vedette-udp-"));
	parts.defer(() => rmSync(folder, { recursive: true, force: true }));
	for (const { language, name, text } of blocksOf(page)) {
		if (language === "sdp") writeFileSync(join(folder, name), here(text, blind));
	}
	const { access, paths } = parse(here(blockOf(page, "vedette.yml"), blind)) as {
		access: object;
		paths: Record<string, { sdp?: string }>;
	};
	for (const path of Object.values(paths)) if (path.sdp) path.sdp = join(folder, path.sdp);
	const relay = parts.use(await startTestRelay({ access, paths }));
	const moved = parts.move();
	const places = { ...blind, rtsp: relay.relay.ports.rtsp[0]! };
	return {
		relay,
		base,
		publish: (path, command = blockOf(page, path)) => run("sh", ["-c", here(command, places)]),
		watch: () => run("sh", ["-c", here(blockOf(page, "watch"), places)]),
		[Symbol.asyncDispose]: () => moved.disposeAsync(),
	};
}

/** Waits until `ready`, and looks every 20 ms. */
async function until(ready: () => boolean, what: () => string, ms = 15_000): Promise<void> {
	for (const end = performance.now() + ms; !ready(); ) {
		if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what()}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

/** ffmpeg decodes so many pictures, and tells the blocks of sound that it got along with them. */
function plays(url: string, sound: boolean): Program {
	const input = ["-hide_banner", "-loglevel", "warning", "-rtsp_transport", "tcp", "-i", url];
	const picture = ["-map", "0:v", "-fps_mode", "passthrough", "-frames:v", "60", "-f", "rawvideo", "pipe:1"];
	const noise = ["-map", "0:a", "-t", "2", "-f", "framecrc", "pipe:2"];
	return run("ffmpeg", [...input, ...picture, ...(sound ? noise : [])]);
}

const ways = [
	{ path: "camera", type: "rtpSource", sound: false, peers: ["ffmpeg"] },
	{ path: "plain", type: "rtpSource", sound: false, peers: ["element rtph264pay", "element x264enc"] },
	{ path: "sound", type: "rtpSource", sound: true, peers: ["ffmpeg"] },
	{ path: "ts", type: "mpegtsSource", sound: true, peers: ["ffmpeg"] },
	{ path: "gst", type: "mpegtsSource", sound: true, peers: ["element mpegtsmux", "element avenc_aac"] },
];

suite("the recipe for UDP", { concurrency: false }, () => {
	for (const { path, type, sound, peers } of ways) {
		test(`${path}: comes in, and ffmpeg plays it without an error`, { timeout: 60_000 }, async (t) => {
			if (!needs(t, "ffmpeg", ...peers)) return;
			await using recipe = await follow();
			const { relay, rtspUrl, httpUrl } = recipe.relay;
			await using publisher = recipe.publish(path);
			const found = () => relay.hub.path(parsePathName(path)!);
			await until(() => found()?.publication !== undefined, publisher.text);
			const item = (await (await fetch(`${httpUrl}/v3/paths/get/${path}`)).json()) as { source: { type: string } };
			assert.equal(item.source.type, type);
			assert.equal(found()?.stream?.tracks.length, sound ? 2 : 1);
			await using ffmpeg = plays(`${rtspUrl}/${path}`, sound);
			assert.equal(await ffmpeg.exit(30_000), 0, ffmpeg.text());
			assert.equal(ffmpeg.output().length, 60 * FRAME_BYTES, ffmpeg.text());
			assert.doesNotMatch(ffmpeg.text(), broken);
			if (path === "camera") {
				await using ffplay = recipe.watch();
				await until(() => (ffplayClock(ffplay) ?? 0) > 1, ffplay.text);
			}
			const blocksOfSound = ffmpeg.text().match(/^0, /gm)?.length ?? 0;
			assert.ok(!sound || blocksOfSound >= 60, `${blocksOfSound} blocks of sound`);
			assert.equal(
				found()?.stream?.intakes.reduce((sum, { counters }) => sum + counters.lost, 0),
				0,
			);
			assert.equal(publisher.text(), "");
		});
	}

	for (const codec of ["libx264 -preset veryfast", "libx265 -preset ultrafast -x265-params log-level=none:bframes=2"]) {
		test(`MPEG-TS of ${codec.split(" ")[0]} with B-frames and Opus`, { timeout: 60_000 }, async (t) => {
			if (!needs(t, "ffmpeg")) return;
			await using recipe = await follow();
			const { relay, rtspUrl } = recipe.relay;
			const input = "ffmpeg -f v4l2 -i /dev/video0 -f alsa -i default";
			const out = `-bf 2 -g 30 -pix_fmt yuv420p -c:a libopus -f mpegts "udp://SERVER:9030?pkt_size=1316"`;
			await using publisher = recipe.publish("ts", `${input} -c:v ${codec} ${out}`);
			const found = () => relay.hub.path(parsePathName("ts")!);
			await until(() => found()?.stream?.intakes[0]?.reordered === true, publisher.text);
			await using ffmpeg = plays(`${rtspUrl}/ts`, true);
			assert.equal(await ffmpeg.exit(30_000), 0, ffmpeg.text());
			assert.equal(ffmpeg.output().length, 60 * FRAME_BYTES, ffmpeg.text());
			assert.doesNotMatch(ffmpeg.text(), broken);
			assert.ok((ffmpeg.text().match(/^0, /gm)?.length ?? 0) >= 80);
		});
	}

	const networks = [
		{ path: "camera", what: "RTP that overtakes itself", there: { jitterMs: 6 }, loses: false },
		{ path: "ts", what: "MPEG-TS that loses one datagram in a hundred", there: { loss: 0.01 }, loses: true },
	];
	for (const { path, what, there, loses } of networks) {
		test(`${what}: whole pictures only`, { timeout: 60_000 }, async (t) => {
			if (!needs(t, "ffmpeg")) return;
			await using recipe = await follow();
			const { relay, rtspUrl } = recipe.relay;
			const port = path === "ts" ? 9030 : 9000;
			await using network = await ImpairedUdp.open(recipe.base + port - 9000, 7, there, {});
			const command = blockOf(page, path).replace(`:${port}`, `:${network.port}`).replace("-g 60", "-g 10");
			await using publisher = recipe.publish(path, command);
			const found = () => relay.hub.path(parsePathName(path)!);
			await until(() => found()?.publication !== undefined, publisher.text);
			await using ffmpeg = plays(`${rtspUrl}/${path}`, false);
			assert.equal(await ffmpeg.exit(40_000), 0, ffmpeg.text());
			assert.equal(ffmpeg.output().length, 60 * FRAME_BYTES, ffmpeg.text());
			assert.doesNotMatch(ffmpeg.text(), broken);
			const lost = found()!.stream!.intakes.reduce((sum, { counters }) => sum + counters.lost, 0);
			assert.equal(lost > 0, loses, `${lost} packets are lost`);
		});
	}

	test("packets of others than the sender change nothing for those who watch", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using recipe = await follow();
		const { relay, rtspUrl, httpUrl } = recipe.relay;
		await using publisher = recipe.publish("camera");
		const found = () => relay.hub.path(parsePathName("camera")!);
		await until(() => found()?.publication !== undefined, publisher.text);
		await using ffmpeg = plays(`${rtspUrl}/camera`, false);
		// A second one from this machine, and one from an address that may not send.
		await using second = recipe.publish("camera");
		await using stranger = recipe.publish("camera", `${blockOf(page, "camera").trim()}?localaddr=127.0.0.2`);
		assert.equal(await ffmpeg.exit(30_000), 0, ffmpeg.text());
		assert.equal(ffmpeg.output().length, 60 * FRAME_BYTES, ffmpeg.text());
		assert.doesNotMatch(ffmpeg.text(), broken);
		assert.ok(publisher.running && second.running && stranger.running, stranger.text());
		const { lost, invalid, discarded } = found()!.stream!.intakes[0]!.counters;
		assert.deepEqual({ lost, invalid, discarded }, { lost: 0, invalid: 0, discarded: 0 });
		const metrics = await (await fetch(`${httpUrl}/metrics`)).text();
		assert.match(metrics, /^vedette_stray_packets_total\{protocol="rtp"\} [1-9]\d+$/m);
	});

	test("a sender that comes back continues the stream of those who wait", { timeout: 60_000 }, async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using recipe = await follow();
		const { relay, rtspUrl } = recipe.relay;
		let published = 0;
		relay.hub.listen(({ at }) => {
			if (at === "published") published++;
		});
		await using first = recipe.publish("ts");
		await until(() => published === 1, first.text);
		await using ffmpeg = run("ffmpeg", [
			...["-loglevel", "warning", "-rtsp_transport", "tcp", "-i", `${rtspUrl}/ts`],
			...["-map", "0:v", "-fps_mode", "passthrough", "-frames:v", "120", "-f", "rawvideo", "pipe:1"],
		]);
		await until(() => ffmpeg.output().length > 20 * FRAME_BYTES, ffmpeg.text);
		await first.kill();
		await using second = recipe.publish("ts");
		await until(() => published === 2, second.text);
		assert.equal(await ffmpeg.exit(30_000), 0, ffmpeg.text());
		assert.equal(ffmpeg.output().length, 120 * FRAME_BYTES);
		assert.doesNotMatch(ffmpeg.text(), broken);
	});
});
