import { loadCertificate } from "../src/net/certificate.ts";
import { DtlsServer } from "../src/net/dtls.ts";
import { packetCiphers } from "../src/net/openssl-ciphers.ts";
import { type FanOut, fanOut, largestPicture } from "./support/arrivals.ts";
import { answer } from "./support/child.ts";
import { machineMs, pause } from "./support/clock.ts";
import { DtlsClients, openSsl } from "./support/dtls-client.ts";
import { type Counts, take } from "./support/reader.ts";
import { Datagrams, Poll, stampArrivals } from "./support/sockets.ts";
import { Samples, type Spread, spread } from "./support/statistics.ts";
import { Viewer, type ViewerTools } from "./support/viewer.ts";

/** A process that watches over WebRTC, by as many viewers as wanted. */

export interface WatchOrder {
	readonly url: string;
	readonly count: number;
	/** Whether media is taken; sockets that nobody reads show what sending alone costs. */
	readonly listen: boolean;
	/** A UDP port that stands for the server's. */
	readonly through?: number;
}

export interface WatchReport extends Counts {
	/** Milliseconds from the publisher's sending a frame to its last byte here, by some of the viewers. */
	readonly delay: Spread;
	/** Viewers that ended before their time, and why the first of them did. */
	readonly ended: number;
	readonly reason: string;
}

export interface ChurnOrder {
	readonly url: string;
	readonly count: number;
	/** So many at the same time. */
	readonly width: number;
}

export interface AbuseOrder {
	readonly url: string;
	/** Damaged copies of each datagram. */
	readonly damages: number;
}

const WAIT_MS = 2;
const TICK_MS = 20;
/** Each of these reads the stamps of its pictures, which must be decrypted for that. */
const SCOUTS = 20;
const JOIN_WIDTH = 10;
/** By then a viewer has sent checks, a handshake and reports. */
const ABUSE_AFTER_MS = 1500;
const JOIN_TIMEOUT_MS = 15_000;

const ssl = openSsl();
const certificate = loadCertificate(undefined, Date.now());
const tools: ViewerTools = {
	ciphers: packetCiphers(ssl),
	dtls: new DtlsClients(ssl, certificate),
	dtlsServer: new DtlsServer(ssl, certificate),
	fingerprint: certificate.fingerprint,
	datagrams: new Datagrams(),
};
const poll = new Poll();
const delays = new Samples();
/** By the number that the poll knows them by. */
const viewers = new Map<number, Viewer>();
let next = 0;
let running = false;
let tickAt = 0;

function loop(): void {
	if (!running) return;
	poll.wait(WAIT_MS, (id) => viewers.get(id)?.read());
	const now = machineMs();
	if (now >= tickAt) {
		tickAt = now + TICK_MS;
		for (const viewer of viewers.values()) viewer.tick(now);
	}
	setImmediate(loop);
}

function run(): void {
	if (running) return;
	running = true;
	loop();
}

/** A viewer that gets media, and the number it is known by. */
async function join(url: string, stamps: boolean, through?: number): Promise<[number, Viewer]> {
	const viewer = new Viewer(tools, stamps ? delays : undefined);
	return [await enter(viewer, url, through), viewer];
}

/** Resolves with the viewer's number when it has got a key frame. */
async function enter(viewer: Viewer, url: string, through?: number): Promise<number> {
	const id = next++;
	viewers.set(id, viewer);
	poll.add(viewer.fd, id);
	try {
		await viewer.join(url, through);
		const until = machineMs() + JOIN_TIMEOUT_MS;
		while (viewer.follower.firstKeyAt < 0) {
			if (viewer.failure) throw new Error(viewer.failure);
			if (machineMs() > until) throw new Error(viewer.connected ? "no key frame came" : "no connection");
			await pause(1);
		}
		return id;
	} catch (error) {
		await leave(id, viewer, false);
		throw error;
	}
}

async function leave(id: number, viewer: Viewer, politely: boolean): Promise<void> {
	poll.remove(viewer.fd);
	viewers.delete(id);
	await viewer.leave(politely);
}

/** Runs `count` tasks, `width` at the same time. */
async function together(count: number, width: number, task: (i: number) => Promise<void>): Promise<void> {
	let begun = 0;
	const worker = async () => {
		while (begun < count) await task(begun++);
	};
	await Promise.all(Array.from({ length: width }, worker));
}

const handlers = {
	/** Resolves when all of them have got a key frame. */
	async start({ url, count, listen, through }: WatchOrder): Promise<void> {
		run();
		const every = Math.ceil(count / SCOUTS);
		await together(count, JOIN_WIDTH, async (i) => {
			const [, viewer] = await join(url, i % every === 0, through);
			if (!listen) poll.remove(viewer.fd);
		});
	},
	/** What came since the last report. */
	report(_: null): WatchReport {
		const all = [...viewers.values()];
		const counts = take(all.map(({ follower }) => follower));
		counts.lost = all.reduce((sum, { gaps }) => sum + gaps.lost, 0);
		counts.repaired = all.reduce((sum, { gaps }) => sum + gaps.repaired, 0);
		const delay = delays.spread();
		delays.clear();
		const ended = all.filter(({ failure }) => failure !== "");
		return { ...counts, delay, ended: ended.length, reason: ended[0]?.failure ?? "" };
	},
	/** Milliseconds from asking to the first complete key frame, one viewer after the other. */
	async firstFrames({ url, count }: ChurnOrder): Promise<Spread> {
		run();
		const times: number[] = [];
		for (let i = 0; i < count; i++) {
			const [id, viewer] = await join(url, false);
			times.push(viewer.follower.firstKeyAt - viewer.began);
			await leave(id, viewer, true);
		}
		return spread(times);
	},
	/** Nobody reads from now on; the kernel notes when what comes came. */
	nap(_: null): void {
		for (const { fd } of viewers.values()) {
			stampArrivals(fd);
			poll.remove(fd);
		}
		running = false;
	},
	/** Everybody reads again. Gives how the largest picture that came during the nap was spread to all viewers. */
	wake(_: null): FanOut {
		const seen = [...viewers.values()].map((viewer) => largestPicture(tools.datagrams, () => viewer.read()));
		for (const [id, { fd }] of viewers) poll.add(fd, id);
		run();
		return fanOut(seen);
	},
	/**
	 * One viewer who sends everything it has sent once more, and each piece damaged bit by bit. Gives the pictures it gets
	 * in the second after that: the relay must go on serving it.
	 */
	async abuse({ url, damages }: AbuseOrder): Promise<number> {
		run();
		const viewer = new Viewer(tools, undefined);
		viewer.sent = [];
		const id = await enter(viewer, url);
		await pause(ABUSE_AFTER_MS);
		const sent = viewer.sent;
		viewer.sent = undefined;
		for (const datagram of sent) {
			viewer.throw(datagram);
			for (let i = 0; i < damages; i++) {
				const bytes = Buffer.from(datagram);
				const at = (i * 7919) % bytes.length;
				bytes[at] = bytes[at]! ^ (1 << (i & 7));
				viewer.throw(i % 5 === 4 ? bytes.subarray(0, at) : bytes);
			}
			await pause(1);
		}
		take([viewer.follower]);
		await pause(1000);
		const { frames } = take([viewer.follower]);
		await leave(id, viewer, true);
		return frames;
	},
	/** Viewers that come, see a key frame and go; half of them only say goodbye to DTLS. Gives how many failed. */
	async churn({ url, count, width }: ChurnOrder): Promise<number> {
		run();
		let failed = 0;
		await together(count, width, async (i) => {
			try {
				const [id, viewer] = await join(url, false);
				await leave(id, viewer, i % 2 === 0);
			} catch {
				failed++;
			}
		});
		return failed;
	},
};

export type ViewersHandlers = typeof handlers;

answer(handlers);
