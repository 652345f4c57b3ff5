import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { startTestRelay } from "../../../test/support/relay.ts";
import { writeRtpHeader } from "../../wire/rtp.ts";
import { FrameCounter, overRtsp, playBack } from "./check.ts";

const sdp = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r
a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:trackID=0\r\n`;

/** A key frame of one packet, interleaved on channel 0 (RFC 2326 section 10.12). */
function keyFrame(): Buffer {
	const bytes = Buffer.alloc(4 + 12 + 20, 0x65);
	bytes.set([0x24, 0, 0, bytes.length - 4]);
	writeRtpHeader(bytes, 4, 96, true, 1, 3000, 7);
	return bytes;
}

/** The answer to a request; to PLAY the first picture comes in the same piece. */
function answer(socket: Socket, request: string): void {
	const method = /^\w+/.exec(request)?.[0] ?? "";
	const sequence = /^CSeq: *(\d+)/im.exec(request)?.[1];
	const more: Readonly<Record<string, string>> = {
		OPTIONS: "Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n",
		DESCRIBE: `Content-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`,
		SETUP: "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n",
	};
	const head = `RTSP/1.0 200 OK\r\nCSeq: ${sequence}\r\n${more[method] ?? "Session: 1\r\n\r\n"}`;
	socket.write(Buffer.concat([Buffer.from(head), method === "PLAY" ? keyFrame() : Buffer.alloc(0)]));
}

async function quickServer(): Promise<Server> {
	const server = createServer((socket) => {
		socket.on("data", (request) => answer(socket, request.toString("latin1")));
		socket.on("error", () => undefined);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return server;
}

test("a picture that comes together with the answer to PLAY is the first frame", { timeout: 10_000 }, async (t) => {
	const server = await quickServer();
	t.after(() => server.close());
	const counter = new FrameCounter();
	const url = `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}/camera`;
	const player = await overRtsp(url, "tcp")(counter, t.signal);
	assert.equal(counter.frames, 1);
	player.close();
});

test("where no robot sends, the check fails with the way and the reason", { timeout: 20_000 }, async () => {
	await using relay = await startTestRelay();
	const playing = playBack(`${relay.rtspUrl}/camera`, `${relay.httpUrl}/camera/whep`);
	await assert.rejects(playing, /^Error: RTSP over TCP: .*404/);
});
