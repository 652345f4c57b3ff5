import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePathName } from "../../src/media/path-name.ts";
import { freeUdpPort } from "../support/ports.ts";
import { startTestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";

async function until(ready: () => boolean, what: string): Promise<void> {
	for (const end = performance.now() + 10_000; !ready(); ) {
		if (performance.now() > end) throw new Error(`not within 10 s: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

test("the robot publishes by plain RTP, also before anybody is there, and says goodbye", {
	timeout: 30_000,
}, async () => {
	const port = await freeUdpPort();
	const camera = parsePathName("camera")!;
	const cameras = [{ source: "sample", publish: `udp+rtp://localhost:${port}` }];
	await using robot = await startTestRobot({ cameras });
	// The robot does not mind that nobody is there yet.
	await using relay = await startTestRelay({ paths: { camera: { source: `udp+rtp://127.0.0.1:${port}` } } });
	const path = () => relay.relay.hub.path(camera);
	await until(() => path()?.publication !== undefined, "the stream is recognised");
	const stream = path()!.stream!;
	assert.equal(path()!.publication?.info.type, "rtpSource");
	await until(() => (stream.clock(0, performance.now())?.unixMs ?? 0) > 0, "a sender report");
	await until(() => stream.intakes[0]!.counters.packets > 100, "pictures");
	assert.equal(stream.intakes[0]!.counters.lost, 0);
	await robot.stop();
	await until(() => path() === undefined, "the relay hears the goodbye");
});
