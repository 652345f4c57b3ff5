import assert from "node:assert/strict";
import { test } from "node:test";
import { PATH, readers } from "../../bench/support/bench.ts";
import { description } from "../../bench/support/stream.ts";
import { Healthy, skip } from "./support/healthy.ts";
import { damaged, datagrams, noise } from "./support/noise.ts";
import { halfOpen, say, throwAt } from "./support/talk.ts";

const url = `rtsp://127.0.0.1/${PATH}`;

function request(method: string, headers: readonly string[] = [], body = ""): string {
	const length = body ? [`Content-Length: ${body.length}`] : [];
	return [`${method} ${url} RTSP/1.0`, "CSeq: 1", ...headers, ...length, "", body].join("\r\n");
}

function announce(sdp: string): string {
	return request("ANNOUNCE", ["Content-Type: application/sdp"], sdp).replaceAll(`/${PATH}`, "/hostile");
}

const absent = request("SETUP", ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1"]).replace(PATH, `${PATH}/trackID=99`);

/** What is sent, and the class of answer that must come; `closed`: none at all, or an error, and the connection ends. */
const messages: readonly (readonly [name: string, bytes: string | Uint8Array, wanted: RegExp | "closed"])[] = [
	["noise", noise(1, 4000), "closed"],
	["noise that begins like media", Buffer.concat([Buffer.from("$"), noise(2, 70_000)]), "closed"],
	["HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "closed"],
	["an endless header", `OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nX: ${"a".repeat(200_000)}`, "closed"],
	["endless headers", `OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n${"X: a\r\n".repeat(20_000)}`, "closed"],
	["a URL beyond the limit", `DESCRIBE rtsp://a/${"a".repeat(10_000)} RTSP/1.0\r\nCSeq: 1\r\n\r\n`, /^RTSP\/1.0 4/],
	["a body beyond the limit", request("ANNOUNCE", ["Content-Length: 999999999"]), /^RTSP\/1.0 4/],
	["a body of less than nothing", request("ANNOUNCE", ["Content-Length: -5"]), /^RTSP\/1.0 4/],
	["an unknown method", request("CONJURE"), /^RTSP\/1.0 [45]/],
	["RECORD without SETUP", request("RECORD"), /^RTSP\/1.0 4/],
	["PLAY without SETUP", request("PLAY"), /^RTSP\/1.0 4/],
	["SETUP of a track that is not there", absent, /^RTSP\/1.0 4/],
	["SETUP with a transport of noise", request("SETUP", ["Transport: ;;;=;interleaved=999999-x"]), /^RTSP\/1.0 4/],
	["a path that climbs", request("DESCRIBE").replace(`/${PATH}`, "/../../etc/passwd"), /^RTSP\/1.0 4/],
	["a description of noise", announce(noise(3, 900).toString("latin1")), /^RTSP\/1.0 4/],
	["a description of 1,000 tracks", announce(description() + "m=video 0 RTP/AVP 96\r\n".repeat(1000)), /^RTSP\/1.0 4/],
	["an empty description", announce("v=0\r\n"), /^RTSP\/1.0 4/],
];

test("RTSP: whatever comes in, those who behave notice nothing", { skip }, async (t) => {
	await using healthy = await Healthy.start();
	const port = healthy.server.rtspPort;
	for (const [name, bytes, wanted] of messages) {
		await t.test(name, async () => {
			const reaction = await healthy.undisturbed(() => say(port, bytes));
			if (wanted === "closed") assert.ok(reaction.closed || /^RTSP\/1.0 4/.test(reaction.answer), reaction.answer);
			else assert.match(reaction.answer, wanted);
		});
	}
	await t.test("300 damaged requests", async () => {
		const whole = Buffer.from(announce(description()));
		await healthy.undisturbed(async () => {
			for (const bytes of damaged(whole, 5, 300)) (await halfOpen(port, 1, bytes.toString("latin1")))[0]?.end();
		});
	});
	await t.test("noise on the ports of RTP and RTCP: nothing comes back", async () => {
		const [rtp, rtcp] = healthy.server.rtpPorts;
		await healthy.undisturbed(async () => {
			const back = [
				await throwAt(rtp, datagrams(11, 500, [0x80, 0x90, 0xbf, 0, 255])),
				await throwAt(rtcp, datagrams(12, 500, [0x80, 0x81, 0xbf, 0, 255])),
			];
			assert.deepEqual(back, [0, 0]);
		});
	});
	await t.test("half-open connections", async () => {
		await healthy.undisturbed(async () => {
			const silent = await halfOpen(port, 100, "");
			const halves = await halfOpen(port, 100, "DESCRIBE rtsp://127.0.0.1/live RTSP/1.0\r\nCSe");
			const reader = readers();
			const order = { port, path: PATH, count: 1, transport: "tcp", listen: true } as const;
			assert.ok((await reader.ask("firstFrame", order)) < 2000, "a reader still gets in");
			await reader[Symbol.asyncDispose]();
			for (const socket of [...silent, ...halves]) socket.destroy();
		});
	});
	await t.test("nothing is left of all this", () => healthy.nothingLeft());
});
