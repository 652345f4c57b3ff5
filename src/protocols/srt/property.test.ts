import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../../test/network/impair.ts";
import { type PairOptions, SessionPair } from "../../../test/support/srt-pair.ts";
import { Keys } from "./crypto.ts";
import { WINDOW_PACKETS } from "./receive-buffer.ts";

const CASES = 120;
const MESSAGES = 1500;
/** 2^32 µs: where timestamps begin again. */
const WRAP_MS = 2 ** 32 / 1000;
const MAX_STEP_MS = 25;
const TAIL = 100;
/** A turn is left out after a pause, and a step may go past a tick. */
const LATE_MS = 4 * MAX_STEP_MS + 20;

/** A network and its sessions as a number says. */
function options(seed: number): Required<Omit<PairOptions, "refresh">> {
	const random = seeded(seed * 7919);
	const pick = (most: number): number => Math.floor(random() * most);
	return {
		seed,
		loss: random() * 0.4,
		twice: random() * 0.2,
		delay: pick(120),
		jitter: random() < 0.5 ? 0 : pick(80),
		latency: 40 + pick(700),
		keys: seed % 4 === 0 ? Keys.create("a passphrase", 16) : undefined,
		// Half of them pass the end of the numbers and of the timestamps while they run.
		first: random() < 0.5 ? 0x7fff_ffff - pick(MESSAGES) : pick(0x7fff_ffff),
		age: random() < 0.5 ? WRAP_MS - pick(3000) : pick(WRAP_MS),
	};
}

for (const uneven of [false, true]) {
	test(`any network, ${uneven ? "uneven steps" : "even steps"}: in order, in time, accounted for, within bounds`, () => {
		for (let seed = 1; seed <= CASES; seed++) {
			const one = options(seed);
			const what = JSON.stringify({ ...one, keys: one.keys !== undefined });
			const pair = new SessionPair(one);
			const random = seeded(seed);
			const step = (): number => (uneven ? 1 + Math.floor(random() * MAX_STEP_MS) : 1);
			let number = 0;
			const write = (now: number): void => {
				while (number < MESSAGES && number * 2 <= now) assert.ok(pair.write(number++), what);
				const { sent, received } = pair.receiver.held;
				assert.ok(received <= WINDOW_PACKETS && sent <= WINDOW_PACKETS, what);
				assert.ok(pair.sender.held.sent < 1000, `${pair.sender.held.sent} ${what}`);
			};
			pair.run(2 * MESSAGES + 1000, write, step);
			// The network becomes good: the last messages show what was missing before them.
			pair.network.loss = 0;
			for (let i = 0; i < 10; i++) pair.write(number++);
			pair.run(3000, undefined, step);

			assert.ok(
				pair.got.every((got, i) => i === 0 || got > pair.got[i - 1]!),
				`in order: ${what}`,
			);
			const dropped = pair.receiver.statistics.packetsReceiveDropped;
			assert.equal(pair.got.length + dropped, number, `accounted for: ${what}`);
			assert.equal(pair.receiver.held.received, 0, what);
			assert.equal(pair.sender.held.sent, 0, what);
			// What the handshake took is what every packet is measured by: here the delay without the jitter.
			const due = one.delay + one.latency;
			// The last ones hold up nothing that is behind them: they may still come late.
			const latencies = pair.latencies.filter((_, i) => pair.got[i]! < MESSAGES - TAIL);
			const [least, most] = [Math.min(...latencies), Math.max(...latencies)];
			assert.ok(least >= due - MAX_STEP_MS, `${least} ms, not ${due}: ${what}`);
			assert.ok(most <= due + LATE_MS, `${most} ms, not ${due}: ${what}`);
			assert.ok(pair.sender.statistics.packetsSentAgain < 8 * MESSAGES, what);
			assert.equal(pair.receiver.statistics.packetsUndecrypted, 0, what);
			assert.deepEqual(pair.ends, []);
		}
	});
}
