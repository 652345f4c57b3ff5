import assert from "node:assert/strict";
import { test } from "node:test";
import { ChunkReader } from "./chunk-reader.ts";
import { chunked, writeMessages } from "./chunk-writer.ts";
import { type Message, setChunkSize, splitAggregate } from "./message.ts";

interface Seen {
	readonly type: number;
	readonly stream: number;
	readonly timestamp: number;
	readonly body: string;
}

interface Row {
	readonly name: string;
	readonly hex: string;
	readonly messages: readonly Seen[];
}

const body = (length: number, from = 0): Buffer => Buffer.from(Array.from({ length }, (_, i) => (from + i) & 0xff));
const hex = (length: number, from = 0): string => body(length, from).toString("hex");
const seen = (type: number, stream: number, timestamp: number, length: number, from = 0): Seen => {
	return { type, stream, timestamp, body: hex(length, from) };
};

/** Written by hand from RTMP 1.0 section 5.3. */
const table: readonly Row[] = [
	{
		name: "one chunk of type 0",
		hex: "06" + "0003e8" + "000003" + "09" + "01000000" + hex(3),
		messages: [seen(9, 1, 1000, 3)],
	},
	{
		name: "types 1, 2 and 3 take over what they leave out",
		hex:
			"06" +
			"0003e8" +
			"000003" +
			"09" +
			"01000000" +
			hex(3) +
			("46" + "000010" + "000002" + "08" + hex(2)) +
			("86" + "000005" + hex(2, 7)) +
			("c6" + hex(2, 9)),
		messages: [seen(9, 1, 1000, 3), seen(8, 1, 1016, 2), seen(8, 1, 1021, 2, 7), seen(8, 1, 1026, 2, 9)],
	},
	{
		name: "a message in three chunks of 128 bytes, another one between them",
		hex:
			"06" +
			"000000" +
			"00012c" +
			"09" +
			"01000000" +
			hex(128) +
			("04" + "000007" + "000001" + "08" + "01000000" + "ee") +
			("c6" + hex(128, 128)) +
			("c6" + hex(44, 256)),
		messages: [{ type: 8, stream: 1, timestamp: 7, body: "ee" }, seen(9, 1, 0, 300)],
	},
	{
		name: "chunk stream numbers of two and three bytes",
		hex:
			"00" +
			"24" +
			"000000" +
			"000001" +
			"12" +
			"00000000" +
			"aa" +
			("01" + "2401" + "000000" + "000001" + "12" + "00000000" + "bb"),
		messages: [
			{ type: 18, stream: 0, timestamp: 0, body: "aa" },
			{ type: 18, stream: 0, timestamp: 0, body: "bb" },
		],
	},
	{
		name: "an extended timestamp, told again in type 3",
		hex: `06ffffff${"000081"}0901000000${"01000000"}${hex(128)}c6${"01000000"}${hex(1, 128)}`,
		messages: [seen(9, 1, 0x0100_0000, 129)],
	},
	{
		name: "an extended timestamp that a sender does not tell again",
		hex: `06ffffff${"000084"}0901000000${"01000000"}${hex(128)}c6${hex(4, 128)}`,
		messages: [seen(9, 1, 0x0100_0000, 132)],
	},
	{
		name: "timestamps go round",
		hex: `06ffffff${"000001"}0901000000${"fffffff0"}aa` + "86" + "000020" + "bb",
		messages: [
			{ type: 9, stream: 1, timestamp: 0xffff_fff0, body: "aa" },
			{ type: 9, stream: 1, timestamp: 0x10, body: "bb" },
		],
	},
	{
		name: "a chunk size of 200",
		hex: `02${"000000"}${"000004"}01${"00000000"}${"000000c8"}06${"000000"}${"0000c8"}0901000000${hex(200)}`,
		messages: [seen(9, 1, 0, 200)],
	},
	{
		name: "a message that is given up",
		hex:
			"06" +
			"000000" +
			"00012c" +
			"09" +
			"01000000" +
			hex(128) +
			("02" + "000000" + "000004" + "02" + "00000000" + "00000006") +
			("06" + "000001" + "000001" + "09" + "01000000" + "cc"),
		messages: [{ type: 9, stream: 1, timestamp: 1, body: "cc" }],
	},
	{
		name: "an empty message",
		hex: "04" + "000000" + "000000" + "08" + "01000000",
		messages: [{ type: 8, stream: 1, timestamp: 0, body: "" }],
	},
];

function reader(out: Seen[], maxMessage = 65_536): ChunkReader {
	return new ChunkReader(maxMessage, ({ body: bytes, ...rest }) => out.push({ ...rest, body: bytes.toString("hex") }));
}

for (const { name, hex: text, messages } of table) {
	test(`chunks: ${name}, in every two pieces`, () => {
		const bytes = Buffer.from(text, "hex");
		for (let cut = 0; cut <= bytes.length; cut++) {
			const out: Seen[] = [];
			const chunks = reader(out);
			chunks.push(bytes.subarray(0, cut));
			chunks.push(bytes.subarray(cut));
			assert.deepEqual(out, messages, `cut at ${cut}`);
		}
	});
}

test("chunks: what is written is read again, byte by byte", () => {
	const nothing = Buffer.alloc(0);
	for (const chunkSize of [1, 7, 128, 65_536]) {
		for (const timestamp of [0, 0xff_fffe, 0xff_ffff, 0x0100_0000, 0xffff_ffff]) {
			for (const [head, data] of [
				[body(5), body(700, 5)],
				[nothing, body(chunkSize % 1000)],
				[body(3), nothing],
			] as const) {
				const out: Seen[] = [];
				const chunks = reader(out);
				chunks.push(writeMessages([setChunkSize(chunkSize)], 128));
				const parts = chunked({ type: 9, stream: 1, timestamp, head, data }, chunkSize);
				for (const byte of Buffer.concat(parts)) chunks.push(Buffer.of(byte));
				const whole = Buffer.concat([head, data]).toString("hex");
				assert.deepEqual(out, [{ type: 9, stream: 1, timestamp, body: whole }]);
			}
		}
	}
});

const broken = [
	["a message above the limit", "06" + "000000" + "010001" + "09" + "01000000", /65537 bytes, at most 65536/],
	["a chunk stream that begins with type 2", "86000000", /begins with a chunk of type 2/],
	["a chunk stream that begins with type 3", "c6", /begins with a chunk of type 3/],
	["a chunk size of 0", "02" + "000000" + "000004" + "01" + "00000000" + "00000000", /at least 1/],
] as const;

for (const [name, text, reason] of broken) {
	test(`chunks: refuses ${name}`, () => {
		assert.throws(() => reader([]).push(Buffer.from(text, "hex")), reason);
	});
}

test("chunks: what one peer may leave unfinished is bounded, in streams and in bytes", () => {
	const many = reader([], 1000);
	assert.throws(() => {
		for (let id = 64; id < 320; id++) many.push(Buffer.of(0, id - 64, 0, 0, 0, 0, 0, 1, 9, 1, 0, 0, 0, 1));
	}, /more than 64 chunk streams/);
	const large = reader([], 65_536);
	large.push(writeMessages([setChunkSize(65_000)], 128));
	const part = Buffer.concat([Buffer.from("000000010000" + "09" + "01000000", "hex"), body(65_000)]);
	assert.throws(() => {
		for (let id = 3; id < 40; id++) large.push(Buffer.concat([Buffer.of(id), part]));
	}, /bytes of unfinished messages, at most/);
});

test("aggregates: tags become messages that begin at the aggregate's time", () => {
	const tag = (type: number, time: number, data: string): string => {
		const length = (data.length / 2).toString(16).padStart(6, "0");
		const low = (time & 0xff_ffff).toString(16).padStart(6, "0");
		const back = (data.length / 2 + 11).toString(16).padStart(8, "0");
		return `${type.toString(16).padStart(2, "0")}${length}${low}${(time >>> 24).toString(16).padStart(2, "0")}000000${data}${back}`;
	};
	const text = tag(8, 0x0100_0000, "aabb") + tag(9, 0x0100_0014, "cc") + tag(22, 0, "dd") + "0900ffff";
	const message: Message = { type: 22, stream: 1, timestamp: 500, body: Buffer.from(text, "hex") };
	const messages = splitAggregate(message).map((one) => ({ ...one, body: one.body.toString("hex") }));
	assert.deepEqual(messages, [
		{ type: 8, stream: 1, timestamp: 500, body: "aabb" },
		{ type: 9, stream: 1, timestamp: 520, body: "cc" },
	]);
});
