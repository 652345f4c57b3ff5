import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Track } from "../../../src/media/track.ts";
import { openSrtClient } from "../../../src/protocols/srt/client.ts";
import { messagesOf } from "../../../src/protocols/srt/message-queue.ts";
import { MpegTsWriter } from "../../../src/wire/mpegts-mux.ts";
import { h264 } from "../../support/mpegts.ts";
import { peer } from "../../support/peers.ts";
import { freeUdpPort } from "../../support/ports.ts";
import type { TestRelay } from "../../support/relay.ts";
import type { Impairment } from "../impair.ts";
import { ImpairedUdp } from "../impair-udp.ts";

const FRAME_MS = 1000 / 30;
/** What a picture becomes: six messages of 1316 bytes, with the tables in front. */
const PICTURE_BYTES = 7896;
const UNIT_BYTES = 7290;
const MESSAGE_BYTES = 1316;
/** Time for the last packets to be sent again. */
const REST_MS = 2000;

const video: Track = {
	...{ kind: "video", codec: "h264", encoding: "H264", clockRate: 90_000, channels: 0, payloadType: 96, fmtp: "" },
};

/** A bad network, and what is sent through it. */
export interface Way {
	readonly network: Impairment;
	readonly seed: number;
	readonly latencyMs: number;
	readonly seconds: number;
}

/** A caller that is connected, through a bad network. */
export interface Line extends AsyncDisposable {
	/** Sends all that the way says, and tells what became of it. */
	send(): Promise<Outcome>;
}

/** What became of the messages. */
export interface Outcome {
	readonly sent: number;
	readonly lost: number;
}

/** What the relay's control API tells of a publisher. */
interface Counted {
	readonly path: string;
	readonly packetsReceivedUnique: number;
	readonly packetsReceivedDrop: number;
}

/** Pictures as a camera sends them, 30 a second, each handed to `send` at once. */
async function film(seconds: number, send: (picture: Buffer) => void): Promise<number> {
	const writer = new MpegTsWriter([video], () => []);
	const units = [h264.sps, h264.pps, Buffer.concat([h264.key, Buffer.alloc(UNIT_BYTES - h264.key.length, 0x55)])];
	const began = performance.now();
	const frames = Math.round((seconds * 1000) / FRAME_MS);
	for (let i = 0; i < frames; i++) {
		const wait = began + i * FRAME_MS - performance.now();
		if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
		const picture = writer.frame({ track: 0, pts: 0, key: true, units }, i * FRAME_MS, i * FRAME_MS);
		if (picture.length !== PICTURE_BYTES) throw new Error(`a picture has ${picture.length} bytes`);
		send(picture);
	}
	await new Promise((resolve) => setTimeout(resolve, REST_MS));
	return (frames * PICTURE_BYTES) / MESSAGE_BYTES;
}

/** Our caller at our relay. Lost is what the relay has not received. */
export async function throughOurs({ relay, srtUrl, httpUrl }: TestRelay, path: string, way: Way): Promise<Line> {
	const proxy = await ImpairedUdp.open(relay.ports.srt[0]!, way.seed, way.network, way.network);
	const url = new URL(`${srtUrl}?streamid=publish:${path}&latency=${way.latencyMs}`);
	url.port = `${proxy.port}`;
	const stop = new AbortController();
	const now = (): number => performance.now();
	const client = await openSrtClient({ url: url.href, signal: stop.signal, now, onData: () => {} });
	return {
		send: async () => {
			const sent = await film(way.seconds, (picture) => {
				for (const message of messagesOf(picture)) {
					if (!client.session.write(message, now())) throw new Error("no room");
				}
			});
			const list = await fetch(`${httpUrl}/v3/srtconns/list`);
			const { items } = (await list.json()) as { items: Counted[] };
			const counted = items.find((one) => one.path === path);
			if (!counted) throw new Error("the publisher is gone");
			const { packetsReceivedDrop: dropped, packetsReceivedUnique: received } = counted;
			if (received + dropped > sent) throw new Error(`${sent} sent, ${received} received and ${dropped} given up`);
			return { sent, lost: sent - received };
		},
		[Symbol.asyncDispose]: () => {
			stop.abort();
			return proxy[Symbol.asyncDispose]();
		},
	};
}

/** libsrt's own tool at itself. Lost is what does not come out. */
export async function throughLibsrt(way: Way): Promise<Line> {
	const port = await freeUdpPort();
	const proxy = await ImpairedUdp.open(port, way.seed, way.network, way.network);
	const tool = peer("srt-live-transmit")!;
	const options = [`-chunk:${MESSAGE_BYTES}`];
	const listener = [...options, `srt://127.0.0.1:${port}?mode=listener&latency=${way.latencyMs}`, "file://con"];
	const caller = [...options, "file://con", `srt://127.0.0.1:${proxy.port}?mode=caller&latency=${way.latencyMs}`];
	const sink = spawn(tool, listener, { stdio: ["ignore", "pipe", "ignore"] });
	const source = spawn(tool, caller, { stdio: ["pipe", "ignore", "pipe"] });
	let received = 0;
	sink.stdout.on("data", ({ length }: Buffer) => {
		received += length;
	});
	for (let said = ""; !said.includes("connected"); said += String(await once(source.stderr, "data"))) {}
	return {
		send: async () => {
			const sent = await film(way.seconds, (picture) => source.stdin.write(picture));
			return { sent, lost: sent - Math.floor(received / MESSAGE_BYTES) };
		},
		[Symbol.asyncDispose]: () => {
			source.kill("SIGKILL");
			sink.kill("SIGKILL");
			return proxy[Symbol.asyncDispose]();
		},
	};
}
