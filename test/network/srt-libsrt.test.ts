import assert from "node:assert/strict";
import { setPriority } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { suite, test } from "node:test";
import { needs } from "../support/peers.ts";
import { startTestRelay } from "../support/relay.ts";
import { type Outcome, throughLibsrt, throughOurs, type Way } from "./support/srt-ways.ts";

const SEEDS = [1, 2, 3];
const SECONDS = 60;
/** Where the networks themselves stood still for so long, the machine was too busy to tell anything. */
const STILL_MS = 150;
const TRIES = 2;

function median(outcomes: readonly Outcome[]): number {
	return outcomes.map(({ lost }) => lost).sort((a, b) => a - b)[outcomes.length >> 1]!;
}

const tell = (outcomes: readonly Outcome[]): string =>
	outcomes.map(({ lost, sent }) => `${lost} of ${sent}`).join(", ");

/** A network that stands still because the machine is busy loses for everybody; a container may forbid to come first. */
function comeFirst(): void {
	try {
		setPriority(-10);
	} catch {}
}

/** Both at the same time, through networks of their own that begin with the same seeds. */
async function compare(common: Omit<Way, "seed">): Promise<{ ours: Outcome[]; theirs: Outcome[]; text: string }> {
	comeFirst();
	await using relay = await startTestRelay();
	const ways = SEEDS.map((seed) => ({ ...common, seed }));
	const [ours, theirs] = await Promise.all([
		Promise.all(ways.map((way) => throughOurs(relay, `camera${way.seed}`, way))),
		Promise.all(ways.map(throughLibsrt)),
	]);
	return { ours, theirs, text: `lost ${tell(ours)}; by libsrt's own tools ${tell(theirs)}` };
}

/** Once more where the first time says nothing. */
async function undisturbed<T>(attempt: () => Promise<T>): Promise<T> {
	for (let left = TRIES - 1; ; left--) {
		const delay = monitorEventLoopDelay({ resolution: 10 });
		delay.enable();
		const outcome = await attempt();
		delay.disable();
		if (left === 0 || delay.max / 1e6 < STILL_MS) return outcome;
	}
}

suite("SRT beside libsrt's own tools: round trip 100 ms, latency 500 ms, 60 s, three seeds", {
	concurrency: true,
}, () => {
	for (const loss of [0.05, 0.2]) {
		test(`${100 * loss} % loss both ways: no more is lost for good`, { timeout: 180_000 }, async (t) => {
			if (!needs(t, "srt-live-transmit")) return;
			const common = { network: { loss, delayMs: 50 }, latencyMs: 500, seconds: SECONDS };
			const { ours, theirs, text } = await undisturbed(() => compare(common));
			t.diagnostic(text);
			assert.ok(median(ours) <= median(theirs), text);
			for (const { sent, lost } of ours) assert.ok(lost < sent / 20, text);
		});
	}
});
