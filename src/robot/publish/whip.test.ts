import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, type TestContext, test } from "node:test";
import { PeerConnection, RtcpReceivingSession, type Track as RtcTrack } from "node-datachannel";
import { releaseWebRtc } from "../../protocols/webrtc/client.ts";
import { rtpMarker, rtpPayloadType, rtpTimestamp } from "../../wire/rtp.ts";
import { videoTrack } from "../capture/units.ts";
import { openWhip } from "./whip.ts";

const track = videoTrack("packetization-mode=1;profile-level-id=42c01f;sprop-parameter-sets=Z0LAH9oBQBbs,aM48gA==");

after(releaseWebRtc);

interface Peer {
	readonly url: string;
	readonly requests: { method: string; url: string; authorization: string | undefined }[];
	readonly offers: string[];
	readonly packets: Buffer[];
	line(): RtcTrack;
	hangUp(): void;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
	let text = "";
	for await (const chunk of request) text += String(chunk);
	return text;
}

/** A WHIP server of a few lines, with libdatachannel on the other side. */
async function whipServer(t: TestContext, status = 201): Promise<Peer> {
	const peer = new PeerConnection("server", { iceServers: [] });
	const packets: Buffer[] = [];
	const requests: Peer["requests"] = [];
	const offers: string[] = [];
	const lines: RtcTrack[] = [];
	peer.onTrack((line) => {
		lines.push(line);
		line.setMediaHandler(new RtcpReceivingSession());
		line.onMessage((packet) => packets.push(packet));
	});
	const server: Server = createServer(async (request, response) => {
		const { method = "", url = "" } = request;
		requests.push({ method, url, authorization: request.headers.authorization });
		const body = await bodyOf(request);
		if (status !== 201 || method !== "POST") return response.writeHead(method === "POST" ? status : 200).end("no");
		offers.push(body);
		peer.onGatheringStateChange((state) => {
			if (state !== "complete") return;
			response.writeHead(201, { "content-type": "application/sdp", location: "/session/1" });
			response.end(peer.localDescription()?.sdp);
		});
		// Behaves like an ICE-lite server: sends no checks of its own and takes DTLS's passive side.
		const lite = body.replace(/a=(candidate|end-of-candidates).*\r\n/g, "");
		peer.setRemoteDescription(lite.replace("a=setup:actpass", "a=setup:active"), "offer");
		return undefined;
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => {
		peer.close();
		server.close();
		server.closeAllConnections();
	});
	const { port } = server.address() as AddressInfo;
	const url = `http://robot:s%C3%A9cret@127.0.0.1:${port}/camera/whip`;
	return { url, requests, offers, packets, line: () => lines[0]!, hangUp: () => peer.close() };
}

async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("WHIP: frames arrive as RTP, a key frame can be asked for, DELETE ends it", { timeout: 20_000 }, async (t) => {
	const server = await whipServer(t);
	let asked = 0;
	const publisher = await openWhip(server.url, [track], {
		token: "",
		transport: "tcp",
		signal: new AbortController().signal,
		onKeyFrameRequest: () => {
			asked += 1;
		},
	});
	const slice = Buffer.alloc(5000, 7);
	slice[0] = 0x65;
	for (let n = 0; n < 3; n++) publisher.write({ track: 0, pts: n * 3000, key: true, units: [slice], capturedAt: 0 });
	await until(() => server.packets.filter((packet) => rtpMarker(packet, 0)).length >= 3);
	const timestamps = new Set(server.packets.map((packet) => rtpTimestamp(packet, 0)));
	assert.equal(timestamps.size, 3);
	assert.equal(rtpPayloadType(server.packets[0]!, 0), 96);
	assert.equal(publisher.pending, 0);
	assert.match(server.offers[0]!, /a=sendonly/);
	assert.match(server.offers[0]!, /profile-level-id=42c01f;packetization-mode=1/);
	server.line().requestKeyframe();
	await until(() => asked > 0);
	publisher.close();
	await until(() => server.requests.length === 2);
	const authorization = `Basic ${Buffer.from("robot:sécret").toString("base64")}`;
	assert.deepEqual(server.requests, [
		{ method: "POST", url: "/camera/whip", authorization },
		{ method: "DELETE", url: "/session/1", authorization },
	]);
	assert.match(await publisher.closed, /closed/);
});

test("WHIP: a server that falls silent ends the publisher with a reason", { timeout: 20_000 }, async (t) => {
	const server = await whipServer(t);
	const signal = new AbortController().signal;
	const options = { token: "", transport: "tcp", signal, silenceMs: 1600, onKeyFrameRequest() {} } as const;
	const publisher = await openWhip(server.url, [track], options);
	let n = 0;
	const timer = setInterval(() => {
		n += 1;
		publisher.write({ track: 0, pts: n * 3000, key: true, units: [Buffer.from([0x65, 1])], capturedAt: 0 });
	}, 33);
	t.after(() => clearInterval(timer));
	await until(() => server.packets.length > 40);
	server.hangUp();
	assert.match(await publisher.closed, /silent for 1.6 s|the connection is/);
});

test("WHIP: a refusal is told with its status", async (t) => {
	const server = await whipServer(t, 403);
	const options = {
		token: "",
		transport: "tcp",
		signal: new AbortController().signal,
		onKeyFrameRequest() {},
	} as const;
	await assert.rejects(openWhip(server.url, [track], options), /the server answered 403 no/);
});
