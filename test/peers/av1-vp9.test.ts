import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { releaseWebRtc } from "../../src/protocols/webrtc/client.ts";
import { assertDecoded, decode } from "../matrix/decode.ts";
import { encodeFilm, film } from "../matrix/media.ts";
import { live, PATH } from "../matrix/ways-in.ts";
import { playWebSocket } from "../matrix/websocket.ts";
import { playWhep } from "../matrix/whep.ts";
import { needs, peer } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { type Program, run } from "./rtsp-programs.ts";

/*
 * AV1 and VP9, on the ways that Debian's ffmpeg can speak: it has neither AV1 in RTP nor Enhanced RTMP. What comes in
 * as HLS goes through relays that pull from each other.
 */

/** More than any of the tests takes. */
const SECONDS = 20;

const folder = mkdtempSync(join(tmpdir(), "vedette-av1-vp9-"));
const files = createServer((request, response) => {
	const file = join(folder, request.url ?? "/");
	if (!existsSync(file)) return response.writeHead(404).end();
	return createReadStream(file).pipe(response);
});

before(async () => {
	files.listen(0, "127.0.0.1");
	await once(files, "listening");
	if (!peer("ffmpeg")) return;
	const hls = (name: string): string[] => [
		...["-f", "hls", "-hls_segment_type", "fmp4", "-hls_time", "1", "-hls_playlist_type", "vod"],
		...["-hls_fmp4_init_filename", `${name}-init.mp4`, join(folder, `${name}.m3u8`)],
	];
	const key = ["-g", `${film.fps}`, "-keyint_min", `${film.fps}`];
	await encodeFilm(
		SECONDS,
		[],
		[
			...["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-crf", "30", ...key, ...hls("av1")],
			...["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k", ...key, ...hls("vp9")],
		],
	);
});
after(() => {
	files.close();
	files.closeAllConnections();
	releaseWebRtc();
	rmSync(folder, { recursive: true, force: true });
});

/** Decodes pictures that come one way and looks at each of them. */
async function comesOut(player: Promise<Program> | Program): Promise<void> {
	await using decoder = await player;
	await assertDecoded(decoder, film, false);
}

const byHls = ({ httpUrl }: TestRelay): Program => decode(["-i", `${httpUrl}/${PATH}/index.m3u8`], false);
const byWebSocket = ({ httpUrl }: TestRelay): Promise<Program> =>
	playWebSocket(`${httpUrl.replace("http", "ws")}/${PATH}/live.ws`, false);
const byRtsp = ({ rtspUrl }: TestRelay): Program =>
	decode(["-rtsp_transport", "tcp", "-i", `${rtspUrl}/${PATH}`], false);

async function pulling(source: string): Promise<TestRelay> {
	const relay = await startTestRelay({ paths: { [PATH]: { source } }, limits: { cacheSize: "32 MiB" } });
	await live(relay, 1);
	return relay;
}

const fromFile = (name: string): Promise<TestRelay> =>
	pulling(`http://127.0.0.1:${(files.address() as AddressInfo).port}/${name}.m3u8`);

/** What the list of variants says, and the first key frame as a picture of its own. */
async function isDescribed({ httpUrl }: TestRelay, codecs: string): Promise<void> {
	const variants = await (await fetch(`${httpUrl}/${PATH}/index.m3u8`)).text();
	assert.match(variants, new RegExp(`CODECS="${codecs}",RESOLUTION=${film.width}x${film.height}\n`));
}

suite("AV1 and VP9 reach every reader that can be sent them", () => {
	test("AV1 from HLS", async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await fromFile("av1");
		await Promise.all([
			comesOut(byHls(relay)),
			comesOut(byWebSocket(relay)),
			isDescribed(relay, "av01\\.0\\.\\d\\dM\\.08"),
		]);
	});

	for (const [way, source] of [
		["WHEP", ({ httpUrl }: TestRelay) => `${httpUrl.replace("http", "whep")}/${PATH}/whep`],
		["RTSP", ({ rtspUrl }: TestRelay) => `${rtspUrl}/${PATH}`],
		["RTMP", ({ rtmpUrl }: TestRelay) => `${rtmpUrl}/${PATH}`],
	] as const) {
		test(`AV1 by ${way} from another relay`, async (t) => {
			if (!needs(t, "ffmpeg")) return;
			await using origin = await fromFile("av1");
			await using relay = await pulling(source(origin));
			await Promise.all([comesOut(byHls(relay)), comesOut(byWebSocket(relay))]);
		});
	}

	test("VP9 by RTSP", async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await startTestRelay({ limits: { cacheSize: "32 MiB" } });
		const input = ["-re", "-i", join(folder, "vp9.m3u8"), "-c:v", "copy", "-strict", "experimental"];
		const to = ["-f", "rtsp", "-rtsp_transport", "tcp", `${relay.rtspUrl}/${PATH}`];
		await using _publisher = run("ffmpeg", ["-loglevel", "error", ...input, ...to]);
		await live(relay, 1);
		await Promise.all([
			comesOut(byHls(relay)),
			comesOut(byWebSocket(relay)),
			isDescribed(relay, "vp09\\.00\\.\\d\\d\\.08"),
		]);
	});

	test("VP9 from HLS", async (t) => {
		if (!needs(t, "ffmpeg")) return;
		await using relay = await fromFile("vp9");
		const whep = playWhep(`${relay.httpUrl}/${PATH}/whep`, false, folder);
		await Promise.all([comesOut(byRtsp(relay)), comesOut(whep), comesOut(byHls(relay))]);
	});
});
