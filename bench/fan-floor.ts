import { Worker } from "node:worker_threads";
import type { FanWork } from "./fan-worker.ts";
import { type FanOut, fanOut, largestPicture } from "./support/arrivals.ts";
import { answer } from "./support/child.ts";
import { pause } from "./support/clock.ts";
import { Datagrams, openUdp, stampArrivals } from "./support/sockets.ts";

/** How well this machine spreads work over threads: bare ones that encrypt and send a key frame to sockets nobody reads. */

export interface FanOrder {
	readonly threads: number;
	readonly receivers: number;
	/** From telling the threads to looking what has come. */
	readonly afterMs: number;
}

const datagrams = new Datagrams();
const turn = new Int32Array(new SharedArrayBuffer(4));
let fds: number[] = [];
let afterMs = 0;

function open(): { fd: number; port: number } {
	const socket = openUdp();
	if (!socket) throw new Error("no UDP socket");
	return socket;
}

const handlers = {
	async start({ threads, receivers, ...order }: FanOrder): Promise<void> {
		const sockets = Array.from({ length: receivers }, open);
		fds = sockets.map(({ fd }) => fd);
		for (const fd of fds) stampArrivals(fd);
		afterMs = order.afterMs;
		const socket = open();
		const ports = sockets.map(({ port }) => port);
		const share = Math.ceil(receivers / threads);
		for (let from = 0; from < receivers; from += share) {
			const work: FanWork = { socket, receivers: ports.slice(from, from + share), turn };
			const worker = new Worker(new URL("./fan-worker.ts", import.meta.url), { workerData: work });
			await new Promise((resolve) => worker.once("message", resolve));
		}
	},
	/** One key frame to all. */
	async fan(_: null): Promise<FanOut> {
		Atomics.add(turn, 0, 1);
		Atomics.notify(turn, 0);
		await pause(afterMs);
		return fanOut(fds.map((fd) => largestPicture(datagrams, () => datagrams.receive(fd))));
	},
};

export type FanFloorHandlers = typeof handlers;

answer(handlers);
