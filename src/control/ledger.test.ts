import assert from "node:assert/strict";
import { test } from "node:test";
import { pathSettings } from "../config/path-schema.ts";
import { Hub } from "../hub/hub.ts";
import type { Publication } from "../hub/path.ts";
import { parsePathName } from "../media/path-name.ts";
import type { Track } from "../media/track.ts";
import { Pool } from "../net/pool.ts";
import { writeRtpHeader } from "../wire/rtp.ts";
import { Ledger } from "./ledger.ts";
import { streamView } from "./stream-view.ts";

const camera = parsePathName("camera")!;
const video: Track = {
	kind: "video",
	codec: "vp8",
	encoding: "VP8",
	clockRate: 90_000,
	channels: 0,
	payloadType: 96,
	fmtp: "",
};
const audio: Track = { ...video, kind: "audio", codec: "opus", encoding: "opus", clockRate: 48_000, payloadType: 97 };

/** A hub and its ledger, with a clock that goes on when it is told to. */
function setUp() {
	const clock = { time: 1000, now: () => clock.time, unix: () => 1e12 + clock.time, after: () => () => undefined };
	const settings = { key: "all_others", settings: pathSettings.parse({}) };
	const hub = new Hub({ pool: new Pool(16 * 1024 * 1024), clock, maxPaths: 10, settings: () => settings });
	const ledger = new Ledger(hub);
	const publish = (tracks: readonly Track[]): Publication => {
		const info = { type: "rtspSession", id: "p", remoteAddress: "192.0.2.1:1", identity: "user robot1" };
		return hub.publish(camera, tracks, info, { onEnd: () => undefined });
	};
	return { clock, hub, ledger, publish };
}

/** One packet of 200 bytes that is a whole picture, and a VP8 key frame. */
function send(publication: Publication, sequence: number, timestamp: number, payloadType = 96): void {
	const packet = Buffer.alloc(200);
	writeRtpHeader(packet, 0, payloadType, true, sequence, timestamp, 7);
	packet[12] = 0x10;
	publication.packet(payloadType - 96, packet, 0, packet.length);
}

test("rates are those of the last second, pictures by their own timestamps", (t) => {
	const { clock, hub, ledger, publish } = setUp();
	t.after(() => ledger.close());
	const publication = publish([video, audio]);
	const path = hub.path(camera)!;
	send(publication, 0, 0);
	ledger.sample();
	assert.deepEqual(ledger.rates(path), { bitrate: 0, fps: [null, null] });
	for (let n = 1; n <= 25; n++) {
		clock.time += 40;
		send(publication, n, n * 3600);
		send(publication, n, n * 960, 97);
	}
	ledger.sample();
	assert.deepEqual(ledger.rates(path), { bitrate: 50 * 200 * 8, fps: [25, null] });
	clock.time += 100;
	ledger.sample();
	assert.equal(ledger.rates(path)?.bitrate, 80_000, "a sample too soon after another is left out");
	clock.time += 2000;
	ledger.sample();
	assert.deepEqual(ledger.rates(path), { bitrate: 0, fps: [null, null] });
	assert.equal(streamView(hub, ledger, path, undefined).state, "stalled");
	publication.close("gone");
	assert.equal(ledger.rates(path), undefined);
});

test("sums go on over streams and readers that come and go", (t) => {
	const { hub, ledger, publish } = setUp();
	t.after(() => ledger.close());
	const info = { type: "rtspSession", id: "r", remoteAddress: "192.0.2.2:2", user: "" };
	const first = publish([video]);
	send(first, 0, 0);
	const reader = hub.read(camera, [0], info, { onEnd: () => undefined });
	reader.counters.bytes = 200;
	reader.counters.packets = 1;
	assert.equal(ledger.bytesOut(first.stream), 200);
	const second = publish([video, audio]);
	assert.equal(reader.active, false, "other tracks end the readers");
	assert.notEqual(second.stream, first.stream);
	send(second, 0, 0);
	send(second, 0, 0, 97);
	const { receivedBytes, receivedPackets, sentBytes, sentPackets, joins } = ledger.totals();
	assert.deepEqual(
		{ receivedBytes, receivedPackets, sentBytes, sentPackets, joins },
		{ receivedBytes: 600, receivedPackets: 3, sentBytes: 200, sentPackets: 1, joins: 1 },
	);
	assert.equal(ledger.bytesOut(first.stream), 200);
	assert.equal(ledger.bytesOut(second.stream), 0);
	second.close("gone");
	assert.equal(ledger.totals().receivedBytes, 600);
});
