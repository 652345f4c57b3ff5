import type { PayloadHead } from "./recut.ts";

/** The payload begins a partition. */
const START = 0x10;

/** Bytes of the payload descriptor (RFC 7741 section 4.2). */
export function vp8DescriptorBytes(payload: Uint8Array): number {
	if (!(payload[0]! & 0x80)) return 1;
	const extension = payload[1] ?? 0;
	let length = 2;
	if (extension & 0x80) length += (payload[2] ?? 0) & 0x80 ? 2 : 1;
	if (extension & 0x40) length++;
	if (extension & 0x30) length++;
	return length;
}

/** The descriptor of a piece of a payload. */
export const vp8Head: PayloadHead = (payload, isFirst) => {
	const head = Buffer.from(payload.subarray(0, vp8DescriptorBytes(payload)));
	if (!isFirst) head[0]! &= ~START;
	return head.length < payload.length ? head : undefined;
};
