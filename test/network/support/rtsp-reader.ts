import { openRtspClient } from "../../../src/protocols/rtsp/client.ts";
import { RTP_HEADER_BYTES } from "../../../src/wire/rtp.ts";

/**
 * Plays a stream over RTSP/TCP and tells the parent, a JSON line each: the age of every packet as it arrives (its
 * payload carries when it was sent, behind the NAL header), whether it starts a key frame, and how it ended.
 */
const [url] = process.argv.slice(2);

function tell(line: object): void {
	process.stdout.write(`${JSON.stringify(line)}\n`);
}

const sink = {
	packet: (_track: number, bytes: Uint8Array, at: number, length: number): void => {
		if (length < RTP_HEADER_BYTES + 9) return;
		const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
		const type = view.getUint8(RTP_HEADER_BYTES) & 0x1f;
		if (type !== 1 && type !== 5) return;
		tell({ age: Date.now() - view.getFloat64(RTP_HEADER_BYTES + 1), key: type === 5, sequence: view.getUint16(2) });
	},
	datagram: (): void => undefined,
	rtcp: (): void => undefined,
};
const client = await openRtspClient({ url: url!, transport: "tcp", sink, signal: new AbortController().signal });
tell({ live: true });
tell({ ended: await client.closed, at: Date.now() });
