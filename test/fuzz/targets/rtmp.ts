import assert from "node:assert/strict";
import { AmfError, decodeAmf, encodeAmf } from "../../../src/protocols/rtmp/amf0.ts";
import { ChunkReader } from "../../../src/protocols/rtmp/chunk-reader.ts";
import { writeMessages } from "../../../src/protocols/rtmp/chunk-writer.ts";
import { readCommand, writeCommand, writeData } from "../../../src/protocols/rtmp/command.ts";
import { Handshake } from "../../../src/protocols/rtmp/handshake.ts";
import { type Message, RtmpError, splitAggregate } from "../../../src/protocols/rtmp/message.ts";
import { readAudioTag, readVideoTag, tagHead } from "../../../src/wire/flv.ts";
import {
	readAacConfig,
	readAv1Config,
	readAvcConfig,
	readHevcConfig,
	readOpusHead,
	writeAvcConfig,
	writeHevcConfig,
	writeOpusHead,
} from "../../../src/wire/flv-configs.ts";
import { inPieces, type Target } from "../target.ts";

const hex = (text: string): Buffer => Buffer.from(text, "hex");

const avcConfig = writeAvcConfig([hex("6742c01ed9005005bb"), hex("68cb83cb20")]);
const hevcSets = ["40010c01ffff016000000300900000030000", "420101016000000300900000030000030078", "4401c172b46240"];
const hevcConfig = writeHevcConfig(hevcSets.map(hex));

const connect = { app: "live", tcUrl: "rtmp://h/live", fourCcList: ["hvc1", "*"] };

/** What clients and publishers say. */
export const commands: readonly Message[] = [
	writeCommand({ name: "connect", transaction: 1, stream: 0, values: [connect] }),
	writeCommand({ name: "createStream", transaction: 2, stream: 0, values: [null] }),
	writeCommand({ name: "publish", transaction: 3, stream: 1, values: [null, "s?user=u", "live"] }),
	writeCommand({ name: "play", transaction: 3, stream: 1, values: [null, "s"] }),
	writeCommand({ name: "deleteStream", transaction: 0, stream: 0, values: [null, 1] }),
];

/** Bodies of video messages; the first two are what publishers begin with. */
export const videoTags: readonly Buffer[] = [
	Buffer.concat([tagHead("h264", "config", 0), avcConfig]),
	Buffer.concat([tagHead("h264", true, 20), hex("0000000365aabb0000000241aa")]),
	Buffer.concat([tagHead("h264", false, -20), hex("0000000341aabb")]),
	Buffer.concat([tagHead("h265", "config", 0), hevcConfig]),
	Buffer.concat([tagHead("h265", true, 0), hex("000000042601aabb")]),
	Buffer.concat([tagHead("av1", true, 0), hex("12000a0b000000043cffbc02f800403201ff")]),
	hex("9702010203036176303100aabb"),
];

export const audioTags: readonly Buffer[] = [
	Buffer.concat([tagHead("aac", "config", 0), hex("1210")]),
	Buffer.concat([tagHead("aac", true, 0), hex("aabbcc")]),
	Buffer.concat([tagHead("opus", "config", 0), writeOpusHead(2)]),
	Buffer.concat([tagHead("opus", true, 0), hex("fc01")]),
	Buffer.concat([tagHead("pcma", true, 0), hex("d5d5")]),
];

const tags = [...videoTags, ...audioTags];
const aggregate = hex("080000020000000000000072d50000000d090000020000140000001700aabbccdd");

const amf: Target = {
	corpus: [
		...commands.map(({ body }) => body),
		writeData(1, "@setDataFrame", "onMetaData", new Map([["videocodecid", 7]])).body,
		encodeAmf([1, { a: [null, undefined, "x".repeat(300)] }], new Map([["k", true]])),
	],
	errors: [AmfError],
	take: (input) => {
		const values = decodeAmf(input);
		assert.deepEqual(decodeAmf(encodeAmf(...values)), values);
	},
};

const MAX_MESSAGE = 2000;

const rtmpChunks: Target = {
	corpus: [128, 4096].flatMap((size) => [
		writeMessages(commands, size),
		writeMessages(
			tags.map((body, i) => ({ type: 9, stream: 1, timestamp: i * 0x00ff_fff0, body })),
			size,
		),
	]),
	errors: [RtmpError],
	take: (input) => {
		const messages: Message[] = [];
		const chunks = new ChunkReader(MAX_MESSAGE, (message) => {
			assert.ok(message.body.length <= MAX_MESSAGE && message.timestamp < 2 ** 32);
			messages.push(message);
		});
		inPieces(input, (piece) => chunks.push(piece));
		const again: Message[] = [];
		// The chunk size of the messages that came does not matter here: those of the protocol itself are not handed on.
		new ChunkReader(MAX_MESSAGE, (message) => again.push(message)).push(writeMessages(messages, 128));
		assert.deepEqual(again, messages);
	},
};

const rtmpHandshake: Target = {
	corpus: [
		Buffer.concat([Buffer.of(3), Buffer.alloc(1536, 1), Buffer.alloc(1536, 2), hex("020000000000")]),
		Buffer.concat([Buffer.of(6), Buffer.alloc(1536, 1)]),
	],
	errors: [RtmpError],
	take: (input) => {
		for (const side of ["server", "client"] as const) {
			const handshake = new Handshake(side, Buffer.alloc(1528, 7));
			let isOver = false;
			inPieces(input, (piece) => {
				if (!isOver) isOver = handshake.push(piece).rest !== undefined;
			});
		}
	},
};

const rtmpCommands: Target = {
	corpus: commands.map(({ body }) => body),
	errors: [AmfError, RtmpError],
	take: (body) => void readCommand({ type: 20, stream: 0, timestamp: 0, body }),
};

const flv: Target = {
	corpus: [...tags, aggregate],
	errors: [],
	take: (body) => {
		for (const tag of [readVideoTag(body), readAudioTag(body)]) {
			assert.ok(!("data" in tag) || tag.data.length <= body.length);
		}
		const inner = splitAggregate({ type: 22, stream: 1, timestamp: 9, body });
		assert.ok(inner.reduce((sum, one) => sum + one.body.length, 0) <= body.length);
	},
};

const decoderConfigs: Target = {
	corpus: [
		avcConfig,
		hevcConfig,
		hex("1210"),
		hex("2b920800"),
		writeOpusHead(2),
		hex("81000c000a0b000000043cffbc02f80040"),
	],
	errors: [],
	take: (input) => {
		const avc = readAvcConfig(input);
		assert.ok(!avc || (avc.lengthBytes >= 1 && avc.lengthBytes <= 4));
		readHevcConfig(input);
		const aac = readAacConfig(input);
		assert.ok(!aac || aac.sampleRate > 0);
		readOpusHead(input);
		readAv1Config(input);
	},
};

/** RTMP and what it carries. */
export const rtmpTargets: Readonly<Record<string, Target>> = {
	amf,
	"rtmp-chunks": rtmpChunks,
	"rtmp-handshake": rtmpHandshake,
	"rtmp-commands": rtmpCommands,
	flv,
	"decoder-configs": decoderConfigs,
};
