import assert from "node:assert/strict";
import { after, it } from "node:test";
import { startRoom, until } from "../../../test/browser/whep-room.ts";
import { skipFor } from "../../../test/support/peers.ts";
import { h264Track } from "../../../test/support/tracks.ts";
import { Refused } from "../../hub/refused.ts";
import { parsePathName } from "../../media/path-name.ts";
import { writeRtpHeader } from "../../wire/rtp.ts";
import { releaseWebRtc } from "./client.ts";
import { pullIntoPath } from "./pull.ts";
import { webRtcUnavailable } from "./server.ts";

const PACKETS = 300;
const info = { type: "rtspSession", id: "camera", remoteAddress: "192.0.2.1:1", identity: "camera" };
const h264 = h264Track("packetization-mode=1;profile-level-id=42c01f");

after(releaseWebRtc);

it("loses nothing of what a server begins with", { skip: skipFor(webRtcUnavailable()), timeout: 30_000 }, async () => {
	await using room = await startRoom();
	const camera = room.hub.publish(parsePathName("cam")!, [h264], info, { onEnd: () => {} });
	for (let number = 0; number < PACKETS; number++) {
		const packet = Buffer.alloc(112, number === 0 ? 0x65 : 0x41);
		writeRtpHeader(packet, 0, 96, true, number, number * 3000, 7);
		camera.packet(0, packet, 0, packet.length);
	}
	const stop = new AbortController();
	const copy = parsePathName("copy")!;
	const pulled = pullIntoPath(room.hub, copy, `${room.url.replace("http", "whep")}/cam/whep`, stop.signal, () => {});
	await until("the whole burst", () => room.hub.path(copy)?.stream?.ring.head === PACKETS);
	const stream = room.hub.find(copy);
	assert.equal(stream.joinFor([0]), 0, "it begins with the key frame");
	stop.abort();
	assert.equal(await pulled, "closed by us");
});

it("leaves the server where the hub does not take the stream", {
	...{ skip: skipFor(webRtcUnavailable()), timeout: 30_000 },
}, async () => {
	await using room = await startRoom();
	room.hub.publish(parsePathName("cam")!, [h264], info, { onEnd: () => {} });
	const publish = (): never => {
		throw new Refused("in use", "somebody else publishes there");
	};
	const hub = Object.create(room.hub, { publish: { value: publish } });
	const signal = AbortSignal.timeout(20_000);
	const pulled = pullIntoPath(
		hub,
		parsePathName("copy")!,
		`${room.url.replace("http", "whep")}/cam/whep`,
		signal,
		() => {},
	);
	await assert.rejects(pulled, /somebody else publishes there/);
	await until("the server has no session left", () => room.server.list().length === 0);
});
