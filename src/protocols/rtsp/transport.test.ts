import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseTransports, type Transport, writeTransport } from "./transport.ts";

const table: { name: string; text: string; value: Transport[]; written?: string }[] = [
	{
		name: "ffmpeg plays over TCP",
		text: "RTP/AVP/TCP;unicast;interleaved=0-1",
		value: [{ lower: "tcp", mode: "play", interleaved: [0, 1] }],
		written: "RTP/AVP/TCP;unicast;interleaved=0-1",
	},
	{
		name: "ffmpeg plays over UDP",
		text: "RTP/AVP/UDP;unicast;client_port=21734-21735",
		value: [{ lower: "udp", mode: "play", clientPort: [21734, 21735] }],
		written: "RTP/AVP;unicast;client_port=21734-21735",
	},
	{
		name: "ffmpeg publishes",
		text: "RTP/AVP/TCP;unicast;interleaved=2-3;mode=record",
		value: [{ lower: "tcp", mode: "record", interleaved: [2, 3] }],
		written: "RTP/AVP/TCP;unicast;interleaved=2-3;mode=record",
	},
	{
		name: "GStreamer publishes",
		text: 'RTP/AVP;unicast;client_port=5000-5001;mode="RECORD"',
		value: [{ lower: "udp", mode: "record", clientPort: [5000, 5001] }],
	},
	{
		name: "GStreamer offers everything",
		text: "RTP/AVP;unicast;client_port=60276-60277,RTP/AVP;multicast,RTP/SAVP;unicast;client_port=1-2,RTP/AVP/TCP;unicast",
		value: [
			{ lower: "udp", mode: "play", clientPort: [60276, 60277] },
			{ lower: "tcp", mode: "play" },
		],
	},
	{
		name: "a server's answer",
		text: "RTP/AVP/UDP;unicast;source=127.0.0.1;client_port=3056;server_port=5000-5001;ssrc=0000AB12",
		value: [{ lower: "udp", mode: "play", clientPort: [3056, 3057], serverPort: [5000, 5001], ssrc: 0xab12 }],
		written: "RTP/AVP;unicast;client_port=3056-3057;server_port=5000-5001;ssrc=0000AB12",
	},
	{
		name: "destination is ignored",
		text: "RTP/AVP;unicast;destination=9.9.9.9",
		value: [{ lower: "udp", mode: "play" }],
	},
	{ name: "ports that are none", text: "RTP/AVP;client_port=1-70000", value: [{ lower: "udp", mode: "play" }] },
	{ name: "channels that are none", text: "RTP/AVP/TCP;interleaved=255", value: [{ lower: "tcp", mode: "play" }] },
	{ name: "nothing known", text: "RAW/RAW/UDP;unicast", value: [] },
	{ name: "nothing", text: "", value: [] },
];

test("transports are read and written", () => {
	for (const { name, text, value, written } of table) {
		assert.deepEqual(parseTransports(text), value, name);
		if (written && value[0]) assert.equal(writeTransport(value[0]), written, name);
	}
});

test("what is written is read again", () => {
	for (const { name, value } of table) {
		for (const transport of value) assert.deepEqual(parseTransports(writeTransport(transport)), [transport], name);
	}
});

test("no text breaks the parser", () => {
	const pieces = fc.constantFrom(
		"RTP/AVP",
		"/TCP",
		";",
		",",
		"interleaved=",
		"client_port=",
		"1-2",
		"-",
		'"',
		"mode=",
		"ssrc=",
	);
	fc.assert(
		fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 20 }), (parts) => {
			for (const transport of parseTransports(parts.join(""))) {
				for (const number of transport.interleaved ?? []) assert.ok(number <= 255);
				for (const number of transport.clientPort ?? []) assert.ok(number <= 65_535);
			}
		}),
		{ seed: 4 },
	);
});
