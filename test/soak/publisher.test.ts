import assert from "node:assert/strict";
import { test } from "node:test";
import { pause } from "../../bench/support/clock.ts";
import { RtspClient } from "../../bench/support/rtsp.ts";
import { memory, sendAll } from "../../bench/support/sockets.ts";
import { description } from "../../bench/support/stream.ts";
import { seeded } from "../network/impair.ts";
import { Healthy, skip } from "./support/healthy.ts";
import { noise } from "./support/noise.ts";

const room = memory(70_000);
const PACKETS = 2000;

/** Sends an interleaved frame; false once the relay has closed the connection. */
function send(client: RtspClient, channel: number, payload: Uint8Array): boolean {
	const { bytes, address } = room;
	bytes[0] = 0x24;
	bytes[1] = channel;
	bytes.writeUInt16BE(payload.length, 2);
	bytes.set(payload, 4);
	try {
		sendAll(client.fd, address, payload.length + 4);
		return true;
	} catch {
		return false;
	}
}

function rtp(type: number, sequence: number, timestamp: number, payload: Uint8Array): Buffer {
	const header = Buffer.alloc(12);
	header[0] = 0x80;
	header[1] = type | (sequence % 7 === 0 ? 0x80 : 0);
	header.writeUInt16BE(sequence & 0xffff, 2);
	header.writeUInt32BE(timestamp >>> 0, 4);
	header.writeUInt32BE(7, 8);
	return Buffer.concat([header, payload]);
}

const big = noise(1, 65_000);

/** What a publisher that announced H.264 sends instead, packet by packet. */
const hostile: Readonly<Record<string, (i: number, random: () => number) => readonly [channel: number, Uint8Array]>> = {
	"the payload of another codec": (i) => [0, rtp(96, i, i * 400, noise(i, 900))],
	"a payload type that was not announced": (i) => [0, rtp(97, i, i * 400, noise(i, 300))],
	"noise in place of RTP": (i, random) => [0, noise(i, Math.floor(random() * 1500))],
	"noise in place of RTCP": (i, random) => [1, noise(i, Math.floor(random() * 200))],
	"channels that were not set up": (i) => [2 + (i % 250), noise(i, 100)],
	"packets of 64 kB": (i) => [0, rtp(96, i, i * 3000, big)],
	"jumps of sequence and time": (i, random) => [0, rtp(96, random() * 65_536, random() * 2 ** 32, noise(i, 500))],
	"fragments that never end": (i) => [0, rtp(96, i, 0, Buffer.concat([Buffer.from([0x7c, 5]), noise(i, 1000)]))],
	"aggregates whose lengths lie": (i) => [
		0,
		rtp(96, i, i * 400, Buffer.concat([Buffer.from([0x78, 255, 255]), noise(i, 50)])),
	],
	"empty packets": (i) => [i % 2, i % 4 < 2 ? new Uint8Array() : rtp(96, i, i, new Uint8Array())],
};

test("a publisher that sends other than it announced harms nobody else", { skip }, async (t) => {
	await using healthy = await Healthy.start();
	for (const [name, make] of Object.entries(hostile)) {
		await t.test(name, async () => {
			await healthy.undisturbed(async () => {
				const random = seeded(99);
				const client = new RtspClient(healthy.server.rtspPort, "hostile");
				client.record(description());
				for (let i = 0; i < PACKETS && send(client, ...make(i, random)); i++) if (i % 100 === 0) await pause(1);
				client.close();
			});
		});
	}
	await t.test("its path can be used again", async () => {
		const client = new RtspClient(healthy.server.rtspPort, "hostile");
		assert.doesNotThrow(() => client.record(description()));
		client.close();
	});
	await t.test("nothing is left of all this", () => healthy.nothingLeft());
});
