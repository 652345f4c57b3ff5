import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { h264Track, PARAMETER_SETS } from "../../../test/support/tracks.ts";
import { Access } from "../../access/access.ts";
import type { Action } from "../../access/actions.ts";
import { pathSettings } from "../../config/path-schema.ts";
import { systemClock } from "../../hub/clock.ts";
import { Fans } from "../../hub/fans.ts";
import { Hub } from "../../hub/hub.ts";
import { parsePathName } from "../../media/path-name.ts";
import type { Track } from "../../media/track.ts";
import { Pool } from "../../net/pool.ts";
import { Sender } from "../../net/sender/sender.ts";
import { createLog } from "../../observe/log.ts";
import { rtpSequence, rtpTimestamp, writeRtpHeader } from "../../wire/rtp.ts";
import { type ClientSink, openRtspClient, type RtspClient } from "./client.ts";
import { pullIntoPath } from "./pull.ts";
import { RtspServer } from "./server.ts";
import { UdpPorts } from "./udp-ports.ts";

const log = createLog({ level: "silent", file: "", format: "json" });
const path = parsePathName("camera")!;

const video = h264Track(PARAMETER_SETS);
const sound: Track = {
	kind: "audio",
	codec: "pcmu",
	encoding: "PCMU",
	clockRate: 8000,
	channels: 1,
	payloadType: 0,
	fmtp: "",
};

/** A relay's worth of RTSP, closed when the test is over. */
async function serve(anonymous: readonly Action[] = ["publish", "read"]) {
	const settings = pathSettings.parse({});
	const pool = new Pool(32 * 1024 * 1024);
	const hub = new Hub({ pool, clock: systemClock, maxPaths: 10, settings: () => ({ key: "all_others", settings }) });
	const user = { name: "user", password: "p@ss", allow: ["publish", "read"] as const, paths: ["*"], ips: [] };
	const limits = { loginTime: 1000, failureDelay: 0, failures: 100, failurePause: 1 };
	const access = new Access({ anonymous, users: [user], ...limits });
	const sender = Sender.create({ pool, threads: 0 });
	const fans = new Fans((ring) => sender.open(ring));
	const loopback = { host: "127.0.0.1", port: 0 };
	const udp = await UdpPorts.open(loopback, loopback);
	const refusals: (string | undefined)[] = [];
	const refused = ({ reason }: Readonly<Record<string, string>>) => void refusals.push(reason);
	const context = { hub, access, log, refused, fans, udp, sessionTimeout: 60_000, requestTimeout: 10_000 };
	const server = await RtspServer.listen(context, { address: [loopback], maxConnections: 20 });
	const [port] = server.ports;
	return {
		hub,
		server,
		refusals,
		port: port!,
		url: `rtsp://127.0.0.1:${port}/camera`,
		login: `rtsp://user:p%40ss@127.0.0.1:${port}/camera`,
		async [Symbol.asyncDispose]() {
			await server.close();
			hub.close("the test is over");
			await sender.close();
			await udp.close();
		},
	};
}

const nobody: ClientSink = { packet: () => undefined, datagram: () => undefined, rtcp: () => undefined };
const signal = () => AbortSignal.timeout(5000);

function publish(
	url: string,
	tracks: readonly Track[] = [video],
	transport: "tcp" | "udp" = "tcp",
): Promise<RtspClient> {
	return openRtspClient({ url, transport, sink: nobody, signal: signal(), publish: tracks });
}

/** Plays and notes what comes: the sequence number and timestamp of each packet, by track. */
async function play(url: string, transport: "tcp" | "udp" = "tcp") {
	const packets: { track: number; sequence: number; timestamp: number; payload: string }[] = [];
	let wake = () => {};
	const packet = (track: number, bytes: Uint8Array, at: number, length: number) => {
		const payload = Buffer.from(bytes.subarray(at + 12, at + length)).toString("hex");
		packets.push({ track, sequence: rtpSequence(bytes, at), timestamp: rtpTimestamp(bytes, at), payload });
		wake();
	};
	const sink: ClientSink = { ...nobody, packet, datagram: (track, bytes) => packet(track, bytes, 0, bytes.length) };
	const client = await openRtspClient({ url, transport, sink, signal: signal() });
	return {
		client,
		packets,
		async until(count: number) {
			while (packets.length < count) await new Promise<void>((resolve) => (wake = resolve));
		},
	};
}

const idr = Buffer.from("6588841234", "hex");
const slice = Buffer.from("419a021234", "hex");

/** Sends a picture in one packet. */
function picture(client: RtspClient, n: number, key = false, track = 0): void {
	const payload = key ? idr : slice;
	const packet = new Uint8Array(12 + payload.length);
	writeRtpHeader(packet, 0, 96, true, n & 0xffff, (n * 3000) >>> 0, 7);
	packet.set(payload, 12);
	client.sendRtp(track, packet);
}

for (const transport of ["tcp", "udp"] as const) {
	test(`what is published is played over ${transport}, from the last key frame on`, { timeout: 10_000 }, async () => {
		await using relay = await serve();
		const publisher = await publish(relay.url);
		for (let n = 0; n < 5; n++) picture(publisher, n, n === 2);
		const stream = relay.hub.find(path);
		while (stream.flushed < 4) await new Promise((resolve) => setTimeout(resolve, 1));
		const reader = await play(relay.url, transport);
		await reader.until(4);
		picture(publisher, 5);
		await reader.until(5);
		const [sets, ...pictures] = reader.packets;
		assert.match(sets!.payload, /^78/, "the parameter sets, which the publisher told in its SDP only, come first");
		assert.deepEqual(
			pictures.map((one) => one.payload),
			[idr, slice, slice, slice].map((one) => one.toString("hex")),
		);
		const distances = reader.packets.slice(1).map((one, i) => (one.sequence - reader.packets[i]!.sequence) & 0xffff);
		assert.deepEqual(distances, [1, 1, 1, 1]);
		const steps = pictures.slice(1).map((one, i) => (one.timestamp - pictures[i]!.timestamp) >>> 0);
		assert.ok(steps[0]! + steps[1]! <= 3600, `the burst spans at most 40 ms: ${steps}`);
		assert.equal(steps[2], 3000, "the live edge follows it at its own distance");
		reader.client.close();
		publisher.close();
	});
}

test("a publisher's packets over UDP are put in order, and loss is counted", { timeout: 10_000 }, async () => {
	await using relay = await serve();
	const publisher = await publish(relay.url, [video, sound], "udp");
	const reader = await play(relay.url);
	// The very first one is overtaken too.
	for (const n of [1, 0, 3, 2]) picture(publisher, n, true);
	await reader.until(8);
	assert.deepEqual(
		reader.packets.filter((one) => one.payload === idr.toString("hex")).map((one) => one.timestamp % 3000),
		[0, 1, 2, 3].map(() => reader.packets[0]!.timestamp % 3000),
	);
	const sequences = reader.packets.map((one) => one.sequence);
	assert.deepEqual(
		sequences,
		sequences.map((_, i) => (sequences[0]! + i) & 0xffff),
	);
	picture(publisher, 5, true);
	await reader.until(10);
	assert.equal(relay.hub.find(path).intakes[0]!.counters.lost, 1);
	reader.client.close();
	publisher.close();
});

test("two tracks keep apart, and sound is not part of the burst", { timeout: 10_000 }, async () => {
	await using relay = await serve();
	const publisher = await publish(relay.url, [video, sound]);
	const beep = (n: number) => {
		const packet = new Uint8Array(13).fill(0xd5);
		writeRtpHeader(packet, 0, 0, false, n, n * 160, 8);
		publisher.sendRtp(1, packet);
	};
	picture(publisher, 0, true);
	beep(0);
	const stream = relay.hub.find(path);
	while (stream.flushed < 3) await new Promise((resolve) => setTimeout(resolve, 1));
	const reader = await play(relay.url);
	await reader.until(2);
	beep(1);
	picture(publisher, 1);
	await reader.until(4);
	assert.deepEqual(
		reader.packets.map((one) => one.track),
		[0, 0, 1, 0],
	);
	reader.client.close();
	publisher.close();
});

test("a closed relay wants a login: Digest for our client, nothing for others", { timeout: 10_000 }, async () => {
	await using relay = await serve([]);
	await assert.rejects(publish(relay.url), /401/);
	await assert.rejects(publish(relay.login.replace("p%40ss", "wrong")), /401/);
	const publisher = await publish(relay.login);
	await assert.rejects(play(relay.url), /401/);
	assert.deepEqual(relay.refusals, []);
	const reader = await play(relay.login);
	reader.client.close();
	publisher.close();
});

test("the reasons for a refusal reach the client", { timeout: 10_000 }, async () => {
	await using relay = await serve();
	await assert.rejects(play(relay.url), /404 nobody publishes to "camera"/);
	await assert.rejects(play(relay.url.replace("camera", "a%20b")), /400 the path "a b" may hold only/);
	const publisher = await publish(relay.url);
	publisher.close();
	const many = Array.from({ length: 9 }, () => video);
	await assert.rejects(publish(relay.url, many), /9 tracks, at most 8/);
	const [absent, invalid, ...others] = relay.refusals;
	assert.equal(absent, 'nobody publishes to "camera"');
	assert.match(invalid ?? "", /the path "a b" may hold only/);
	assert.equal(others.length, 1);
});

test("a stream is pulled from another server until that ends", { timeout: 10_000 }, async () => {
	await using origin = await serve();
	await using relay = await serve();
	const stop = new AbortController();
	const pull = (onLive: () => void) =>
		pullIntoPath(relay.hub, path, { url: origin.url, transport: "tcp" }, stop.signal, onLive);
	await assert.rejects(
		pull(() => assert.fail()),
		/404/,
	);
	const publisher = await publish(origin.url);
	picture(publisher, 0, true);
	let ended: Promise<string> | undefined;
	await new Promise<void>((resolve) => {
		ended = pull(resolve);
	});
	const reader = await play(relay.url);
	await reader.until(2);
	assert.equal(relay.hub.find(path).intakes[0]!.counters.discarded, 0, "nothing was lost before it was live");
	picture(publisher, 1, true);
	await reader.until(4);
	for (const one of origin.hub.paths) one.close("the origin restarts");
	assert.match(await ended!, /closed the connection/);
	const fresh = await publish(origin.url);
	await new Promise<void>((resolve) => {
		ended = pull(resolve);
	});
	picture(fresh, 0, true);
	await reader.until(6);
	stop.abort(new Error("enough"));
	assert.equal(await ended, "enough");
	assert.equal(relay.hub.path(path)?.publication, undefined);
	reader.client.close();
	fresh.close();
});

/** A bare connection that sends text and gives what comes back until `pattern` fits. */
async function talk(port: number, text: string, pattern: RegExp): Promise<string> {
	const socket: Socket = connect(port, "127.0.0.1");
	socket.setEncoding("utf8");
	socket.write(text);
	let got = "";
	socket.on("data", (data) => {
		got += data;
		if (pattern.test(got)) socket.destroy();
	});
	socket.on("error", () => undefined);
	await once(socket, "close");
	return got;
}

const rows = [
	{ name: "noise", text: "\x01\x02\x03\r\n\r\n", answer: /^RTSP\/1.0 400 not a line of RTSP/ },
	{ name: "HTTP", text: "GET / HTTP/1.1\r\n\r\n", answer: /^RTSP\/1.0 400/ },
	{ name: "a header without end", text: `OPTIONS ${"a".repeat(20_000)}`, answer: /^RTSP\/1.0 413 .*at most 16384/ },
	{ name: "a body without end", text: "ANNOUNCE * RTSP/1.0\r\nContent-Length: 999999\r\n\r\n", answer: /413 .*131072/ },
	{ name: "an unknown method", text: "FLY * RTSP/1.0\r\nCSeq: 1\r\n\r\n", answer: /^RTSP\/1.0 501 .*\s+CSeq: 1/ },
	{ name: "no CSeq", text: "OPTIONS * RTSP/1.0\r\n\r\n", answer: /^RTSP\/1.0 400/ },
	{ name: "a session that is not", text: "PLAY * RTSP/1.0\r\nCSeq: 1\r\nSession: x\r\n\r\n", answer: /^RTSP\/1.0 454/ },
	{ name: "PLAY before SETUP", text: "PLAY * RTSP/1.0\r\nCSeq: 1\r\n\r\n", answer: /^RTSP\/1.0 455 PLAY is not valid/ },
	{
		name: "an SDP that is none",
		text: "ANNOUNCE rtsp://h/camera RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 5\r\n\r\nhello",
		answer: /^RTSP\/1.0 400/,
	},
	{
		name: "a multicast transport",
		text: "SETUP rtsp://h/live/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;multicast\r\n\r\n",
		answer: /^RTSP\/1.0 461/,
	},
];

test("what was asked before a request too large is answered first, then the error, then the end", {
	timeout: 10_000,
}, async () => {
	await using relay = await serve();
	const publisher = await publish(relay.url);
	// DESCRIBE is answered later than it is read, and OPTIONS waits for it.
	const queued = `DESCRIBE ${relay.url} RTSP/1.0\r\nCSeq: 1\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 2\r\n\r\n`;
	const got = await talk(relay.port, `${queued}OPTIONS ${"a".repeat(20_000)}`, /never/);
	const answers = [...got.matchAll(/^RTSP\/1.0 (\d+) .*\r\n(CSeq: \d)?/gm)].map(([, status, cseq]) => [status, cseq]);
	assert.deepEqual(answers, [
		["200", "CSeq: 1"],
		["200", "CSeq: 2"],
		["413", undefined],
	]);
	publisher.close();
});

test("bad requests get the protocol's own answers, and nobody else notices", { timeout: 20_000 }, async () => {
	await using relay = await serve();
	const publisher = await publish(relay.url.replace("camera", "live"));
	const reader = await play(relay.url.replace("camera", "live"));
	for (const { name, text, answer } of rows) {
		assert.match(await talk(relay.port, text, answer), answer, name);
	}
	picture(publisher, 0, true);
	await reader.until(2);
	reader.client.close();
	publisher.close();
});

test("another codec than announced is counted and not passed on", { timeout: 10_000 }, async () => {
	await using relay = await serve();
	const publisher = await publish(relay.url);
	const packet = new Uint8Array(20);
	writeRtpHeader(packet, 0, 97, true, 1, 1, 7);
	publisher.sendRtp(0, packet);
	publisher.sendRtp(0, new Uint8Array(3));
	picture(publisher, 2, true);
	const stream = relay.hub.find(path);
	while (stream.flushed < 2) await new Promise((resolve) => setTimeout(resolve, 1));
	assert.equal(stream.intakes[0]!.counters.invalid, 2);
	publisher.close();
});

test("connections and sessions are listed, and a session can be ended", { timeout: 10_000 }, async () => {
	await using relay = await serve();
	const publisher = await publish(`${relay.url}?x=1`);
	picture(publisher, 0, true);
	const reader = await play(relay.login);
	await reader.until(1);
	const sessions = relay.server.sessionSource.list();
	const connections = relay.server.connectionSource.list();
	assert.deepEqual(
		sessions.map(({ state, path, query, user, transport }) => ({ state, path, query, user, transport })),
		[
			{ state: "publish", path: "camera", query: "x=1", user: "", transport: "TCP" },
			{ state: "read", path: "camera", query: "", user: "", transport: "TCP" },
		],
	);
	assert.deepEqual(
		connections.map(({ session }) => session),
		sessions.map(({ id }) => id),
	);
	assert.deepEqual(
		sessions.map(({ conns }) => conns),
		connections.map(({ id }) => [id]),
	);
	const [published, played] = sessions;
	assert.equal(relay.hub.path(path)?.publication?.info.id, published?.id);
	assert.ok(Number(published?.inboundBytes) > 0 && Number(played?.outboundRTPPackets) > 0);
	assert.equal(relay.server.sessionSource.kick("nobody"), false);
	assert.equal(relay.server.sessionSource.kick(String(played?.id)), true);
	await reader.client.closed;
	assert.equal(relay.server.sessionSource.list().length, 1);
	publisher.close();
});
