import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AUDIO_PID, adts, annexB, h264, TsWriter, VIDEO_PID } from "../../../test/support/mpegts.ts";
import { pathSettings } from "../../config/path-schema.ts";
import { Hub } from "../../hub/hub.ts";
import type { Frame } from "../../media/frame.ts";
import { parsePathName } from "../../media/path-name.ts";
import { Pool } from "../../net/pool.ts";
import { MpegTsReceiver } from "./receiver.ts";

const camera = parsePathName("camera")!;
const FRIEND = "192.0.2.1";

/** A source at work, without sockets, on a clock that goes on when it is told to. */
class Room {
	time = 1000;
	strays = 0;
	readonly left: string[] = [];
	readonly refusals: string[] = [];
	readonly log: string[] = [];
	readonly hub: Hub;
	readonly receiver: MpegTsReceiver;
	readonly #writer = new TsWriter();
	#pictures = 0;

	constructor() {
		const settings = pathSettings.parse({});
		const clock = { now: () => this.time, unix: () => this.time, after: () => () => undefined };
		const pool = new Pool(16 * 1024 * 1024);
		this.hub = new Hub({ pool, clock, maxPaths: 10, settings: () => ({ key: "camera", settings }) });
		this.hub.listen((event) => this.log.push(event.at));
		this.receiver = new MpegTsReceiver(this.hub, camera, 100_000, (address) => address !== "198.51.100.9", {
			onStray: () => this.strays++,
			onRefused: (reason) => this.refusals.push(reason),
			onLeftOut: (names) => this.left.push(...names),
		});
	}

	/** Tables, one block of sound and a key picture, as one datagram; `later` than the one before by so many pictures. */
	picture(from = FRIEND, later = 1): void {
		const entries = [
			{ type: 27, pid: VIDEO_PID },
			{ type: 15, pid: AUDIO_PID },
			{ type: 3, pid: 0x102 },
		];
		this.#pictures += later;
		const pts = 90_000 + this.#pictures * 3000;
		const sound = this.#writer.pes(AUDIO_PID, pts, adts(Buffer.alloc(20, 1)), true);
		const picture = this.#writer.pes(VIDEO_PID, pts, annexB(h264.sps, h264.pps, h264.key));
		this.receiver.datagram(Buffer.concat([this.#writer.tables(entries), sound, picture]), from, 4000);
	}
}

suite("MPEG-TS over UDP", () => {
	test("frames of picture and sound come into the hub; what is left out is named", () => {
		const room = new Room();
		for (let i = 0; i < 3; i++) room.picture();
		const path = room.hub.path(camera);
		assert.equal(path?.publication?.info.type, "mpegtsSource");
		assert.deepEqual(
			path?.stream?.tracks.map(({ codec, payloadType }) => `${codec} ${payloadType}`),
			["h264 96", "aac 97"],
		);
		assert.deepEqual(room.left, ["MP3"]);
		const frames: Frame[] = [];
		path?.stream?.frames((frame) => frames.push(frame));
		room.picture();
		assert.deepEqual(frames.at(-1)?.units, [h264.sps, h264.pps, h264.key]);
	});

	test("sound and picture keep together: their clocks tell one time", () => {
		const room = new Room();
		for (let i = 0; i < 4; i++) room.picture();
		const stream = room.hub.path(camera)!.stream!;
		const info = { type: "test", id: "reader", remoteAddress: "", user: "" };
		room.hub.read(camera, [0, 1], info, { onPackets: () => undefined, onEnd: (reason) => assert.fail(reason) });
		room.time += 1000;
		for (let i = 0; i < 2; i++) room.picture();
		const [picture, sound] = [0, 1].map((track) => stream.clock(track, room.time)!);
		const apart = picture!.timestamp / 90 - picture!.unixMs - (sound!.timestamp / 44.1 - sound!.unixMs);
		assert.ok(Math.abs(apart) < 1, `${apart} ms`);
	});

	test("packets of an address that is not allowed change nothing, nor does what is no transport stream", () => {
		const room = new Room();
		room.picture("198.51.100.9");
		room.receiver.datagram(Buffer.from("hello"), FRIEND, 4000);
		assert.equal(room.strays, 2);
		assert.equal(room.hub.path(camera), undefined);
		for (let i = 0; i < 2; i++) room.picture();
		room.picture("198.51.100.9");
		room.picture("192.0.2.2");
		assert.equal(room.strays, 4);
		assert.equal(room.hub.path(camera)?.publication?.info.remoteAddress, FRIEND);
	});

	test("pictures in the order of decoding: the stream is known to have B-frames before anybody reads it", () => {
		const room = new Room();
		for (let i = 0; i < 3; i++) room.picture();
		assert.equal(room.hub.path(camera)?.stream?.intakes[0]?.reordered, false);
		room.picture(FRIEND, 3);
		room.picture(FRIEND, -2);
		room.picture(FRIEND, 1);
		assert.equal(room.hub.path(camera)?.stream?.intakes[0]?.reordered, true);
	});

	test("silence ends the publication, and the next packets begin it again", () => {
		const room = new Room();
		for (let i = 0; i < 2; i++) room.picture();
		room.time += 6000;
		room.receiver.tick(room.time);
		assert.equal(room.hub.path(camera), undefined);
		for (let i = 0; i < 2; i++) room.picture("192.0.2.2");
		assert.deepEqual(room.log, ["published", "unpublished", "published"]);
	});

	test("where somebody else publishes, the hub is asked once a second", () => {
		const room = new Room();
		const track = {
			kind: "video",
			codec: "h264",
			encoding: "H264",
			clockRate: 90_000,
			channels: 0,
			payloadType: 96,
			fmtp: "",
		} as const;
		const info = { type: "rtspSession", id: "other", remoteAddress: "", identity: "other" };
		const other = room.hub.publish(camera, [track], info, { onEnd: () => undefined });
		for (let i = 0; i < 30; i++) room.picture();
		assert.equal(room.refusals.length, 1);
		other.close("gone");
		room.time += 1000;
		for (let i = 0; i < 2; i++) room.picture();
		assert.equal(room.hub.path(camera)?.publication?.info.type, "mpegtsSource");
	});
});
