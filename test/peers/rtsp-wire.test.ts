import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { suite, test } from "node:test";
import type { Stream } from "../../src/hub/stream.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import { distance16, distance32 } from "../../src/media/time.ts";
import { headerOf } from "../../src/protocols/rtsp/message.ts";
import { parseTransports } from "../../src/protocols/rtsp/transport.ts";
import { parseRtcp } from "../../src/wire/rtcp.ts";
import { unixOf } from "../../src/wire/rtcp-write.ts";
import { rtpSequence, rtpTimestamp, writeRtpHeader } from "../../src/wire/rtp.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { encodeFilm, Feed, type Film } from "./rtsp-feed.ts";
import { exitCode, ffmpegPlays, gstreamerPlays } from "./rtsp-programs.ts";
import { type RawConnection, rawConnect } from "./rtsp-raw.ts";

const camera = parsePathName("camera")!;
const PAYLOAD_BYTES = 1000;

/** A made-up film: small pictures that nobody decodes, a key frame in each tenth. */
const film: Film = {
	track: {
		kind: "video",
		codec: "h264",
		encoding: "H264",
		clockRate: 90_000,
		channels: 0,
		payloadType: 96,
		fmtp: "packetization-mode=1;sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==",
	},
	pictures: Array.from({ length: 10 }, (_, n) => [Buffer.concat([Buffer.of(n ? 0x41 : 0x65), Buffer.alloc(400, n)])]),
};

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(ready: () => boolean | Promise<boolean>, what: string, ms = 10_000): Promise<void> {
	for (const end = performance.now() + ms; !(await ready()); await wait(5)) {
		if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
	}
}

async function feed(relay: TestRelay, pictures = 5): Promise<Feed> {
	const publisher = await Feed.open(`${relay.rtspUrl}/camera`, film, PAYLOAD_BYTES, { sequence: 1, timestamp: 1 });
	for (let n = 0; n < pictures; n++) publisher.send();
	if (pictures > 0) await until(() => (streamOf(relay)?.flushed ?? 0) >= pictures, "the first pictures");
	return publisher;
}

const streamOf = ({ relay }: TestRelay): Stream | undefined => relay.hub.path(camera)?.stream;

/** Sets the stream's one track up with this transport and plays it. */
async function play(peer: RawConnection, relay: TestRelay, transport: string) {
	const url = `${relay.rtspUrl}/camera`;
	const setup = await peer.ask("SETUP", `${url}/trackID=0`, [["Transport", transport]]);
	assert.equal(setup.status, 200, setup.reason);
	const played = await peer.ask("PLAY", url);
	assert.equal(played.status, 200, played.reason);
	return { setup, played };
}

/** Datagrams that the relay could give to nobody so far. */
async function strays({ relay }: TestRelay): Promise<number> {
	const response = await fetch(`http://127.0.0.1:${relay.ports.metrics[0]}/metrics`);
	const [, value] = /^vedette_stray_packets_total\{protocol="rtsp"\} (\d+)/m.exec(await response.text()) ?? [];
	return Number(value);
}

/** Sends a datagram to a port of loopback; it lies in the receiver's queue once this resolves. */
function sendUdp(socket: Socket, bytes: Uint8Array, port: number): Promise<void> {
	return new Promise((resolve) => socket.send(bytes, port, "127.0.0.1", () => resolve()));
}

async function udpSocket(): Promise<{ socket: Socket; port: number; packets: Buffer[] } & Disposable> {
	const socket = createSocket("udp4");
	socket.bind(0, "127.0.0.1");
	await once(socket, "listening");
	const packets: Buffer[] = [];
	socket.on("message", (bytes) => packets.push(bytes));
	return { socket, port: socket.address().port, packets, [Symbol.dispose]: () => socket.close() };
}

suite("RTSP on the wire", { concurrency: false }, () => {
	test("RTP-Info and sender reports agree with the packets", { timeout: 20_000 }, async () => {
		await using relay = await startTestRelay();
		const publisher = await feed(relay);
		using peer = await rawConnect(relay.rtspUrl);
		const { played } = await play(peer, relay, "RTP/AVP/TCP;unicast;interleaved=4-5");
		const info = /seq=(\d+);rtptime=(\d+)$/.exec(headerOf(played, "rtp-info") ?? "");
		await until(() => peer.packets.filter(({ channel }) => channel === 4).length >= 6, "the burst");
		const [first, ...rest] = peer.packets.filter(({ channel }) => channel === 4);
		assert.deepEqual(info?.slice(1).map(Number), [rtpSequence(first!.bytes, 0), rtpTimestamp(first!.bytes, 0)]);
		const newest = rest.at(-1)!;
		const [report] = parseRtcp(peer.packets.find(({ channel }) => channel === 5)!.bytes) ?? [];
		assert.ok(report?.kind === "senderReport");
		// The report says which timestamp is now; the burst's newest picture came a moment ago.
		const aheadMs = distance32(report.rtpTime, rtpTimestamp(newest.bytes, 0)) / 90;
		assert.ok(Math.abs(aheadMs) < 500, `${aheadMs} ms`);
		const offMs = Date.now() - unixOf({ seconds: report.ntpSeconds, fraction: report.ntpFraction });
		assert.ok(Math.abs(offMs) < 1000, `${offMs} ms`);
		publisher.client.close();
	});

	test("PAUSE stops the packets, PLAY starts them again from a key frame", { timeout: 20_000 }, async () => {
		await using relay = await startTestRelay();
		const publisher = await feed(relay);
		using peer = await rawConnect(relay.rtspUrl);
		await play(peer, relay, "RTP/AVP/TCP;unicast;interleaved=0-1");
		await until(() => peer.packets.length > 0, "the burst");
		assert.equal((await peer.ask("PAUSE", relay.rtspUrl)).status, 200);
		const before = peer.packets.length;
		publisher.send();
		await until(() => (streamOf(relay)?.flushed ?? 0) >= 7, "the picture");
		assert.equal((await peer.ask("GET_PARAMETER", relay.rtspUrl)).status, 200);
		assert.equal(peer.packets.length, before);
		assert.equal((await peer.ask("PLAY", relay.rtspUrl)).status, 200);
		await until(() => peer.packets.filter(({ channel }) => channel === 0).length >= before + 5, "the second burst");
		assert.equal((await peer.ask("TEARDOWN", relay.rtspUrl)).status, 200);
		assert.equal(streamOf(relay)?.readers.size, 0);
		publisher.client.close();
	});

	test("SET_PARAMETER and GET_PARAMETER are taken and change nothing; of a strange session they are not", {
		timeout: 20_000,
	}, async () => {
		await using relay = await startTestRelay();
		const publisher = await feed(relay);
		using peer = await rawConnect(relay.rtspUrl);
		await play(peer, relay, "RTP/AVP/TCP;unicast;interleaved=0-1");
		for (const method of ["SET_PARAMETER", "GET_PARAMETER"]) {
			const body: [string, string][] = [["Content-Type", "text/parameters"]];
			const answer = await peer.ask(method, `${relay.rtspUrl}/camera`, body);
			assert.deepEqual([answer.status, answer.body], [200, ""], method);
		}
		using stranger = await rawConnect(relay.rtspUrl);
		const answer = await stranger.ask("SET_PARAMETER", `${relay.rtspUrl}/camera`, [["Session", "x"]]);
		assert.equal(answer.status, 454);
		const before = peer.packets.length;
		await until(() => {
			publisher.send();
			return peer.packets.length > before + 5;
		}, "packets after the parameters");
		publisher.client.close();
	});

	test("a destination is ignored: packets go where the connection comes from", { timeout: 20_000 }, async () => {
		await using relay = await startTestRelay();
		const publisher = await feed(relay);
		using target = await udpSocket();
		using peer = await rawConnect(relay.rtspUrl);
		const asked = `RTP/AVP;unicast;destination=127.0.0.77;client_port=${target.port}-${target.port + 1}`;
		const { setup } = await play(peer, relay, asked);
		await until(() => target.packets.length >= 5, "packets at the connection's own address");
		assert.deepEqual(parseTransports(headerOf(setup, "transport") ?? "")[0]?.serverPort, relay.relay.ports.rtp);
		publisher.client.close();
	});

	test("a player behind a NAT is found by its first packet", { timeout: 20_000 }, async () => {
		await using relay = await startTestRelay();
		const publisher = await feed(relay);
		using inside = await udpSocket();
		using outside = await udpSocket();
		using peer = await rawConnect(relay.rtspUrl);
		await play(peer, relay, `RTP/AVP;unicast;client_port=${inside.port}-${inside.port + 1}`);
		const punch = new Uint8Array(12);
		writeRtpHeader(punch, 0, 96, false, 0, 0, 0);
		outside.socket.send(punch, relay.relay.ports.rtp![0], "127.0.0.1");
		await until(() => {
			publisher.send();
			return outside.packets.length >= 3;
		}, "packets at the port that the NAT gave");
		const sequences = outside.packets.map((bytes) => rtpSequence(bytes, 0));
		assert.deepEqual(
			sequences.slice(1).map((one, i) => distance16(one, sequences[i]!)),
			sequences.slice(1).map(() => 1),
		);
		publisher.client.close();
	});

	test("noise on the UDP ports reaches nobody", { timeout: 20_000 }, async () => {
		await using relay = await startTestRelay();
		const publisher = await feed(relay);
		using target = await udpSocket();
		using noise = await udpSocket();
		using peer = await rawConnect(relay.rtspUrl);
		await play(peer, relay, `RTP/AVP;unicast;client_port=${target.port}-${target.port + 1}`);
		await until(() => target.packets.length >= 5, "the burst");
		// Once the player is known on both ports, another port of its address may not take its place.
		for (const port of relay.relay.ports.rtp!) await sendUdp(target.socket, Buffer.alloc(12, 0x80), port);
		let sent = 0;
		for (let n = 0; n < 500; n++) {
			const bytes = Buffer.alloc(n % 60, (n * 37) & 0xff);
			for (const port of relay.relay.ports.rtp!) await sendUdp(noise.socket, bytes, port);
			sent += 2;
			if (n % 50 === 49) await until(async () => (await strays(relay)) === sent, `${sent} strays`);
		}
		const before = target.packets.length;
		await until(() => {
			publisher.send();
			return target.packets.length > before + 5;
		}, "packets after the noise");
		assert.equal(noise.packets.length, 0);
		assert.equal(streamOf(relay)?.intakes[0]?.counters.invalid, 0);
		publisher.client.close();
	});

	test("both IP versions are served, over TCP and UDP", { timeout: 20_000 }, async () => {
		const address = "[::1]:0";
		await using relay = await startTestRelay({ rtsp: { address, rtpAddress: address, rtcpAddress: address } });
		const rtspUrl = `rtsp://[::1]:${relay.relay.ports.rtsp[0]}`;
		const publisher = await feed({ ...relay, rtspUrl });
		using target = createDual();
		await once(target.socket, "listening");
		using peer = await rawConnect(rtspUrl);
		const port = target.socket.address().port;
		await play(peer, { ...relay, rtspUrl }, `RTP/AVP;unicast;client_port=${port}-${port + 1}`);
		await until(() => target.packets.length >= 5, "packets over IPv6");
		publisher.client.close();
	});
});

suite("RTSP over time", { concurrency: false }, () => {
	test("who says nothing is let go: half-open, without a session, silent over UDP", { timeout: 30_000 }, async () => {
		await using relay = await startTestRelay({ rtsp: { sessionTimeout: "5 s", requestTimeout: "1 s" } });
		const publisher = await feed(relay);
		const alive = setInterval(() => publisher.send(), 500).unref();
		using target = await udpSocket();
		using silent = await rawConnect(relay.rtspUrl);
		using slow = await rawConnect(relay.rtspUrl);
		slow.socket.write("OPTIONS * RTSP/1.0\r\nCSe");
		using player = await rawConnect(relay.rtspUrl);
		await play(player, relay, `RTP/AVP;unicast;client_port=${target.port}-${target.port + 1}`);
		using quiet = await rawConnect(relay.rtspUrl);
		await play(quiet, relay, "RTP/AVP/TCP;unicast;interleaved=0-1");
		await until(() => silent.over && slow.over, "the end of the half-open ones", 5000);
		assert.ok(!player.over);
		await until(() => player.over, "the end of the silent player", 10_000);
		// What is taken over TCP shows that somebody is there.
		assert.ok(!quiet.over);
		clearInterval(alive);
		publisher.client.close();
	});

	test("a reader that stalls is cut to a key frame; the others get every packet", { timeout: 60_000 }, async () => {
		await using relay = await startTestRelay();
		const publisher = await feed(relay, 0);
		publisher.send();
		await until(() => (streamOf(relay)?.flushed ?? 0) >= 1, "the stream");
		using good = await rawConnect(relay.rtspUrl);
		await play(good, relay, "RTP/AVP/TCP;unicast;interleaved=0-1");
		using bad = await rawConnect(relay.rtspUrl);
		await play(bad, relay, "RTP/AVP/TCP;unicast;interleaved=0-1");
		bad.socket.pause();
		const stream = streamOf(relay)!;
		const reader = [...stream.readers].at(-1)!;
		const used = process.memoryUsage().arrayBuffers;
		// The kernel takes some megabytes for a reader that does not read.
		const sent = { bytes: 0 };
		while (stream.ring.head - reader.from < 500 || sent.bytes < 1_000_000) {
			for (let n = 0; n < 100; n++) publisher.send();
			sent.bytes += 40_000;
			await wait(2);
			assert.ok(sent.bytes < 64_000_000, "the stalled reader is not noticed");
		}
		// A reader is cut once what it lacks is a second old: here time itself is what is waited for.
		await wait(1100);
		publisher.send();
		assert.ok(process.memoryUsage().arrayBuffers - used < 64_000_000);
		bad.socket.resume();
		const pace = setInterval(() => publisher.send(), 5).unref();
		await until(() => reader.counters.cuts > 0, "the cut");
		const cutAt = bad.packets.length;
		await until(() => bad.packets.length > cutAt + 50, "packets after the cut");
		clearInterval(pace);
		const media = bad.packets.filter(({ channel }) => channel === 0);
		const gap = media.findIndex(
			(one, i) => i > 0 && distance16(rtpSequence(one.bytes, 0), rtpSequence(media[i - 1]!.bytes, 0)) !== 1,
		);
		assert.ok(gap > 0, "the cut shows as missing packets");
		assert.match(media[gap]!.bytes.subarray(12).toString("hex"), /^(78|65)/, "it goes on at a key frame");
		await until(() => good.packets.filter(({ channel }) => channel === 0).length >= stream.flushed - 1, "all packets");
		const sequences = good.packets.filter(({ channel }) => channel === 0).map(({ bytes }) => rtpSequence(bytes, 0));
		assert.ok(sequences.every((one, i) => i === 0 || distance16(one, sequences[i - 1]!) === 1));
		assert.deepEqual([...stream.readers].map((one) => one.counters.cuts)[0], 0);
		publisher.client.close();
	});

	test("a thousand who come and go leave nothing behind", { timeout: 60_000 }, async () => {
		await using relay = await startTestRelay();
		const publisher = await feed(relay);
		const sockets = () => process.getActiveResourcesInfo().filter((one) => one.startsWith("TCP")).length;
		const before = sockets();
		for (let n = 0; n < 1000; n++) {
			if (n % 5 === 0) {
				using peer = await rawConnect(relay.rtspUrl);
				await play(peer, relay, "RTP/AVP/TCP;unicast;interleaved=0-1");
			} else {
				const socket = connect(Number(new URL(relay.rtspUrl).port), "127.0.0.1");
				await once(socket, "connect");
				socket.write(n % 2 ? "$\x00\xff" : "DESCRIBE rtsp://h/camera RTSP/1.0\r\nCSeq: 1\r\n\r\n");
				socket.destroy();
			}
		}
		await until(() => streamOf(relay)?.readers.size === 0 && sockets() <= before, "the end of all connections");
		publisher.client.close();
	});

	test("wraps of sequence numbers and timestamps go unnoticed, also under another publisher", {
		timeout: 90_000,
	}, async (t) => {
		if (!needs(t, "ffmpeg", "element avdec_h264")) return;
		await using relay = await startTestRelay();
		const url = `${relay.rtspUrl}/camera`;
		const real = encodeFilm();
		// Small payloads make many packets, so that the stream's own numbers come round soon.
		const first = await Feed.open(url, real, 64, { sequence: 65_000, timestamp: 2 ** 31 + 1 });
		first.send();
		await until(() => (streamOf(relay)?.flushed ?? 0) > 1, "the stream");
		const stream = streamOf(relay)!;
		const start = stream.sequence(0);
		while (stream.sequence(0) % 65_536 < 61_000 || stream.sequence(0) - start < 20_000) {
			for (let n = 0; n < 10; n++) first.send();
			await wait(1);
		}
		// Three seconds from the wrap, with the next key frame at once.
		first.jump(2 ** 32 - 270_000);
		const stopFirst = first.run();
		const from = stream.sequence(0);
		const timestamp = () => stream.clock(0, performance.now())?.timestamp ?? 0;
		await until(() => timestamp() > 2 ** 32 - 270_000, "the new timestamps");
		await using stack = new AsyncDisposableStack();
		const readers = (["tcp", "udp"] as const).flatMap((way) => [
			stack.use(ffmpegPlays(url, way, 240)),
			stack.use(gstreamerPlays(url, way, 240)),
		]);
		await until(() => stream.readers.size === 4, "the readers");
		const played = [...stream.readers].map((reader) => reader.counters.packets);
		const got = () => [...stream.readers].map((reader, i) => reader.counters.packets - played[i]!);
		await until(() => got().every((packets) => packets > 500), "a good second of the first publisher for every reader");
		stopFirst();
		const second = await Feed.open(url, real, 64, { sequence: 65_400, timestamp: 2 ** 32 - 90_000 });
		const stopSecond = second.run();
		const codes = await Promise.all(readers.map((reader) => exitCode(reader, 40_000)));
		stopSecond();
		assert.deepEqual(codes, [0, 0, 0, 0]);
		for (const reader of readers) assert.doesNotMatch(reader.text(), /concealing|error while decoding|Invalid data/i);
		assert.ok(Math.floor(stream.sequence(0) / 65_536) > Math.floor(from / 65_536), "the sequence numbers came round");
		assert.ok(timestamp() < 2 ** 31, "the timestamps came round");
		second.client.close();
	});
});

function createDual(): { socket: Socket; packets: Buffer[] } & Disposable {
	const socket = createSocket("udp6");
	const packets: Buffer[] = [];
	socket.bind(0, "::1");
	socket.on("message", (bytes) => packets.push(bytes));
	return { socket, packets, [Symbol.dispose]: () => socket.close() };
}
