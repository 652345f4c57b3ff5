import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	headersOf,
	MAX_BODY_BYTES,
	MAX_HEAD_BYTES,
	type Message,
	RtspError,
	writeRequest,
	writeResponse,
} from "./message.ts";
import { StreamParser } from "./stream-parser.ts";

type Item = Message | { channel: number; bytes: string };

/** Everything that a stream in these chunks carries. */
function parse(...chunks: Buffer[]): Item[] {
	const items: Item[] = [];
	const parser = new StreamParser({
		packet: (channel, buffer, offset, length) =>
			items.push({ channel, bytes: Buffer.from(buffer.subarray(offset, offset + length)).toString("hex") }),
		message: (message) => items.push(message),
	});
	for (const chunk of chunks) parser.push(Buffer.from(chunk));
	return items;
}

const frame = (channel: number, bytes: Buffer) =>
	Buffer.concat([Buffer.of(0x24, channel, bytes.length >> 8, bytes.length), bytes]);

const sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

const table: { name: string; bytes: Buffer; items: Item[] }[] = [
	{
		name: "request",
		bytes: writeRequest("OPTIONS", "rtsp://host/a", [["CSeq", "1"]]),
		items: [{ kind: "request", method: "OPTIONS", url: "rtsp://host/a", headers: [["cseq", "1"]], body: "" }],
	},
	{
		name: "request with a body",
		bytes: writeRequest("ANNOUNCE", "rtsp://host/a", [["CSeq", "2"]], sdp),
		items: [
			{
				kind: "request",
				method: "ANNOUNCE",
				url: "rtsp://host/a",
				headers: [
					["cseq", "2"],
					["content-length", `${sdp.length}`],
				],
				body: sdp,
			},
		],
	},
	{
		name: "response",
		bytes: writeResponse(454, [["CSeq", "3"]]),
		items: [{ kind: "response", status: 454, reason: "Session Not Found", headers: [["cseq", "3"]], body: "" }],
	},
	{
		name: "response without a reason, lines ended by LF alone",
		bytes: Buffer.from("RTSP/1.0 200\nCSeq:4\n\n"),
		items: [{ kind: "response", status: 200, reason: "", headers: [["cseq", "4"]], body: "" }],
	},
	{
		name: "a header over two lines",
		bytes: Buffer.from("PLAY * RTSP/1.0\r\nRange: npt=0-;\r\n time=1\r\n\r\n"),
		items: [{ kind: "request", method: "PLAY", url: "*", headers: [["range", "npt=0-; time=1"]], body: "" }],
	},
	{
		name: "interleaved packets, an empty one among them",
		bytes: Buffer.concat([
			frame(0, Buffer.from("80e0", "hex")),
			frame(255, Buffer.alloc(0)),
			frame(1, Buffer.of(0x24)),
		]),
		items: [
			{ channel: 0, bytes: "80e0" },
			{ channel: 255, bytes: "" },
			{ channel: 1, bytes: "24" },
		],
	},
	{
		name: "packets and messages in turn, with empty lines between",
		bytes: Buffer.concat([
			frame(0, Buffer.from("RTSP/1.0 200 OK\r\n\r\n")),
			Buffer.from("\r\n"),
			writeRequest("TEARDOWN", "*", []),
			frame(2, Buffer.of(1)),
		]),
		items: [
			{ channel: 0, bytes: Buffer.from("RTSP/1.0 200 OK\r\n\r\n").toString("hex") },
			{ kind: "request", method: "TEARDOWN", url: "*", headers: [], body: "" },
			{ channel: 2, bytes: "01" },
		],
	},
];

const invalid = [
	{ name: "noise", bytes: Buffer.from("\x00\x01\x02\x03\r\n\r\n"), status: 400 },
	{ name: "HTTP", bytes: Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), status: 400 },
	{ name: "another version", bytes: Buffer.from("OPTIONS * RTSP/2.0\r\n\r\n"), status: 505 },
	{ name: "a header without a name", bytes: Buffer.from("OPTIONS * RTSP/1.0\r\n: 1\r\n\r\n"), status: 400 },
	{ name: "a length that is none", bytes: Buffer.from("PLAY * RTSP/1.0\r\nContent-Length: -1\r\n\r\n"), status: 400 },
	{
		name: "a body too large",
		bytes: Buffer.from(`PLAY * RTSP/1.0\r\nContent-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`),
		status: 413,
	},
	{ name: "headers too large", bytes: Buffer.from(`PLAY ${"a".repeat(MAX_HEAD_BYTES)}`), status: 413 },
	{ name: "too many headers", bytes: Buffer.from(`PLAY * RTSP/1.0\r\n${"a: 1\r\n".repeat(65)}\r\n`), status: 400 },
];

test("a stream is read however it is cut in two", () => {
	for (const { name, bytes, items } of table) {
		for (let cut = 0; cut <= bytes.length; cut++) {
			assert.deepEqual(parse(bytes.subarray(0, cut), bytes.subarray(cut)), items, `${name}, cut at ${cut}`);
		}
		assert.deepEqual(parse(...Array.from(bytes, (byte) => Buffer.of(byte))), items, `${name}, byte by byte`);
	}
});

test("what is read is written as it was", () => {
	for (const { name, bytes, items } of table) {
		const [item] = items;
		if (items.length > 1 || !item || "channel" in item) continue;
		const headers = item.headers.filter(([key]) => key !== "content-length");
		const written =
			item.kind === "request"
				? writeRequest(item.method, item.url, headers, item.body)
				: writeResponse(item.status, headers, item.body, item.reason);
		assert.deepEqual(parse(written), parse(bytes), name);
	}
});

test("a peer that speaks no RTSP gets the fitting status", () => {
	for (const { name, bytes, status } of invalid) {
		assert.throws(
			() => parse(bytes),
			(error) => error instanceof RtspError && error.status === status,
			name,
		);
	}
});

test("errors name both numbers", () => {
	assert.throws(() => parse(Buffer.from("A".repeat(20_000))), /20000 bytes or more, at most 16384/);
	const large = Buffer.from("PLAY * RTSP/1.0\r\nContent-Length: 200000\r\n\r\n");
	assert.throws(() => parse(large), /200000 bytes, at most 131072/);
});

test("nothing is handed on after stop", () => {
	let packets = 0;
	const parser = new StreamParser({
		packet: () => {
			packets++;
			parser.stop();
		},
		message: () => assert.fail(),
	});
	parser.push(Buffer.concat([frame(0, Buffer.of(1)), frame(0, Buffer.of(1)), Buffer.of(0x24)]));
	parser.push(frame(0, Buffer.of(1)));
	assert.equal(packets, 1);
});

test("what comes back from a peer begins no line of its own", () => {
	const [item] = parse(writeResponse(400, [["X", "a\r\nSession: 1"]], "", "bad\n\nthing"));
	assert.ok(item && "kind" in item);
	assert.deepEqual(headersOf(item, "session"), []);
	assert.deepEqual(headersOf(item, "x"), ["a Session: 1"]);
});

test("any cuts of any mixture give the same", () => {
	const parts = fc.array(fc.constantFrom(...table), { minLength: 1, maxLength: 8 });
	const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
	fc.assert(
		fc.property(parts, cuts, (chosen, shares) => {
			const bytes = Buffer.concat(chosen.map((part) => part.bytes));
			const places = [0, ...shares.map((share) => Math.floor(share * bytes.length)), bytes.length].sort(
				(a, b) => a - b,
			);
			const chunks = places.slice(1).map((place, i) => bytes.subarray(places[i], place));
			assert.deepEqual(
				parse(...chunks),
				chosen.flatMap((part) => part.items),
			);
		}),
		{ seed: 2 },
	);
});

test("noise and flipped bits are refused or read, never anything else", () => {
	const seeds = [...table, ...invalid].map((one) => one.bytes);
	fc.assert(
		fc.property(fc.constantFrom(...seeds), fc.nat(), fc.integer({ min: 0, max: 255 }), (seed, at, value) => {
			const bytes = Buffer.from(seed);
			bytes[at % bytes.length] = value;
			try {
				parse(bytes.subarray(0, at % 7), bytes.subarray(at % 7));
			} catch (error) {
				assert.ok(error instanceof RtspError);
			}
		}),
		{ seed: 3, numRuns: 2000 },
	);
});
