import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parseAddress } from "../../src/config/address.ts";
import { needs } from "../support/peers.ts";
import { publishFfmpeg, sources, startRoom, until } from "./whep-room.ts";

/** Bytes of one decoded picture of 320 × 180. */
const PICTURE_BYTES = (320 * 180 * 3) / 2;

/** webrtcbin in a process of its own. */
function startPeer(mode: "play" | "publish", url: string, pipeline: string): AsyncDisposable {
	const script = fileURLToPath(new URL("./whep-gstreamer-peer.ts", import.meta.url));
	const child: ChildProcess = spawn(process.execPath, [script, mode, url, pipeline], {
		stdio: ["ignore", "ignore", "inherit"],
	});
	return {
		[Symbol.asyncDispose]: async () => {
			if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit");
		},
	};
}

/** The decoder's output, as a file that grows. */
class Pictures implements Disposable {
	readonly #folder = mkdtempSync(join(tmpdir(), "vedette-webrtcbin-"));
	readonly file = join(this.#folder, "pictures.i420");

	get count(): number {
		return Math.floor((statSync(this.file, { throwIfNoEntry: false })?.size ?? 0) / PICTURE_BYTES);
	}

	[Symbol.dispose](): void {
		rmSync(this.#folder, { recursive: true });
	}
}

const decode = (file: string) =>
	`webrtcbin name=rtc bundle-policy=max-bundle rtc. ! rtph264depay ! avdec_h264 ! videoconvert ! video/x-raw,format=I420 ! filesink location=${file} sync=false`;
const encode = [
	"webrtcbin name=rtc bundle-policy=max-bundle",
	"videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=30/1",
	"! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=60 ! video/x-h264,profile=constrained-baseline",
	"! rtph264pay config-interval=-1 aggregate-mode=zero-latency",
	"! application/x-rtp,media=video,encoding-name=H264,payload=96 ! rtc.",
].join(" ");

const peers = ["ffmpeg", "element webrtcbin", "element nicesrc", "element avdec_h264", "element x264enc"];

describe("GStreamer's webrtcbin", { timeout: 60_000 }, () => {
	it("plays what was published", async (t) => {
		if (!needs(t, ...peers)) return;
		// libnice leaves loopback out.
		await using room = await startRoom({ address: [parseAddress(":0")!] });
		await using camera = await publishFfmpeg(room.hub, "live", sources.baseline);
		await until("pictures", () => camera.publication.stream.ring.join >= 0);
		using pictures = new Pictures();
		await using _peer = startPeer("play", `${room.url}/live/whep`, decode(pictures.file));
		await until("decoded pictures", () => pictures.count >= 60, 20_000);
	});

	it("publishes what another one plays", async (t) => {
		if (!needs(t, ...peers)) return;
		await using room = await startRoom({ address: [parseAddress(":0")!] });
		await using _publisher = startPeer("publish", `${room.url}/cam/whip`, encode);
		await until("a key frame", () => ([...room.hub.paths][0]?.stream?.ring.join ?? -1) >= 0, 20_000);
		using pictures = new Pictures();
		await using _viewer = startPeer("play", `${room.url}/cam/whep`, decode(pictures.file));
		await until("decoded pictures", () => pictures.count >= 60, 20_000);
		const publisher = room.server.list().find((one) => one.state === "publish");
		assert.equal(publisher?.inboundRTPPacketsLost, 0);
	});
});
