import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { after, describe, it } from "node:test";
import { browserCheck } from "../../../test/browser/whep-check.ts";
import { startRoom, until, type WhepRoom } from "../../../test/browser/whep-room.ts";
import { skipFor } from "../../../test/support/peers.ts";
import { h264Track } from "../../../test/support/tracks.ts";
import type { Publication } from "../../hub/path.ts";
import { parsePathName } from "../../media/path-name.ts";
import type { Track } from "../../media/track.ts";
import { isRtcp } from "../../wire/rtcp.ts";
import { rtpSequence, rtpTimestamp, writeRtpHeader } from "../../wire/rtp.ts";
import { publishWhip, pullWhep, releaseWebRtc } from "./client.ts";
import { webRtcUnavailable } from "./server.ts";

const h264 = h264Track("packetization-mode=1;profile-level-id=42c01f");

/** One access unit of three packets; the first unit is a key frame. */
function unit(number: number): Buffer[] {
	return [0, 1, 2].map((part) => {
		const packet = Buffer.alloc(112, number);
		writeRtpHeader(packet, 0, 96, part === 2, (number * 3 + part) & 0xffff, number * 3000, 7);
		packet[12] = number === 0 ? 0x65 : 0x41;
		return packet;
	});
}

/** Publishes by hand. */
function camera(room: WhepRoom, path = "cam"): { publication: Publication; send(units: number): void } {
	const info = { type: "rtspSession", id: "camera", remoteAddress: "192.0.2.1:1", identity: "camera" };
	const publication = room.hub.publish(parsePathName(path)!, [h264], info, { onEnd: () => {} });
	let number = 0;
	const send = (units: number) => {
		for (let i = 0; i < units; i++) {
			for (const packet of unit(number)) publication.packet(0, packet, 0, packet.length);
			number++;
		}
	};
	return { publication, send };
}

const fingerprint = Array.from({ length: 32 }, () => "AB").join(":");
const offerText = (more = "a=recvonly") => `v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=fingerprint:sha-256 ${fingerprint}
a=setup:actpass
a=ice-ufrag:them
a=ice-pwd:themthemthemthemthemthem
m=video 9 UDP/TLS/RTP/SAVPF 96
a=mid:0
a=rtcp-mux
${more}
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;profile-level-id=42e01f
`;

async function send(room: WhepRoom, method: string, path: string, body = "", headers: Record<string, string> = {}) {
	const response = await fetch(`${room.url}${path}`, { method, headers, ...(method === "DELETE" ? {} : { body }) });
	return { status: response.status, text: await response.text(), headers: response.headers };
}

const skip = skipFor(webRtcUnavailable());

describe("libdatachannel", { skip, timeout: 30_000 }, () => {
	after(releaseWebRtc);

	for (const threads of [0, 1]) {
		it(`plays from the last key frame on, with ${threads} sender threads`, async (t) => {
			await using room = await startRoom({}, { threads });
			const source = camera(room);
			source.send(5);
			const seen: Buffer[] = [];
			const stop = new AbortController();
			t.after(() => stop.abort());
			const codecs = new Set<string | undefined>();
			let tracks: readonly Track[] = [];
			const onTracks = (answered: readonly Track[]): void => {
				tracks = answered;
			};
			const pulling = await pullWhep(`${room.url}/cam/whep`, { signal: stop.signal, onTracks }, (track, packet) => {
				codecs.add(tracks[track]?.codec);
				if (!isRtcp(packet)) seen.push(Buffer.from(packet));
			});
			await until("the burst", () => seen.length >= 15);
			source.send(5);
			await until("the live edge", () => seen.length >= 30);
			assert.deepEqual([...codecs], ["h264"], "the track is known from the first packet on");
			assert.deepEqual(
				seen.map((packet) => rtpSequence(packet, 0)),
				seen.map((_, index) => 1000 + index),
			);
			assert.deepEqual(
				seen.map((packet) => packet.subarray(12)),
				Array.from({ length: 10 }, (_, number) => unit(number).map((packet) => packet.subarray(12))).flat(),
			);
			assert.equal((rtpTimestamp(seen[29]!, 0) - rtpTimestamp(seen[0]!, 0)) >>> 0, 9 * 3000);
			const [item] = room.server.list();
			const [reader] = room.hub.path(parsePathName("cam")!)?.stream?.readers ?? [];
			// Where the offer came from, not where the pictures go: that has a port.
			assert.equal(reader?.info.remoteAddress, "127.0.0.1");
			assert.equal(item?.id, reader?.info.id);
			assert.equal((await fetch(`${room.url}/cam/whep/${item?.id}`, { method: "DELETE" })).status, 404);
			assert.equal(room.server.list().length, 1, "a name in a list gives no right to end a session");
			assert.equal(item?.outboundRTPPackets, 30);
			assert.equal(item?.state, "read");
			pulling.close();
			await until("the end", () => room.server.list().length === 0);
			assert.equal(room.server.handshakes, 0);
		});
	}

	it("hears goodbye when the session is ended here", async (t) => {
		await using room = await startRoom();
		camera(room).send(2);
		const stop = new AbortController();
		t.after(() => stop.abort());
		const pulling = await pullWhep(`${room.url}/cam/whep`, { signal: stop.signal }, () => {});
		assert.ok(room.server.kick(String(room.server.list()[0]?.id)));
		assert.match(await pulling.closed, /closed|disconnected|failed/);
		assert.match(room.lines.join(""), /ended by the control API/);
	});

	it("publishes, is asked for key frames, and its packets reach a viewer", async (t) => {
		await using room = await startRoom();
		const stop = new AbortController();
		t.after(() => stop.abort());
		const control: Uint8Array[] = [];
		const sending = await publishWhip(
			`${room.url}/cam/whip`,
			[{ track: h264, ssrc: 77 }],
			{ signal: stop.signal },
			(packet) => {
				control.push(Uint8Array.from(packet));
			},
		);
		const push = (number: number) => {
			for (const packet of unit(number)) {
				packet.writeUInt32BE(77, 8);
				sending.send(packet);
			}
		};
		// Nothing of use yet: the publisher is asked for a key frame, and again until one comes.
		push(1);
		await until("a packet", () => room.server.list()[0]?.inboundRTPPackets === 3);
		await until("a request", () => control.some((packet) => packet[1] === 206 && (packet[0]! & 31) === 1));
		const stream = room.hub.path(parsePathName("cam")!)?.stream;
		for (const packet of unit(2)) {
			packet.writeUInt32BE(77, 8);
			packet[12] = 0x65;
			sending.send(packet);
		}
		await until("a key frame", () => (stream?.ring.join ?? -1) >= 0);
		const seen: number[] = [];
		await pullWhep(`${room.url}/cam/whep`, { signal: stop.signal }, (_, packet) => {
			if (!isRtcp(packet)) seen.push(packet[12]!);
		});
		push(3);
		await until("both pictures", () => seen.length >= 6);
		assert.deepEqual(seen, [0x65, 0x65, 0x65, 0x41, 0x41, 0x41]);
		stop.abort();
		await until("the end", () => room.server.list().length === 0);
	});
});

describe("requests", { skip }, () => {
	it("are refused with the right status", async () => {
		await using room = await startRoom({ maxSessions: 1 });
		assert.equal((await send(room, "POST", "/cam/whep", offerText())).status, 404);
		camera(room).send(1);
		assert.equal((await send(room, "POST", "/cam/whep", "hello")).status, 400);
		assert.equal((await send(room, "POST", "/cam/whep", offerText().replace("H264", "FOO"))).status, 422);
		assert.equal((await send(room, "POST", "/cam/whep", offerText().replace("ice-pwd", "x"))).status, 400);
		assert.equal((await send(room, "POST", "/new/whip", offerText("a=sendonly").replace("H264", "FOO"))).status, 422);
		assert.equal(room.hub.path(parsePathName("new")!), undefined);
		assert.equal((await send(room, "POST", "/cam/whep", offerText())).status, 201);
		assert.equal((await send(room, "POST", "/cam/whep", offerText())).status, 503);
	});

	it("that waited for a camera together are no more than there may be", async () => {
		await using room = await startRoom({ maxSessions: 1 });
		const { demand } = room.hub;
		const path = parsePathName("cam")!;
		demand.drive(path, { kind: "command", open: () => ({ start: () => {}, stop: () => {} }) });
		const offers = [1, 2].map(() => send(room, "POST", "/cam/whep", offerText()));
		await until("both wait", () => demand.get(path)?.waiting === 2);
		camera(room).send(1);
		const statuses = (await Promise.all(offers)).map(({ status }) => status);
		assert.deepEqual(statuses.sort(), [201, 503]);
	});

	it("change a session only with its ETag", async () => {
		await using room = await startRoom();
		camera(room).send(1);
		const made = await send(room, "POST", "/cam/whep", offerText());
		const location = made.headers.get("Location")!;
		const etag = made.headers.get("ETag")!;
		const trickle =
			"a=ice-ufrag:them\r\na=ice-pwd:themthemthemthemthemthem\r\nm=video 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n";
		const restart = "a=ice-ufrag:anew\r\na=ice-pwd:anewanewanewanewanewanew\r\n";
		const patch = (body: string, headers: Record<string, string>) => send(room, "PATCH", location, body, headers);
		assert.equal((await patch(trickle, {})).status, 428);
		assert.equal((await patch(trickle, { "If-Match": '"other"' })).status, 412);
		assert.equal((await patch(trickle, { "If-Match": etag })).status, 204);
		assert.equal((await patch("a=ice-ufrag:anew\r\n", { "If-Match": "*" })).status, 400);
		const restarted = await patch(restart, { "If-Match": "*" });
		assert.equal(restarted.status, 200);
		assert.notEqual(restarted.headers.get("ETag"), etag);
		assert.match(restarted.text, /a=ice-ufrag:\S+\r\na=ice-pwd:\S{22,}\r\na=candidate:1 1 udp /);
		assert.equal((await patch(trickle, { "If-Match": etag })).status, 412);
		assert.equal(
			(await send(room, "PATCH", location.replace("cam", "other"), trickle, { "If-Match": "*" })).status,
			404,
		);
		assert.equal((await send(room, "DELETE", location.replace("whep", "whip"))).status, 404);
		assert.equal((await send(room, "DELETE", location)).status, 200);
		assert.equal((await send(room, "DELETE", location)).status, 404);
	});
});

/** A peer of bytes only: it knows the credentials, and nothing else. */
async function rawPeer(room: WhepRoom): Promise<{ socket: Socket; got: Buffer[]; send(bytes: Uint8Array): void }> {
	const socket = createSocket("udp4");
	socket.bind(0, "127.0.0.1");
	await once(socket, "listening");
	const got: Buffer[] = [];
	socket.on("message", (bytes) => got.push(bytes));
	return { socket, got, send: (bytes) => socket.send(bytes, room.server.ports[0]!, "127.0.0.1") };
}

describe("the port", { skip, timeout: 20_000 }, () => {
	it("sends an address that answers no check nothing but STUN, and gives up", async () => {
		await using room = await startRoom({ handshakeTimeout: 700 });
		camera(room).send(1);
		const { text } = await send(room, "POST", "/cam/whep", offerText());
		const pick = (name: string) => new RegExp(`a=${name}:(\\S+)`).exec(text)![1]!;
		const peer = await rawPeer(room);
		peer.send(browserCheck({ username: `${pick("ice-ufrag")}:them`, password: pick("ice-pwd") }));
		await until("the answer and a check", () => peer.got.length >= 2);
		// The head of a DTLS ClientHello.
		for (let i = 0; i < 10; i++) peer.send(Uint8Array.from([22, 254, 255, 0, 0, 0, 0, 0, 0, 0, i, 0, 1, 1]));
		await until("the end", () => room.server.list().length === 0);
		assert.ok(peer.got.every((bytes) => bytes[0]! < 4));
		assert.match(room.lines.join(""), /answered no check of ours/);
		assert.equal(room.server.handshakes, 0);
		peer.socket.close();
	});

	it("stays silent to noise, to strangers and to those without the password", async () => {
		await using room = await startRoom({ handshakeTimeout: 1_500 });
		camera(room).send(1);
		const { text } = await send(room, "POST", "/cam/whep", offerText());
		const ufrag = /a=ice-ufrag:(\S+)/.exec(text)![1]!;
		const peer = await rawPeer(room);
		peer.send(browserCheck({ username: `${ufrag}:them`, password: "wrong" }));
		peer.send(browserCheck({ username: "nobody:them", password: "wrong" }));
		let seed = 11;
		for (let i = 0; i < 300; i++) {
			seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
			const noise = Buffer.alloc(seed % 1400, seed >>> 8);
			if (noise.length > 0) noise[0] = seed >>> 16;
			peer.send(noise);
		}
		await until("strays", () => room.server.strays > 100);
		assert.equal(peer.got.length, 0);
		await until("the end", () => room.server.list().length === 0);
		assert.match(room.lines.join(""), /no ICE check arrived/);
		peer.socket.close();
	});
});
