import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { payloadH264 } from "./h264.ts";

interface Row {
	readonly name: string;
	readonly units: readonly string[];
	readonly max: number;
	/** Payloads in hex; `!` marks the packet with the marker bit. */
	readonly payloads: readonly string[];
}

const table: readonly Row[] = [
	{ name: "single NAL unit", units: ["6588aabb"], max: 1200, payloads: ["6588aabb!"] },
	{ name: "no units", units: [], max: 1200, payloads: [] },
	{ name: "empty units are left out", units: ["", "4101", ""], max: 1200, payloads: ["4101!"] },
	{
		name: "parameter sets and the slice share a STAP-A",
		units: ["6742c01f", "68ce3c80", "6588"],
		max: 1200,
		payloads: ["7800046742c01f000468ce3c8000026588!"],
	},
	{
		name: "parameter sets alone where the slice is too large",
		units: ["6742", "68ce", "65000102030405060708"],
		max: 9,
		payloads: ["780002674200" + "0268ce", "7c8500010203040506", "7c450708!"],
	},
	{
		name: "one parameter set that fits with nothing",
		units: ["6742c0", "4101"],
		max: 6,
		payloads: ["6742c0", "4101!"],
	},
	{ name: "exactly the limit", units: ["6501020304"], max: 5, payloads: ["6501020304!"] },
	{ name: "FU-A of three", units: ["4101020304050607"], max: 5, payloads: ["5c81010203", "5c01040506", "5c4107!"] },
	{ name: "two slices", units: ["4101", "4102"], max: 1200, payloads: ["4101", "4102!"] },
];

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

function payloads(units: readonly Uint8Array[], max: number): { payload: Uint8Array; last: boolean }[] {
	const out: { payload: Uint8Array; last: boolean }[] = [];
	payloadH264(units, max, (length, last) => {
		const payload = new Uint8Array(length);
		out.push({ payload, last });
		return payload;
	});
	return out;
}

for (const row of table) {
	test(`payload h264: ${row.name}`, () => {
		const got = payloads(row.units.map(bytes), row.max);
		const text = got.map((packet) => Buffer.from(packet.payload).toString("hex") + (packet.last ? "!" : ""));
		assert.deepEqual(text, row.payloads);
	});
}

/** RFC 6184 read the other way, by hand, as the independent side of the property. */
function join(packets: readonly Uint8Array[]): string[] {
	const units: string[] = [];
	let open = "";
	for (const packet of packets) {
		const hex = Buffer.from(packet).toString("hex");
		const type = packet[0]! & 0x1f;
		if (type === 24) {
			for (let at = 1; at < packet.length; ) {
				const length = (packet[at]! << 8) | packet[at + 1]!;
				units.push(hex.slice((at + 2) * 2, (at + 2 + length) * 2));
				at += 2 + length;
			}
		} else if (type === 28) {
			const header = ((packet[0]! & 0xe0) | (packet[1]! & 0x1f)).toString(16).padStart(2, "0");
			open = (packet[1]! & 0x80 ? header : open) + hex.slice(4);
			if (packet[1]! & 0x40) units.push(open);
		} else units.push(hex);
	}
	return units;
}

test("payload h264: any access unit comes back whole, within the limit, with one marker at its end", () => {
	const unit = fc
		.tuple(fc.constantFrom(0x67, 0x68, 0x65, 0x41, 0x06), fc.uint8Array({ minLength: 0, maxLength: 60 }))
		.map(([header, rest]) => new Uint8Array([header, ...rest]));
	fc.assert(
		fc.property(fc.array(unit, { minLength: 1, maxLength: 8 }), fc.integer({ min: 3, max: 40 }), (units, max) => {
			const got = payloads(units, max);
			assert.ok(got.every((packet) => packet.payload.length <= max));
			assert.deepEqual(
				got.map((packet) => packet.last),
				got.map((_, i) => i === got.length - 1),
			);
			assert.deepEqual(
				join(got.map((packet) => packet.payload)),
				units.map((one) => Buffer.from(one).toString("hex")),
			);
		}),
		{ seed: 6184 },
	);
});
