import assert from "node:assert/strict";
import { test } from "node:test";
import { pathSettings } from "../config/path-schema.ts";
import type { Forwarding, ForwardWay } from "../hub/forwarding.ts";
import { Hub } from "../hub/hub.ts";
import type { Reader } from "../hub/reader.ts";
import { parsePathName } from "../media/path-name.ts";
import type { Track } from "../media/track.ts";
import { Pool } from "../net/pool.ts";
import { createLog } from "../observe/log.ts";
import { Forward } from "./forward.ts";

const path = parsePathName("robot1/front")!;
const track = (kind: "video" | "audio", encoding: string): Track => ({
	kind,
	codec: kind === "video" ? "h264" : "pcmu",
	encoding,
	clockRate: 90_000,
	channels: 0,
	payloadType: kind === "video" ? 96 : 0,
	fmtp: "",
});

/** A hub with a publisher, and a server that takes what a test lets it. */
function bench(refuse?: string) {
	const clock = { now: () => performance.now(), unix: () => Date.now(), after: () => () => undefined };
	const settings = { key: "all_others", settings: pathSettings.parse({}) };
	const hub = new Hub({ pool: new Pool(16 * 1024 * 1024), clock, maxPaths: 10, settings: () => settings });
	const who = { type: "test", id: "1", remoteAddress: "192.0.2.1:1", identity: "robot" };
	const tracks = [track("video", "H264"), track("audio", "PCMU")];
	const publication = hub.publish(path, tracks, who, { onEnd: () => undefined });
	const opened: { forwarding: Forwarding; end: (reason: string) => void; reader?: Reader }[] = [];
	const way: ForwardWay = {
		protocol: "test",
		lane: "frames",
		tracks: () => [0],
		open: async (forwarding) => {
			if (refuse !== undefined) throw new Error(refuse);
			const { promise: closed, resolve: end } = Promise.withResolvers<string>();
			const own: (typeof opened)[number] = { forwarding, end };
			opened.push(own);
			forwarding.signal.addEventListener("abort", () => end("aborted"));
			return {
				closed,
				close: end,
				start: (reader) => {
					own.reader = reader;
				},
				pump: () => undefined,
			};
		},
	};
	const lines: string[] = [];
	const log = createLog(
		{ level: "info", file: "", format: "json" },
		{ write: (line: string) => void lines.push(line) },
	);
	const target = {
		to: "rtmp://u:hunter2000@h/app/$MTX_PATH",
		when: "always",
		wake: false,
		token: "t",
		fingerprint: "",
	} as const;
	return { hub, publication, opened, lines, forward: new Forward(hub, path, target, way, log) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("forward: reads the path and tells how it is; no viewer, and what is left out is named", async () => {
	const { hub, opened, lines, forward } = bench();
	assert.equal(forward.item(0).state, "idle");
	forward.set(true, "");
	await turn();
	assert.equal(forward.state, "forwarding");
	assert.equal(opened[0]!.forwarding.url, "rtmp://u:hunter2000@h/app/robot1/front");
	assert.equal(hub.path(path)!.stream!.audience, 0);
	assert.equal(hub.path(path)!.stream!.readers.size, 1);
	opened[0]!.reader!.counters.bytes = 100;
	const { conf, outboundBytes, protocol } = forward.item(3);
	assert.deepEqual(
		{ outboundBytes, protocol, dest: conf.dest },
		{ outboundBytes: 100, protocol: "rtmp", dest: "rtmp://…@h/app/robot1/…" },
	);
	forward.set(false, "nobody reads");
	await forward.close();
	assert.equal(forward.state, "idle");
	assert.equal(forward.outboundBytes, 100, "what was sent stays counted");
	assert.equal(hub.path(path)!.stream!.readers.size, 0);
	assert.ok(lines.some((line) => line.includes('"leftOut":["PCMU"]')));
	assert.doesNotMatch(lines.join(), /hunter2000/);
});

test("forward: a refusal is told without secrets, and tried again; the publisher's end ends the connection", async () => {
	const refused = bench("hunter2000 is the wrong password");
	refused.forward.set(true, "");
	await turn();
	assert.deepEqual([refused.forward.state, refused.forward.item(0).lastError], ["error", "… is the wrong password"]);
	await refused.forward.close();
	const { publication, opened, forward } = bench();
	forward.set(true, "");
	await turn();
	publication.close("it left");
	await turn();
	assert.equal(opened[0]!.reader!.active, false);
	assert.equal(forward.item(0).lastError, "it left");
	await forward.close();
});

test("forward: off and on again before it has ended, it runs once", async () => {
	const { hub, opened, forward } = bench();
	forward.set(true, "");
	await turn();
	forward.set(false, "nobody reads");
	forward.set(true, "");
	await turn();
	await turn();
	assert.deepEqual([opened.length, forward.state, hub.path(path)!.stream!.readers.size], [2, "forwarding", 1]);
	await forward.close();
});
