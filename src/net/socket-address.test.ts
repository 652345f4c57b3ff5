import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeSocketAddress, encodeSocketAddress } from "./socket-address.ts";

const table = [
	{ address: "127.0.0.1", port: 8189, hex: "02001ffd7f0000010000000000000000" },
	{ address: "255.255.255.255", port: 65_535, hex: "0200ffffffffffff0000000000000000" },
	{ address: "::1", port: 8189, hex: "0a001ffd00000000000000000000000000000000000000010000 0000" },
	{ address: "2001:db8::42:0", port: 1, hex: "0a0000010000000020010db8000000000000000000420000 00000000" },
	{ address: "fe80::1%3", port: 2, hex: "0a00000200000000fe800000000000000000000000000001 03000000" },
	{ address: "::ffff:10.0.0.1", port: 3, hex: "0a0000030000000000000000000000000000ffff0a000001 00000000" },
];

for (const { address, port, hex } of table) {
	test(`${address} port ${port}`, () => {
		const bytes = encodeSocketAddress(address, port);
		assert.equal(Buffer.from(bytes).toString("hex"), hex.replaceAll(" ", ""));
		const back = decodeSocketAddress(bytes, 0, bytes.length);
		assert.deepEqual(encodeSocketAddress(back.address, back.port), bytes);
	});
}

for (const address of [
	"",
	"1.2.3",
	"1.2.3.256",
	"a.b.c.d",
	"1::2::3",
	"1:2:3",
	"::12345",
	"::g",
	"1:2:3:4:5:6:7:8:9",
]) {
	test(`"${address}" is no address`, () => assert.throws(() => encodeSocketAddress(address, 1), RangeError));
}

test("65,536 is no port", () => assert.throws(() => encodeSocketAddress("127.0.0.1", 65_536), RangeError));
