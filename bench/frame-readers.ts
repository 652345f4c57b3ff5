import { openRtmpClient } from "../src/protocols/rtmp/client.ts";
import { openSrtClient } from "../src/protocols/srt/client.ts";
import { answer } from "./support/child.ts";
import { machineMs } from "./support/clock.ts";
import { HlsClient } from "./support/hls-client.ts";
import { Samples, type Spread } from "./support/statistics.ts";
import { findStamps } from "./support/stream.ts";

/** A process that reads a stream over RTMP, SRT or HLS, by as many readers as wanted. */

export interface FrameReadOrder {
	/** `rtmp://`, `srt://`, or the `http://` address of a path for HLS. */
	readonly url: string;
	readonly count: number;
}

export interface FrameReadReport {
	/** Milliseconds from the publisher's sending a picture to its first bytes here, by each reader. */
	readonly delay: Spread;
	/** Messages of RTMP and SRT, answers of HLS. */
	readonly messages: number;
}

const MAX_MESSAGE_BYTES = 1 << 20;

const end = new AbortController();
const delays = new Samples();
const players: HlsClient[] = [];
let messages = 0;

/** What one reader does with what comes: each picture counts once, when its first bytes are there. */
function follow(): (bytes: Uint8Array) => void {
	let newest = 0;
	return ({ buffer, byteOffset, byteLength }) => {
		messages++;
		const now = machineMs();
		for (const stamp of findStamps(Buffer.from(buffer, byteOffset, byteLength))) {
			if (stamp > newest) delays.add(now - stamp);
			newest = Math.max(newest, stamp);
		}
	};
}

const opens: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
	"rtmp:": (url) => {
		const look = follow();
		const onMedia = ({ body }: { readonly body: Buffer }): void => look(body);
		return openRtmpClient({ url, goal: "play", maxMessage: MAX_MESSAGE_BYTES, signal: end.signal, onMedia });
	},
	"srt:": (url) => openSrtClient({ url, signal: end.signal, now: () => performance.now(), onData: follow() }),
	"http:": async (url) => {
		const player = new HlsClient(url, follow());
		players.push(player);
		await player.start();
	},
};

const handlers = {
	/** Resolves when all of them are let in. */
	async start({ url, count }: FrameReadOrder): Promise<void> {
		const open = opens[new URL(url).protocol]!;
		await Promise.all(Array.from({ length: count }, () => open(url)));
	},
	/** What came since the last report. */
	report(_: null): FrameReadReport {
		const requests = players.reduce((sum, player) => sum + player.requests, 0);
		const report = { delay: delays.spread(), messages: players.length > 0 ? requests : messages };
		delays.clear();
		messages = 0;
		for (const player of players) player.requests = 0;
		return report;
	},
};

export type FrameReadersHandlers = typeof handlers;

answer(handlers);
