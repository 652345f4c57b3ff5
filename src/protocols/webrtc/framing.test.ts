import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Deframer, frameDatagram } from "./framing.ts";

describe("datagrams over TCP", () => {
	const datagrams = [Buffer.from("abc"), Buffer.alloc(0), Buffer.alloc(300, 7)];
	const stream = Buffer.concat(datagrams.map(frameDatagram));

	it("are found at every two-way split", () => {
		for (let split = 0; split <= stream.length; split++) {
			const deframer = new Deframer(300);
			const found: Buffer[] = [];
			const take = (datagram: Buffer) => found.push(Buffer.from(datagram));
			assert.ok(deframer.push(stream.subarray(0, split), take));
			assert.ok(deframer.push(stream.subarray(split), take));
			assert.deepEqual(found, datagrams);
		}
	});

	it("above the limit are refused before they are there", () => {
		assert.ok(!new Deframer(299).push(stream.subarray(0, 9), () => {}));
	});

	it("above 65,535 bytes are not written", () => {
		assert.throws(() => frameDatagram(Buffer.alloc(65_536)), RangeError);
	});
});
