import assert from "node:assert/strict";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { keptLog } from "../support/kept-log.ts";
import { makeLink, needsNamespaces } from "../support/netns.ts";
import { needs } from "../support/peers.ts";
import { startTestRobot } from "../support/robot.ts";

const READER = fileURLToPath(new URL("../support/robot-reader.ts", import.meta.url));
const PORT = 8554;
const PICTURES = 250;
/** The first pictures wait for ffmpeg to begin. */
const WARM_UP = 60;

/** Lets nothing else on the machine make the pictures old; a container may forbid it. */
function comeFirst(): void {
	try {
		setPriority(-10);
	} catch {}
}

test("robot over TCP: 2 Mbit/s through 1.5 is never old, and a cut link is noticed", { timeout: 90_000 }, async (t) => {
	if (!needsNamespaces(t) || !needs(t, "ffmpeg", "element x264enc")) return;
	comeFirst();
	using link = makeLink({ kbit: 1500 });
	const reader = link.node(READER, [`${PORT}`, "640", "360"]);
	t.after(() => reader.kill());
	const { lines, log } = keptLog();
	const camera = { source: "test", size: "640x360", bitrate: 2000, publish: `rtsp://${link.there}:${PORT}/camera` };
	await using _robot = await startTestRobot({ cameras: [camera] }, log);
	const ages: number[] = [];
	for await (const line of createInterface({ input: reader.stdout! })) {
		ages.push(Number(line));
		if (ages.length === PICTURES) break;
	}
	const warm = ages.slice(WARM_UP).sort((a, b) => a - b);
	t.diagnostic(
		`age of ${warm.length} pictures: ${warm[Math.floor(warm.length / 2)]} ms p50, ${warm.at(-1)} ms at most`,
	);
	assert.equal(ages.length, PICTURES);
	assert.ok(warm.at(-1)! <= 2000, `${warm.at(-1)} ms`);
	link.cut();
	const cutAt = performance.now();
	const ended = () => lines.find(({ msg }) => msg === "connection ended");
	while (!ended() && performance.now() - cutAt < 20_000) await new Promise((resolve) => setTimeout(resolve, 50));
	const seconds = (performance.now() - cutAt) / 1000;
	t.diagnostic(`the cut was noticed after ${seconds.toFixed(1)} s`);
	assert.ok(seconds <= 8, `${seconds} s`);
	assert.ok(ended()!.dropped! > 10, "the link was fast enough: nothing was proved");
});
