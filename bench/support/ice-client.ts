import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import type { HmacSha1 } from "../../src/wire/stun.ts";

/** STUN as a browser sends it: binding requests of the controlling agent, RFC 8445 section 7. */

const COOKIE = 0x2112a442;
const USERNAME = 0x0006;
const INTEGRITY = 0x0008;
const PRIORITY = 0x0024;
const USE_CANDIDATE = 0x0025;
const FINGERPRINT = 0x8028;
const CONTROLLING = 0x802a;
const HEADER_BYTES = 20;
const INTEGRITY_BYTES = 24;
const FINGERPRINT_BYTES = 8;
const FINGERPRINT_XOR = 0x5354554e;
const HOST_PRIORITY = 0x6e7f1eff;

function attribute(type: number, value: Uint8Array): Buffer {
	const out = Buffer.alloc(4 + ((value.length + 3) & ~3));
	out.writeUInt16BE(type, 0);
	out.writeUInt16BE(value.length, 2);
	out.set(value, 4);
	return out;
}

function u32(value: number): Buffer {
	const out = Buffer.alloc(4);
	out.writeUInt32BE(value >>> 0);
	return out;
}

/** A request that nominates the pair it is sent on. `username` is `server:client`, `key` the server's password. */
export function check(username: string, key: Uint8Array, hmac: HmacSha1): Buffer {
	const body = Buffer.concat([
		attribute(USERNAME, Buffer.from(username)),
		attribute(CONTROLLING, Buffer.alloc(8, 1)),
		attribute(USE_CANDIDATE, Buffer.alloc(0)),
		attribute(PRIORITY, u32(HOST_PRIORITY)),
	]);
	const out = Buffer.alloc(HEADER_BYTES + body.length + INTEGRITY_BYTES + FINGERPRINT_BYTES);
	out.writeUInt16BE(1, 0);
	out.writeUInt32BE(COOKIE, 4);
	randomBytes(12).copy(out, 8);
	body.copy(out, HEADER_BYTES);
	const integrityAt = HEADER_BYTES + body.length;
	out.writeUInt16BE(body.length + INTEGRITY_BYTES, 2);
	attribute(INTEGRITY, hmac(key, out.subarray(0, integrityAt))).copy(out, integrityAt);
	out.writeUInt16BE(out.length - HEADER_BYTES, 2);
	const end = integrityAt + INTEGRITY_BYTES;
	attribute(FINGERPRINT, u32(crc32(out.subarray(0, end)) ^ FINGERPRINT_XOR)).copy(out, end);
	return out;
}
