import assert from "node:assert/strict";
import { test } from "node:test";
import { publishTo, startControl } from "../../../test/support/control.ts";
import { parseYaml } from "../../config/load.ts";
import { relaySchema } from "../../config/relay-schema.ts";
import { parsePathName } from "../../media/path-name.ts";
import { createLog } from "../../observe/log.ts";
import { Hooks } from "./hooks.ts";

const paths = `paths:
  robot1/*:
    graceTime: 1 m
    runOnInit: sh -c 'echo init $MTX_PATH $RTSP_PATH $RTSP_PORT; exec sleep 100'
    runOnReady: sh -c 'echo ready $G1 $MTX_SOURCE_TYPE $MTX_SOURCE_ID; exec sleep 100'
    runOnNotReady: echo not ready $G1
    runOnOnline: echo online $MTX_SOURCE_ID
    runOnOffline: echo offline $MTX_SOURCE_ID
    runOnRead: echo read $MTX_READER_TYPE $MTX_READER_ID $MTX_QUERY
    runOnUnread: echo unread $MTX_READER_ID
  named: { runOnInit: echo begins with the relay }
`;

/** Hooks of a hub that the test feeds, and what their commands say. */
async function start() {
	const room = await startControl(`access: { anonymous: [read] }\n${paths}`);
	const config = parseYaml(
		`${paths}hooks: { runOnConnect: echo came $MTX_CONN_TYPE $MTX_CONN_ID, runOnDisconnect: echo went $MTX_CONN_ID }`,
		"t.yml",
		relaySchema,
	);
	const said: string[] = [];
	let wake = (): void => undefined;
	const write = (line: string): void => {
		const { msg, hook, level } = JSON.parse(line) as { msg: string; hook?: string; level: string };
		if (hook !== undefined && level === "info") said.push(msg);
		wake();
	};
	const hooks = new Hooks(config, room.hub, createLog({ level: "info", file: "", format: "json" }, { write }));
	hooks.start(8554);
	return {
		hub: room.hub,
		hooks,
		said,
		async until(text: string): Promise<void> {
			while (!said.includes(text)) await new Promise<void>((resolve) => (wake = resolve));
		},
		async [Symbol.asyncDispose]() {
			await hooks.close();
			await room[Symbol.asyncDispose]();
		},
	};
}

test("a path's life, in the words of its commands", { timeout: 20_000 }, async () => {
	await using room = await start();
	await room.until("begins with the relay");
	const first = publishTo(room.hub, "robot1/front");
	first.feed(1);
	await room.until("init robot1/front robot1/front 8554");
	await room.until("ready front rtspSession id-robot1/front");
	await room.until("online id-robot1/front");
	const forward = { type: "forward", id: "f1", remoteAddress: "", user: "", passive: true };
	room.hub.read(parsePathName("robot1/front")!, [0], forward, { onEnd: () => undefined });
	const info = { type: "webRTCSession", id: "r1", remoteAddress: "", user: "", query: "a=1&token=t" };
	const reader = room.hub.read(parsePathName("robot1/front")!, [0], info, { onEnd: () => undefined });
	await room.until("read webRTCSession r1 a%3D1");
	first.publication.close("gone");
	await room.until("offline id-robot1/front");
	assert.ok(!room.said.includes("not ready front"), "the reader waits for the next publisher");
	publishTo(room.hub, "robot1/front");
	reader.leave();
	await room.until("unread r1");
	room.hub.close("the test is over");
	await room.until("not ready front");
	assert.equal(room.said.filter((line) => line.startsWith("ready")).length, 1);
	assert.deepEqual(
		room.said.filter((line) => / f1/.test(line)),
		[],
		"a forward is no reader to hooks",
	);
	assert.equal(room.said.filter((line) => line.startsWith("online")).length, 2);
});

test("clients that come and go", { timeout: 10_000 }, async () => {
	await using room = await start();
	const gone = room.hooks.connected("rtspConn", "c1");
	await room.until("came rtspConn c1");
	gone();
	await room.until("went c1");
});

test("commands that tell of an end still run when the relay ends", { timeout: 10_000 }, async () => {
	const room = await start();
	publishTo(room.hub, "robot1/a");
	await room.until("ready a rtspSession id-robot1/a");
	room.hub.close("the relay is going down");
	await room[Symbol.asyncDispose]();
	assert.ok(room.said.includes("not ready a") && room.said.includes("offline id-robot1/a"), room.said.join("\n"));
});
