import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
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

	it("are found whatever the pieces are", () => {
		const chunks = fc.array(fc.nat(40), { maxLength: 20 });
		fc.assert(
			fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), chunks, (sent, sizes) => {
				const bytes = Buffer.concat(sent.map(frameDatagram));
				const deframer = new Deframer(60);
				const found: Buffer[] = [];
				let at = 0;
				for (const size of [...sizes, bytes.length]) {
					assert.ok(deframer.push(bytes.subarray(at, at + size), (datagram) => found.push(Buffer.from(datagram))));
					at = Math.min(bytes.length, at + size);
				}
				assert.deepEqual(found, sent.map(Buffer.from));
				assert.equal(deframer.taken, sent.length);
			}),
			{ seed: 21, numRuns: 10_000 },
		);
	});

	it("are at most as large as the limit, whatever comes; what is larger ends the connection there", () => {
		fc.assert(
			fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 8 }), fc.nat(300), (chunks, limit) => {
				const deframer = new Deframer(limit);
				let used = 0;
				let came = 0;
				const good = chunks.every((chunk) => {
					came += chunk.length;
					return deframer.push(Buffer.from(chunk), (datagram) => {
						assert.ok(datagram.length <= limit);
						used += 2 + datagram.length;
					});
				});
				assert.ok(used <= came);
				const rest = Buffer.concat(chunks).subarray(used);
				const announced = rest.length >= 2 ? rest.readUInt16BE() : undefined;
				if (good) assert.ok(announced === undefined || (announced <= limit && announced > rest.length - 2));
				else assert.ok(announced !== undefined && announced > limit);
			}),
			{ seed: 22, numRuns: 10_000 },
		);
	});
});
