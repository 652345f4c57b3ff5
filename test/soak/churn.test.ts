import assert from "node:assert/strict";
import { test } from "node:test";
import { PATH, readers, viewers } from "../../bench/support/bench.ts";
import { Healthy, skip } from "./support/healthy.ts";

/** `npm run bench -- joins` does 10,000 of each. */
const CONNECTS = 1000;
const JOINS = 200;
/** What a relay may have grown by from one half of its visitors to the other: garbage that is not collected yet. */
const SLACK_MB = 25;

test("readers who come and go leave nothing behind", { skip }, async (t) => {
	await using healthy = await Healthy.start();
	const { server } = healthy;
	const order = { port: server.rtspPort, path: PATH, count: CONNECTS / 2, transport: "tcp", listen: true } as const;
	const watch = { url: server.whep(PATH) ?? "", count: JOINS / 2, width: 5 };
	const halves: number[] = [];
	for (const half of ["first", "second"]) {
		await t.test(`${half} half`, () =>
			healthy.undisturbed(async () => {
				await using reader = readers();
				await using viewer = viewers();
				assert.equal(await reader.ask("churn", order), 0, "RTSP readers failed");
				assert.equal(await viewer.ask("churn", watch), 0, "WebRTC viewers failed");
			}),
		);
		halves.push(server.residentBytes() / 1e6);
	}
	const [first = 0, second = 0] = halves;
	t.diagnostic(`memory after each half: ${first.toFixed(0)} and ${second.toFixed(0)} MB`);
	assert.ok(second - first < SLACK_MB, `from ${first.toFixed(0)} to ${second.toFixed(0)} MB`);
	await healthy.nothingLeft();
});
