import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { primitives } from "../../test/support/srtp-primitives.ts";
import { deriveKeys, type SrtpKeys, SrtpReceiver, SrtpSender } from "./srtp.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

/** Keys whose every part is the same, as the RFC's vectors have them. */
function plainKeys(key: string, salt: string): SrtpKeys {
	const [k, s, auth] = [hex(key), hex(salt), new Uint8Array(20)];
	return { profile: "gcm", key: k, auth, salt: s, rtcpKey: k, rtcpAuth: auth, rtcpSalt: s };
}

describe("SRTP keys", () => {
	it("are those of RFC 3711 appendix B.3", () => {
		const master = { key: hex("E1F97A0D3E018BE0D64FA32C06DE4139"), salt: hex("0EC675AD498AFEEBB6960B3AABE6") };
		const keys = deriveKeys("cm", master, primitives);
		assert.deepEqual(keys.key, hex("C61E7A93744F39EE10734AFE3FF7A087"));
		assert.deepEqual(keys.salt, hex("30CBBC08863D8C85D49DB34A9AE1"));
		assert.deepEqual(keys.auth, hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
	});
});

describe("SRTP", () => {
	const vectors = plainKeys("000102030405060708090a0b0c0d0e0f", "517569642070726f2071756f");
	const rtp = hex(`8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973
		20646976 69736120 696e2070 61727465 73207472 6573`);
	const srtp = hex(`8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f
		42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`);

	it("seals and opens the packet of RFC 7714 section 16.1", () => {
		assert.deepEqual(new SrtpSender(vectors, primitives).rtp(rtp, 0), srtp);
		assert.deepEqual(new SrtpReceiver(vectors, primitives).rtp(srtp.slice()), rtp);
	});

	it("makes the key stream of RFC 3711 appendix B.2", () => {
		const out = new Uint8Array(32);
		const [key, iv] = [hex("2B7E151628AED2A6ABF7158809CF4F3C"), hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000")];
		primitives.counter(key, iv, out, out);
		assert.deepEqual(out, hex("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB"));
	});

	it("seals and opens the SRTCP packet of RFC 7714 section 17.1", () => {
		const plain = hex(`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
			deadbeef deadbeef deadbeef deadbeef deadbeef`);
		const sealed = hex(`81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1
			730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4`);
		const sender = new SrtpSender(vectors, primitives);
		for (let index = 0; index < 0x5d4; index++) sender.rtcp(plain);
		assert.deepEqual(sender.rtcp(plain), sealed);
		assert.deepEqual(new SrtpReceiver(vectors, primitives).rtcp(sealed.slice()), plain);
	});
});

function packet(sequence: number, ssrc = 7): Uint8Array {
	const bytes = new Uint8Array(12 + 8 + 40).fill(9);
	bytes.set([0x90, 96, sequence >> 8, sequence & 255, 0, 0, 0, 1, 0, 0, 0, ssrc, 0xbe, 0xde, 0, 1, 0x10, 5, 0, 0]);
	return bytes;
}

for (const profile of ["gcm", "cm"] as const) {
	describe(`both directions with ${profile}`, () => {
		const master = { key: new Uint8Array(16).fill(3), salt: new Uint8Array(profile === "gcm" ? 12 : 14).fill(5) };
		const keys = deriveKeys(profile, master, primitives);
		const pair = () => ({ sender: new SrtpSender(keys, primitives), receiver: new SrtpReceiver(keys, primitives) });

		it("goes over a wrap of the sequence number, with packets late by a roll-over", () => {
			const { sender, receiver } = pair();
			for (const [sequence, rollOver] of [
				[65_534, 0],
				[1, 1],
				[65_535, 0],
				[0, 1],
				[2, 1],
			] as const) {
				const sealed = sender.rtp(packet(sequence), rollOver);
				assert.ok(sealed);
				assert.deepEqual(receiver.rtp(sealed), packet(sequence));
			}
		});

		it("refuses what it has seen and what is older than the window", () => {
			const { sender, receiver } = pair();
			const seal = (sequence: number) => sender.rtp(packet(sequence), 0) ?? new Uint8Array();
			for (let sequence = 100; sequence < 3_000; sequence += 3) assert.ok(receiver.rtp(seal(sequence)));
			assert.equal(receiver.rtp(seal(2_998)), undefined);
			assert.ok(receiver.rtp(seal(2_996)));
			assert.equal(receiver.rtp(seal(2_996)), undefined);
			assert.equal(receiver.rtp(seal(1_970)), undefined);
			assert.ok(receiver.rtp(seal(1_976)));
			assert.ok(receiver.rtp(seal(9_000)));
			assert.ok(receiver.rtp(seal(8_000)));
		});

		it("refuses every turned bit, in RTP and RTCP", () => {
			const { sender, receiver } = pair();
			const sealed = sender.rtp(packet(5), 0) ?? new Uint8Array();
			const report = sender.rtcp(packet(6));
			for (let bit = 0; bit < sealed.length * 8; bit++) {
				const turned = sealed.slice();
				turned[bit >> 3]! ^= 1 << (bit & 7);
				assert.equal(receiver.rtp(turned), undefined, `bit ${bit}`);
			}
			for (let bit = 0; bit < report.length * 8; bit++) {
				const turned = report.slice();
				turned[bit >> 3]! ^= 1 << (bit & 7);
				assert.equal(receiver.rtcp(turned), undefined, `bit ${bit}`);
			}
			assert.ok(receiver.rtp(sealed));
			assert.ok(receiver.rtcp(report.slice()));
			assert.equal(receiver.rtcp(report), undefined);
		});

		it("refuses short packets and too many sources", () => {
			const { sender, receiver } = pair();
			const sealed = sender.rtp(packet(5), 0) ?? new Uint8Array();
			const report = sender.rtcp(packet(6));
			for (let length = 0; length < sealed.length; length++)
				assert.equal(receiver.rtp(sealed.slice(0, length)), undefined);
			for (let length = 0; length < report.length; length++)
				assert.equal(receiver.rtcp(report.slice(0, length)), undefined);
			for (let ssrc = 0; ssrc < 64; ssrc++) assert.ok(receiver.rtp(sender.rtp(packet(5, ssrc), 0) ?? new Uint8Array()));
			assert.equal(receiver.rtp(sender.rtp(packet(5, 64), 0) ?? new Uint8Array()), undefined);
		});
	});
}
