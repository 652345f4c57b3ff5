import assert from "node:assert/strict";
import { test } from "node:test";
import { pathSettings } from "../../src/config/path-schema.ts";
import { Hub } from "../../src/hub/hub.ts";
import { Refused } from "../../src/hub/refused.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import { Pool } from "../../src/net/pool.ts";
import { AmfError } from "../../src/protocols/rtmp/amf0.ts";
import { readCommand } from "../../src/protocols/rtmp/command.ts";
import { Ingest } from "../../src/protocols/rtmp/ingest.ts";
import { AUDIO, RtmpError, VIDEO } from "../../src/protocols/rtmp/message.ts";
import { type SessionState, step } from "../../src/protocols/rtmp/session.ts";
import { mutated, randomOf } from "./mutate.ts";
import { audioTags, commands, videoTags } from "./targets/rtmp.ts";

/*
 * What several messages after each other do. Single messages: `targets/rtmp.ts`.
 */

const random = randomOf(1935);

const isOurs = (error: unknown): boolean =>
	error instanceof RtmpError || error instanceof AmfError || error instanceof Refused;

function allowed(work: () => void): void {
	try {
		work();
	} catch (error) {
		if (!isOurs(error)) throw error;
	}
}

/** The first two are what publishers begin with. */
const media = [
	...videoTags.map((body) => ({ type: VIDEO, body })),
	...audioTags.map((body) => ({ type: AUDIO, body })),
];

test("sessions: a state for everything that comes", () => {
	const bodies = commands.map(({ body }) => body);
	for (let i = 0; i < 20_000; i++) {
		let state: SessionState = { at: "new" };
		allowed(() => {
			for (let turn = random(5); turn >= 0; turn--) {
				const command = readCommand({ ...commands[random(commands.length)]!, body: mutated(bodies, random) });
				if (command) ({ state } = step(state, command));
				assert.ok(state.at);
			}
		});
	}
});

test("publishers: whatever they send, the hub and readers of packets and of frames go on", () => {
	const name = parsePathName("fuzz")!;
	const settings = pathSettings.parse({ maxFrameSize: "4 KiB" });
	let now = 0;
	const clock = { now: () => now, unix: () => now, after: () => () => undefined };
	const pool = new Pool(32 * 1024 * 1024);
	const hub = new Hub({ pool, clock, maxPaths: 10, settings: () => ({ key: "all_others", settings }) });
	const who = { type: "rtmpConn", id: "p", remoteAddress: "", identity: "p" };
	const reader = { type: "test", id: "r", remoteAddress: "", user: "" };
	let frames = 0;
	for (let i = 0; i < 2000; i++) {
		const ingest = new Ingest(hub, name, who, 10_000, () => undefined);
		allowed(() => {
			const turns = 2 + random(20);
			for (let turn = 0; turn < turns; turn++) {
				now += random(200);
				// Most begin as publishers do, so that what is wrong comes into a stream that lives.
				const { type, body: whole } = media[turn < 2 && i % 4 > 0 ? turn : random(media.length)]!;
				const body = random(3) === 0 ? mutated([whole], random) : whole;
				ingest.message({ type, stream: 1, timestamp: random(3) === 0 ? random(2 ** 32) : now, body }, now);
				ingest.tick(now);
				const stream = hub.path(name)?.stream;
				if (!stream || stream.readers.size > 1) continue;
				const all = [...stream.tracks.keys()];
				const onEnd = (): void => undefined;
				hub.read(name, all, reader, { onEnd, onPackets: (own, at) => own.take(at) && own.sent(own.to, 1, at) });
				hub.read(name, all, reader, { onEnd, onFrame: (own) => (frames += own.nextFrame() ? 1 : 0) });
			}
		});
		ingest.close("over");
		hub.close("over");
	}
	assert.ok(frames > 200, `${frames} frames`);
});
