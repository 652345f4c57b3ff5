import assert from "node:assert/strict";
import { test } from "node:test";
import { h264Track, PARAMETER_SETS } from "../../test/support/tracks.ts";
import { pathSettings } from "../config/path-schema.ts";
import { parsePathName } from "../media/path-name.ts";
import { Pool } from "../net/pool.ts";
import { ENTRY_INFO, FLAG_KEY } from "../net/ring.ts";
import { Hub } from "./hub.ts";

const camera = parsePathName("camera")!;
const video = h264Track(PARAMETER_SETS);

test("of a publisher of frames, the first reader of packets joins at the key frame, and so does the next one", () => {
	const clock = { now: () => 1000, unix: () => 1_700_000_000_000, after: () => () => undefined };
	const settings = { key: "all_others", settings: pathSettings.parse({}) };
	const hub = new Hub({ pool: new Pool(16 * 1024 * 1024), clock, maxPaths: 10, settings: () => settings });
	const info = { type: "test", id: "1", remoteAddress: "192.0.2.1:1", identity: "robot", user: "robot" };
	const publication = hub.publish(camera, [video], info, { onEnd: () => undefined });
	const { stream } = publication;
	let count = 0;
	const feed = (pictures: number): void => {
		for (let i = 0; i < pictures; i++, count++) {
			const key = count === 0;
			publication.frame({ track: 0, pts: count * 3000, key, units: [Buffer.of(key ? 0x65 : 0x41, count)] });
		}
	};
	// As over UDP: a reader that is not called, and a fan-out that is there only after it.
	const joins = (pictures: number): void => {
		const reader = hub.read(camera, [0], info, { onEnd: () => undefined });
		const detach = stream.attach({ batch: () => undefined, close: () => undefined });
		const { words } = stream.ring.pool;
		assert.ok(((words[stream.ring.entry(reader.from) + ENTRY_INFO]! >>> 24) & FLAG_KEY) !== 0, "a key frame");
		assert.ok(reader.burstEnd - reader.from >= pictures, `${reader.burstEnd - reader.from} packets`);
		feed(2);
		detach();
		reader.leave();
	};
	feed(5);
	joins(5);
	feed(3);
	joins(10);
	hub.close("the test is over");
});
