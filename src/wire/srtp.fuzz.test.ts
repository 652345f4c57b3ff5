import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { primitives } from "../../test/support/srtp-primitives.ts";
import { writeRtpHeader } from "./rtp.ts";
import { deriveKeys, SrtpReceiver, SrtpSender } from "./srtp.ts";

/** A packet with so many contributing sources, with or without an extension of one word. */
function packet(sequence: number, sources: number, extended: boolean, payload: Uint8Array): Uint8Array {
	const header = 12 + sources * 4 + (extended ? 8 : 0);
	const bytes = new Uint8Array(header + payload.length);
	writeRtpHeader(bytes, 0, 96, false, sequence, 1, 7);
	bytes[0] = 0x80 | sources | (extended ? 0x10 : 0);
	if (extended) bytes.set([0xbe, 0xde, 0, 1, 0x10, 5, 0, 0], header - 8);
	bytes.set(payload, header);
	return bytes;
}

/** What became of a packet on its way: bits turned, an end cut off, bytes added, or other bytes altogether. */
const damage = fc.oneof(
	fc.record({ turn: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }) }),
	fc.record({ cut: fc.nat() }),
	fc.record({ add: fc.uint8Array({ minLength: 1, maxLength: 20 }) }),
	fc.record({ noise: fc.uint8Array({ maxLength: 120, size: "max" }) }),
);
type Damage = { turn?: number[]; cut?: number; add?: Uint8Array; noise?: Uint8Array };

/** The damaged packet; undefined where it is the same as before. */
function spoil(good: Uint8Array, { turn = [], cut, add, noise }: Damage): Uint8Array | undefined {
	let bytes = noise ? noise.slice() : good.slice();
	for (const at of turn) bytes[(at >> 3) % bytes.length]! ^= 1 << (at & 7);
	if (cut !== undefined) bytes = bytes.slice(0, cut % bytes.length);
	if (add) bytes = Uint8Array.from([...bytes, ...add]);
	return Buffer.compare(bytes, good) === 0 ? undefined : bytes;
}

for (const profile of ["gcm", "cm"] as const) {
	suite(`damaged packets with ${profile}`, () => {
		const master = { key: new Uint8Array(16).fill(3), salt: new Uint8Array(profile === "gcm" ? 12 : 14).fill(5) };
		const keys = deriveKeys(profile, master, primitives);

		// One receiver for all runs: no damaged packet may have moved its window, or a genuine one would be refused.
		test("are refused, and the genuine one is taken all the same, once", () => {
			const sender = new SrtpSender(keys, primitives);
			const receiver = new SrtpReceiver(keys, primitives);
			let count = 0;
			fc.assert(
				fc.property(
					damage,
					fc.nat(15),
					fc.boolean(),
					fc.uint8Array({ maxLength: 60 }),
					(kind, sources, extended, payload) => {
						const index = count++;
						const plain = packet(index & 0xffff, sources, extended, payload);
						const sealed = sender.rtp(plain, index >> 16)!;
						const spoilt = spoil(sealed, kind);
						if (spoilt) assert.equal(receiver.rtp(spoilt), undefined);
						assert.deepEqual(Buffer.from(receiver.rtp(sealed.slice())!), Buffer.from(plain));
						assert.equal(receiver.rtp(sealed), undefined);
					},
				),
				{ seed: 11, numRuns: 2_500, endOnFailure: true },
			);
		});

		test("of RTCP likewise", () => {
			const sender = new SrtpSender(keys, primitives);
			const receiver = new SrtpReceiver(keys, primitives);
			fc.assert(
				fc.property(damage, fc.uint8Array({ maxLength: 60 }), (kind, payload) => {
					const plain = Uint8Array.from([0x80, 200, 0, 1, 0, 0, 0, 7, ...payload]);
					const sealed = sender.rtcp(plain);
					const spoilt = spoil(sealed, kind);
					if (spoilt) assert.equal(receiver.rtcp(spoilt), undefined);
					assert.deepEqual(Buffer.from(receiver.rtcp(sealed.slice())!), Buffer.from(plain));
					assert.equal(receiver.rtcp(sealed), undefined);
				}),
				{ seed: 12, numRuns: 2_500, endOnFailure: true },
			);
		});
	});
}
