import assert from "node:assert/strict";
import { createCipheriv, createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { skipFor } from "../../test/support/peers.ts";
import { openSslOrReason } from "./openssl.ts";
import { packetCiphers } from "./openssl-ciphers.ts";

const loaded = openSslOrReason();
const skip = skipFor("reason" in loaded ? loaded.reason : undefined);

describe("packet ciphers", { skip }, () => {
	const ciphers = "openSsl" in loaded ? packetCiphers(loaded.openSsl) : undefined;
	assert.ok(ciphers || "reason" in loaded);
	if (!ciphers) return;
	const bytes = (length: number, start: number) => Uint8Array.from({ length }, (_, index) => index * 7 + start);
	const [key, iv, aad] = [bytes(16, 1), bytes(12, 2), bytes(20, 3)];

	for (const length of [0, 1, 16, 1_200]) {
		const plain = bytes(length, 4);
		it(`seal and open ${length} bytes as node:crypto does, in place too`, () => {
			const cipher = createCipheriv("aes-128-gcm", key, iv).setAAD(aad);
			const expected = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
			const out = new Uint8Array(length + 16);
			ciphers.seal(key, iv, aad, plain, out);
			assert.deepEqual(Buffer.from(out), expected);
			assert.ok(ciphers.open(key, iv, aad, out, out.subarray(0, length)));
			assert.deepEqual(out.subarray(0, length), plain);
		});
		it(`refuse ${length} bytes with a wrong tag`, () => {
			const out = new Uint8Array(length + 16);
			ciphers.seal(key, iv, aad, plain, out);
			out[length + 3]! ^= 1;
			assert.ok(!ciphers.open(key, iv, aad, out, new Uint8Array(length)));
		});
		it(`run in counter mode over ${length} bytes`, () => {
			for (const size of [16, 24, 32]) {
				const expected = createCipheriv(`aes-${8 * size}-ctr`, bytes(size, 5), bytes(16, 9)).update(plain);
				const out = plain.slice();
				ciphers.counter(bytes(size, 5), bytes(16, 9), out, out);
				assert.deepEqual(Buffer.from(out), expected);
			}
		});
		it(`sign ${length} bytes`, () => {
			assert.deepEqual(Buffer.from(ciphers.hmacSha1(key, plain)), createHmac("sha1", key).update(plain).digest());
		});
	}

	it("check every length before OpenSSL sees it", () => {
		assert.ok(!ciphers.open(key, iv, aad, bytes(15, 0), new Uint8Array(0)));
		assert.throws(() => ciphers.seal(key, iv, aad, bytes(10, 0), new Uint8Array(25)), RangeError);
		assert.throws(() => ciphers.seal(bytes(15, 0), iv, aad, bytes(1, 0), new Uint8Array(17)), RangeError);
		assert.throws(() => ciphers.seal(key, bytes(11, 0), aad, bytes(1, 0), new Uint8Array(17)), RangeError);
		assert.throws(() => ciphers.counter(bytes(17, 0), bytes(16, 0), bytes(1, 0), new Uint8Array(1)), RangeError);
		assert.throws(() => ciphers.counter(key, iv, bytes(1, 0), new Uint8Array(1)), RangeError);
		assert.throws(() => ciphers.counter(key, bytes(16, 0), bytes(2, 0), new Uint8Array(1)), RangeError);
	});
});
