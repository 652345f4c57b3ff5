import assert from "node:assert/strict";
import { test } from "node:test";
import { PATH, readers, viewers } from "../../bench/support/bench.ts";
import { Healthy, skip } from "./support/healthy.ts";

/** `npm run bench -- joins` does as many over WebRTC, too. */
const CONNECTS = 10_000;
const JOINS = 200;
/**
 * What a relay may have grown by from one half of its visitors to the other: compiled code and remembered addresses, and
 * in the whole process what the system has not got back yet.
 */
const SLACK_MB = { held: 3, resident: 25 };

test("readers who come and go leave nothing behind", { skip }, async (t) => {
	await using healthy = await Healthy.start();
	const { server } = healthy;
	const order = { port: server.rtspPort, path: PATH, count: CONNECTS / 2, transport: "tcp", listen: true } as const;
	const watch = { url: server.whep(PATH) ?? "", count: JOINS / 2, width: 5 };
	const halves: { held: number; resident: number }[] = [];
	for (const half of ["first", "second"]) {
		await t.test(`${half} half`, () =>
			healthy.undisturbed(async () => {
				await using reader = readers();
				await using viewer = viewers();
				assert.equal(await reader.ask("churn", order), 0, "RTSP readers failed");
				assert.equal(await viewer.ask("churn", watch), 0, "WebRTC viewers failed");
			}),
		);
		const held = await healthy.heldMb();
		halves.push({ held, resident: server.residentBytes() / 1e6 });
	}
	for (const kind of ["held", "resident"] as const) {
		const [first = 0, second = 0] = halves.map((half) => half[kind]);
		const said = `${kind}: from ${first.toFixed(1)} to ${second.toFixed(1)} MB`;
		t.diagnostic(said);
		assert.ok(second - first < SLACK_MB[kind], said);
	}
	await healthy.nothingLeft();
});
