import { parentPort, workerData } from "node:worker_threads";
import { native } from "../native.ts";
import { clockOffset } from "./clock.ts";
import { Engine } from "./engine.ts";
import { openEvp } from "./evp.ts";
import { viewMemory } from "./memory.ts";
import { NativeOutlet } from "./native-outlet.ts";
import { Sealer } from "./sealer.ts";

/** What a sending thread is started with. */
export interface ThreadData {
	readonly shared: SharedArrayBuffer;
	/** Address of `shared`, the same in every thread. */
	readonly address: number;
	/** Offset of the thread's block in it. */
	readonly block: number;
	readonly behindMs: number;
	readonly segmenting: boolean;
	/** The main thread's, as `clockOffset` gives it: packets are stamped by its clock. */
	readonly clockOffset: number;
}

/** A sending thread's whole life: it sleeps on its commands and ends with the one that says so. */
function live(data: ThreadData): void {
	const memory = viewMemory(data.shared, data.address);
	if (native?.address(memory.bytes) !== data.address)
		throw new Error("shared memory is at another address in a thread");
	const offset = data.clockOffset - clockOffset();
	const clock = (): number => performance.now() + offset;
	const evp = openEvp();
	const sealer = evp && new Sealer(memory, evp, data.block);
	const engine = new Engine(memory, {
		block: data.block,
		behindMs: data.behindMs,
		holdMs: Number.POSITIVE_INFINITY,
		clock,
		sealer,
		outlet: (_socket, fd, region, events) => {
			const { block, segmenting } = data;
			return new NativeOutlet(memory, sealer, { fd, region, block, segmenting, clock, events });
		},
		say: (message) => parentPort?.postMessage(message),
	});
	while (!engine.stopped) {
		const wait = engine.run();
		if (wait <= 0 || engine.stopped) continue;
		engine.commands.wait(wait);
		engine.commands.wakeNext();
	}
}

live(workerData as ThreadData);
