import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordReader, recordHeader, type UnitRecord } from "./records.ts";

const records: readonly UnitRecord[] = [
	{ timeNs: 0, capturedAt: undefined, bytes: Buffer.from([1]) },
	{ timeNs: 33_333_333, capturedAt: 1_732_100_000_001.5, bytes: Buffer.from([2, 3, 4, 5]) },
];

const stream = Buffer.concat(
	records.flatMap(({ timeNs, capturedAt, bytes }) => [recordHeader(bytes.length, timeNs, capturedAt), bytes]),
);

test("records: come back whole from every split in three", () => {
	for (let a = 0; a <= stream.length; a++) {
		for (let b = a; b <= stream.length; b++) {
			const got: UnitRecord[] = [];
			const reader = new RecordReader((record) => got.push(record));
			for (const chunk of [stream.subarray(0, a), stream.subarray(a, b), stream.subarray(b)]) reader.push(chunk);
			assert.deepEqual(got, records);
		}
	}
});

test("records: a length beyond any access unit is refused", () => {
	const reader = new RecordReader(() => assert.fail());
	assert.throws(() => reader.push(recordHeader(2 ** 31, 0, undefined)), /2147483648 bytes, at most 16777216/);
});
