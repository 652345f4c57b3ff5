import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress, parseAddress, parseCidr } from "./address.ts";

test("addresses", () => {
	const table: readonly (readonly [string, string, number])[] = [
		[":8080", "", 8080],
		["127.0.0.1:9997", "127.0.0.1", 9997],
		["[::1]:80", "::1", 80],
		["[fe80::1%eth0]:80", "fe80::1%eth0", 80],
		["localhost:0", "localhost", 0],
		["relay.example.org:443", "relay.example.org", 443],
	];
	for (const [text, host, port] of table) {
		assert.deepEqual(parseAddress(text), { host, port }, text);
		assert.equal(formatAddress({ host, port }), text);
	}
});

test("what is no address is refused", () => {
	const bad = ["", "8080", ":", ":65536", ":-1", "::1:80", "[::1]", "[1.2.3.4]:80", "1.2.3:80", "256.0.0.1:80"];
	for (const text of [...bad, "a b:80", "-a:80", "http://a:80", "[::1]x:80", ":80 ", `${"a".repeat(300)}:1`]) {
		assert.equal(parseAddress(text), undefined, text);
	}
});

test("ranges", () => {
	assert.deepEqual(parseCidr("10.0.0.0/8"), { network: "10.0.0.0", prefix: 8, family: "ipv4" });
	assert.deepEqual(parseCidr("192.0.2.1"), { network: "192.0.2.1", prefix: 32, family: "ipv4" });
	assert.deepEqual(parseCidr("2001:db8::/32"), { network: "2001:db8::", prefix: 32, family: "ipv6" });
	for (const text of ["", "10.0.0.0/33", "10.0.0.0/", "::/129", "10.0.0/8", "a/8", "10.0.0.0/8/8", "10.0.0.0/-1"]) {
		assert.equal(parseCidr(text), undefined, text);
	}
});

test("an address that is read can be written and read again", () => {
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom(..."0189.:[]af%-") }), (text) => {
			const address = parseAddress(text);
			if (address) assert.deepEqual(parseAddress(formatAddress(address)), address);
			parseCidr(text);
		}),
		{ seed: 3, numRuns: 10_000 },
	);
});
