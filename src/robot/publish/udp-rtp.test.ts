import assert from "node:assert/strict";
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { isRtcp, parseRtcp } from "../../wire/rtcp.ts";
import { writePictureLoss } from "../../wire/rtcp-write.ts";
import { rtpMarker, rtpPayloadType, rtpSsrc } from "../../wire/rtp.ts";
import { videoTrack } from "../capture/units.ts";
import { openUdpRtp } from "./udp-rtp.ts";

test("publishing by plain RTP: packets, a request for a key frame, a goodbye", { timeout: 5000 }, async () => {
	const relay = createSocket("udp4").bind(0, "127.0.0.1");
	await once(relay, "listening");
	const next = (): Promise<[Buffer, RemoteInfo]> => once(relay, "message") as Promise<[Buffer, RemoteInfo]>;
	const asked = Promise.withResolvers<void>();
	const publisher = await openUdpRtp(`udp+rtp://127.0.0.1:${relay.address().port}`, [videoTrack("")], {
		transport: "udp",
		signal: new AbortController().signal,
		onKeyFrameRequest: asked.resolve,
	});
	const report = next();
	publisher.write({ track: 0, pts: 0, key: true, units: [Uint8Array.of(0x65, 1, 2)] });
	assert.equal(parseRtcp((await report)[0])?.[0]?.kind, "senderReport");
	const [packet, from] = await next();
	assert.ok(!isRtcp(packet) && rtpMarker(packet, 0));
	assert.equal(rtpPayloadType(packet, 0), 96);
	relay.send(writePictureLoss(1, rtpSsrc(packet, 0)), from.port, from.address);
	await asked.promise;
	const goodbye = next();
	publisher.close();
	assert.deepEqual(parseRtcp((await goodbye)[0])?.at(-1), { kind: "bye", ssrcs: [rtpSsrc(packet, 0)] });
	assert.equal(await publisher.closed, "the robot leaves");
	publisher.write({ track: 0, pts: 3000, key: false, units: [Uint8Array.of(0x41, 1)] });
	assert.equal(publisher.pending, 0);
	relay.close();
});
