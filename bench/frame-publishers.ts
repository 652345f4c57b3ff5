import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { publishRtmp } from "../src/protocols/rtmp/publish.ts";
import { publishSrt } from "../src/protocols/srt/publish.ts";
import { answer } from "./support/child.ts";
import { machineMs } from "./support/clock.ts";
import { frameOf, track } from "./support/frames.ts";
import { LoadStream, type StreamShape } from "./support/stream.ts";

/** A process that publishes load streams over RTMP or SRT; to the floor, as many bytes in as many pieces. */

export interface FramesOrder {
	/** One publisher for each: `rtmp://`, `srt://`, or the floor's `tcp://` and `udp://`. */
	readonly urls: readonly string[];
	readonly shape: StreamShape;
}

/** What leaves with one SRT packet: seven packets of a transport stream. */
const SRT_BYTES = 1316;
/** An SRT header. */
const SRT_HEADER_BYTES = 16;
const piece = Buffer.alloc(SRT_BYTES + SRT_HEADER_BYTES, 0x55);

const end = new AbortController();

/** Sends frame `n` of a stream. */
type Send = (stream: LoadStream, n: number) => void;

const opens: Readonly<Record<string, (url: URL) => Promise<Send>>> = {
	"rtmp:": async ({ href }) => {
		const { write } = await publishRtmp(href, [track], end.signal);
		return (stream, n) => void write(frameOf(stream, n, machineMs()));
	},
	"srt:": async ({ href }) => {
		const { write } = await publishSrt(href, [track], end.signal);
		return (stream, n) => write(frameOf(stream, n, machineMs()));
	},
	"tcp:": async ({ hostname, port }) => {
		const socket = connect(Number(port), hostname);
		await once(socket, "connect");
		socket.setNoDelay(true);
		return (stream, n) => void socket.write(stream.picture(n, machineMs()).at(-1)!);
	},
	"udp:": async ({ hostname, port }) => {
		const socket = createSocket("udp4");
		socket.connect(Number(port), hostname);
		await once(socket, "connect");
		return (stream, n) => {
			const bytes = stream.picture(n, machineMs()).at(-1)!.length;
			for (let left = bytes; left > 0; left -= SRT_BYTES) socket.send(piece);
		};
	},
};

let sent = 0;

/** The publishers send one after the other, spread over a frame's time. */
function run(stream: LoadStream, publishers: readonly Send[]): void {
	const step = 1000 / stream.shape.fps / publishers.length;
	let due = machineMs();
	let turn = 0;
	const tick = (): void => {
		for (; due <= machineMs(); due += step) {
			const n = Math.floor(turn / publishers.length);
			publishers[turn++ % publishers.length]?.(stream, n);
			sent += stream.packets(n);
		}
		setTimeout(tick, Math.max(0, due - machineMs()));
	};
	tick();
}

const handlers = {
	async start({ urls, shape }: FramesOrder): Promise<void> {
		const publishers = await Promise.all(urls.map((url) => opens[new URL(url).protocol]!(new URL(url))));
		run(new LoadStream(shape), publishers);
	},
	/** How many packets the frames sent since the start are in RTP, by all together. */
	sent(_: null): number {
		return sent;
	},
};

export type FramePublishersHandlers = typeof handlers;

answer(handlers);
