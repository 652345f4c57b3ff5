import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
	bindingError,
	bindingRequest,
	bindingSuccess,
	type HmacSha1,
	isStun,
	parseStun,
	stunUser,
	verifyStun,
} from "./stun.ts";
import { addressBytes, addressText } from "./stun-address.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
const hmac: HmacSha1 = (key, data) => createHmac("sha1", key).update(data).digest();
const key = new TextEncoder().encode("VOkJxbRl1RmTxUk/WvJxBt");
const transaction = hex("b7e7a701bc34d686fa87dfae");

// RFC 5769 sections 2.1 to 2.3.
const request = hex(`00010058 2112a442 b7e7a701bc34d686fa87dfae
	80220010 5354554e207465737420636c69656e74 00240004 6e0001ff 80290008 932ff9b151263b36
	00060009 6576746a3a68367659202020 00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf`);
const response4 = hex(`0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220
	00200008 0001a147e112a643 00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96`);
const response6 = hex(`01010048 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220
	00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9 00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c`);

describe("STUN", () => {
	it("reads the request of RFC 5769 and proves its password", () => {
		const message = parseStun(request);
		assert.ok(message);
		assert.deepEqual(
			[message.kind, message.method, message.username, message.priority, message.role, message.useCandidate],
			["request", 1, "evtj:h6vY", 0x6e0001ff, "controlled", false],
		);
		assert.deepEqual(message.unknown, []);
		assert.ok(verifyStun(request, message, key, hmac));
		assert.ok(!verifyStun(request, message, new TextEncoder().encode("wrong"), hmac));
	});

	it("finds the user of a request without reading more", () => {
		assert.equal(stunUser(request), "evtj");
		assert.equal(stunUser(response4), "");
		for (let length = 0; length < request.length; length++) stunUser(request.subarray(0, length));
		assert.equal(stunUser(hex("00010008 2112a442 000000000000000000000000 00060004 61626364")), "");
		assert.equal(stunUser(hex("00010008 2112a442 000000000000000000000000 0006ffff 613a6364")), "");
	});

	it("reads the responses of RFC 5769", () => {
		for (const [bytes, address] of [
			[response4, "192.0.2.1"],
			[response6, "2001:db8:1234:5678:11:2233:4455:6677"],
		] as const) {
			const message = parseStun(bytes);
			assert.ok(message);
			assert.equal(message.kind, "success");
			assert.deepEqual(message.mapped, { address, port: 32_853 });
			assert.ok(verifyStun(bytes, message, key, hmac));
		}
	});

	it("writes what it reads", () => {
		const written = bindingSuccess(transaction, { address: "2001:db8::7", port: 4000 }, key, hmac);
		const success = parseStun(written);
		assert.deepEqual(success?.mapped, { address: "2001:db8:0:0:0:0:0:7", port: 4000 });
		assert.ok(success && verifyStun(written, success, key, hmac));

		const asked = bindingRequest(
			transaction,
			{ username: "a:b", priority: 77, tieBreaker: new Uint8Array(8) },
			key,
			hmac,
		);
		const ask = parseStun(asked);
		assert.deepEqual([ask?.kind, ask?.username, ask?.priority, ask?.role], ["request", "a:b", 77, "controlled"]);
		assert.ok(ask && verifyStun(asked, ask, key, hmac));

		const refused = parseStun(bindingError(transaction, 420, "Unknown Attribute", hmac, { key, unknown: [0x7777] }));
		assert.deepEqual([refused?.kind, refused?.errorCode], ["error", 420]);
		assert.deepEqual(refused?.transaction, transaction);
	});

	it("names what it had to understand and did not", () => {
		const bytes = hex("00010008 2112a442 000000000000000000000000 77770001 00000000");
		assert.deepEqual(parseStun(bytes)?.unknown, [0x7777]);
	});

	it("refuses any request with one bit turned, or does not believe it", () => {
		// What stands behind MESSAGE-INTEGRITY is the 8 bytes of FINGERPRINT.
		for (let bit = 0; bit < (request.length - 8) * 8; bit++) {
			const bytes = request.slice();
			bytes[bit >> 3]! ^= 1 << (bit & 7);
			const message = parseStun(bytes);
			assert.ok(!message || !verifyStun(bytes, message, key, hmac), `bit ${bit}`);
		}
	});

	it("refuses a message cut short or with more behind it", () => {
		for (let length = 0; length < request.length; length++) {
			assert.equal(parseStun(request.subarray(0, length)), undefined);
		}
		assert.equal(parseStun(Uint8Array.from([...request, 0, 0, 0, 0])), undefined);
		assert.ok(!isStun(hex("80600001")));
	});

	it("survives any attributes", () => {
		const head = hex("00010000 2112a442 000000000000000000000000");
		const known = fc.constantFrom(0x06, 0x08, 0x09, 0x20, 0x24, 0x25, 0x8028, 0x8029, 0x1234);
		fc.assert(
			fc.property(fc.array(fc.tuple(known, fc.uint8Array({ maxLength: 40 }), fc.nat(60))), (attributes) => {
				const body = attributes.flatMap(([type, value, length]) => [type >> 8, type & 255, 0, length, ...value]);
				const bytes = Uint8Array.from([...head, ...body]);
				bytes[2] = body.length >> 8;
				bytes[3] = body.length;
				const message = parseStun(bytes);
				if (message) verifyStun(bytes, message, key, hmac);
			}),
			{ seed: 4, numRuns: 2_000 },
		);
	});
});

describe("addresses", () => {
	const table: [string, string | undefined][] = [
		["192.0.2.1", "c0000201"],
		["::", "00000000000000000000000000000000"],
		["::1", "00000000000000000000000000000001"],
		["fe80::1%eth0", "fe800000000000000000000000000001"],
		["2001:db8::7", "20010db8000000000000000000000007"],
		["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
		["::ffff:192.0.2.1", "c0000201"],
		["256.1.1.1", undefined],
		["1.2.3", undefined],
		["1:2:3", undefined],
		["1::2::3", undefined],
		["12345::", undefined],
		["host", undefined],
		["", undefined],
	];
	for (const [text, bytes] of table) {
		it(`reads "${text}"`, () => assert.deepEqual(addressBytes(text), bytes === undefined ? undefined : hex(bytes)));
	}
	it("are written and read back", () => {
		const bytes = fc.oneof(
			fc.uint8Array({ minLength: 4, maxLength: 4 }),
			fc.uint8Array({ minLength: 16, maxLength: 16 }),
		);
		fc.assert(
			fc.property(bytes, (value) => assert.deepEqual(addressBytes(addressText(value)), value)),
			{ seed: 5 },
		);
	});
});
