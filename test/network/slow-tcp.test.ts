import assert from "node:assert/strict";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeLink, needsNamespaces } from "../support/netns.ts";
import { startTestRelay } from "../support/relay.ts";
import { startTimedCamera } from "./support/timed-camera.ts";

const reader = fileURLToPath(new URL("./support/rtsp-reader.ts", import.meta.url));
const WATCH_MS = 12_000;

interface Line {
	readonly age?: number;
	readonly key?: boolean;
	readonly sequence?: number;
	readonly ended?: string;
	readonly at?: number;
}

test("2 Mbit/s through 1.5: what arrives is never older than 2 s, and a cut is noticed at both ends", async (t) => {
	if (!needsNamespaces(t)) return;
	using link = makeLink({ kbit: 1500 });
	await using relay = await startTestRelay({ rtsp: { address: `${link.here}:0` } });
	const url = `rtsp://${link.here}:${relay.relay.ports.rtsp[0]}/slow`;
	using _camera = await startTimedCamera(url, 2000);
	const child = link.node(reader, [url]);
	t.after(() => child.kill("SIGKILL"));
	const ended = Promise.withResolvers<Line>();
	const packets: Line[] = [];
	createInterface({ input: child.stdout! }).on("line", (text) => {
		const line: Line = JSON.parse(text);
		if (line.age !== undefined) packets.push(line);
		if (line.ended !== undefined) ended.resolve(line);
	});
	await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
	assert.ok(packets.length > 600, `${packets.length} packets came`);
	const oldest = Math.max(...packets.map((one) => one.age!));
	assert.ok(oldest <= 2000, `the oldest packet was ${oldest} ms old when it came`);
	const gaps = packets.filter((one, i) => i > 0 && one.sequence !== (packets[i - 1]!.sequence! + 1) % 65_536);
	assert.ok(gaps.length > 0, "the reader was cut at least once");
	const [path] = relay.relay.hub.paths;
	assert.equal(path!.stream!.readers.size, 1);
	const gone = Promise.withResolvers<number>();
	relay.relay.hub.listen((event) => event.at === "left" && gone.resolve(Date.now()));
	const cutAt = Date.now();
	link.cut();
	const [relaySaw, readerSaw] = await Promise.all([gone.promise, ended.promise]);
	assert.ok(relaySaw - cutAt <= 8000, `the relay noticed after ${relaySaw - cutAt} ms`);
	assert.ok(readerSaw.at! - cutAt <= 8000, `the reader noticed after ${readerSaw.at! - cutAt} ms`);
	t.diagnostic(
		`oldest ${oldest} ms, ${gaps.length} cuts; relay ${relaySaw - cutAt}, reader ${readerSaw.at! - cutAt} ms`,
	);
	if (child.exitCode === null) await once(child, "exit");
});
