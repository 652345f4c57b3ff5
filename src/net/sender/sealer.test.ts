import assert from "node:assert/strict";
import { createCipheriv, createHmac } from "node:crypto";
import { test } from "node:test";
import { skipFor } from "../../../test/support/peers.ts";
import { Pool } from "../pool.ts";
import { Destination } from "./destination.ts";
import { openEvp } from "./evp.ts";
import {
	NO_RTX,
	PROTECTION_CM,
	PROTECTION_GCM,
	RECORD,
	RECORD_BYTES,
	RECORD_TAKEN,
	THREAD_BYTES,
	TRACK,
} from "./layout.ts";
import { viewMemory } from "./memory.ts";
import { Sealer } from "./sealer.ts";

const evp = openEvp();

function hex(text: string): Buffer {
	return Buffer.from(text.replaceAll(/\s/g, ""), "hex");
}

/** A sealer and one destination with a single track. */
function rig(protection: number, ssrc: number, key: Buffer, salt: Buffer, authKey: Buffer = Buffer.alloc(0)) {
	assert.ok(evp);
	const pool = new Pool(1024 * 1024);
	const memory = viewMemory(pool.shared, pool.address);
	const sealer = new Sealer(memory, evp, pool.allocate(THREAD_BYTES));
	const record = pool.allocate(RECORD_BYTES);
	const { bytes, words } = memory;
	words[(record + RECORD.state) >> 2] = RECORD_TAKEN;
	words[(record + RECORD.protection) >> 2] = protection;
	bytes.set(key, record + RECORD.key);
	bytes.set(salt, record + RECORD.salt);
	bytes.set(authKey, record + RECORD.authKey);
	words[(record + RECORD.tracks + TRACK.taken) >> 2] = 1;
	words[(record + RECORD.tracks + TRACK.ssrc) >> 2] = ssrc;
	words[(record + RECORD.tracks + TRACK.rtxPayloadType) >> 2] = NO_RTX;
	const destination = new Destination(memory, record, 0);
	assert.ok(sealer.open(destination));
	const arena = pool.allocate(65_536);
	const place = (packet: Buffer): { at: number; payload: number; length: number } => {
		bytes.set(packet.subarray(0, 12), arena);
		bytes.set(packet.subarray(12), arena + 8192);
		return { at: arena, payload: arena + 8192, length: packet.length - 12 };
	};
	return { sealer, destination, record, bytes, arena, place, nonce: destination.tracks[0]!.nonce };
}

const skip = skipFor(evp ? undefined : "no OpenSSL without foreign functions");

test("AEAD_AES_128_GCM: the packet of RFC 7714 section 16.1.1", { skip }, () => {
	const key = hex("000102030405060708090a0b0c0d0e0f");
	const salt = hex("517569642070726f2071756f");
	const packet = hex(`8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070
		61727465 73207472 6573`);
	const sealed = hex(`8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a
		51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`);
	const { sealer, destination, bytes, arena, place, nonce } = rig(PROTECTION_GCM, 0x5501_a0b2, key, salt);
	const { at, payload, length } = place(packet);
	assert.ok(sealer.gcm(destination.context, nonce, 0xf17b, at, payload, length));
	assert.deepEqual(Buffer.from(bytes.subarray(arena, arena + sealed.length)), sealed);
	sealer.close(destination);
});

test("AES_CM_128_HMAC_SHA1_80 (RFC 3711): every length around a block of SHA-1", { skip }, () => {
	const key = hex("e1f97a0d3e018be0d64fa32c06de4139");
	const salt = hex("0ec675ad498afeebb6960b3aabe6");
	const authKey = hex("cebe321f6ff7716b6fd4ab49af256a156d38baa4");
	const ssrc = 0xcafe_babe;
	const { sealer, destination, bytes, arena, place, nonce } = rig(PROTECTION_CM, ssrc, key, salt, authKey);
	for (let size = 0; size < 200; size++) {
		const index = 0x1_fff0 + size;
		const packet = Buffer.alloc(12 + size, size);
		const { at, payload, length } = place(packet);
		assert.ok(sealer.cm(destination, nonce, index, at, payload, length));
		const iv = Buffer.alloc(16);
		iv.writeUInt32BE(ssrc, 4);
		iv.writeUIntBE(index, 8, 6);
		for (let i = 0; i < 14; i++) iv[i]! ^= salt[i]!;
		const cipher = createCipheriv("aes-128-ctr", key, iv).update(packet.subarray(12));
		const rollover = Buffer.from([0, 0, 0, index >>> 16]);
		const whole = Buffer.concat([packet.subarray(0, 12), cipher]);
		const tag = createHmac("sha1", authKey).update(whole).update(rollover).digest().subarray(0, 10);
		const wanted = Buffer.concat([whole, tag]);
		assert.deepEqual(Buffer.from(bytes.subarray(arena, arena + wanted.length)), wanted);
	}
	sealer.close(destination);
});

test("the key is erased in shared memory as soon as the cipher has it", { skip }, () => {
	const [key, authKey] = [Buffer.alloc(16, 0xaa), Buffer.alloc(20, 0xbb)];
	for (const protection of [PROTECTION_GCM, PROTECTION_CM]) {
		const { sealer, destination, bytes, record } = rig(protection, 1, key, Buffer.alloc(14, 0xcc), authKey);
		const left = Buffer.from(bytes.subarray(record, record + RECORD_BYTES));
		assert.equal(left.indexOf(Buffer.alloc(4, 0xaa)), -1);
		assert.equal(left.indexOf(Buffer.alloc(4, 0xbb)), -1);
		sealer.close(destination);
		assert.equal(destination.context, 0);
	}
});
