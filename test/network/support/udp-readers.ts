import { createSocket } from "node:dgram";
import { once } from "node:events";
import { RTP_HEADER_BYTES } from "../../../src/wire/rtp.ts";

/**
 * Reads RTP on many UDP sockets with the system's own buffers: `udp-readers.ts ADDRESS COUNT`. Prints the ports, then
 * every 50 ms what each socket has got, as lines of JSON.
 */
const [address = "", count = ""] = process.argv.slice(2);

interface Reader {
	packets: number;
	/** Sequence numbers that were skipped. */
	lost: number;
	next: number;
}

const readers: Reader[] = [];
const ports: number[] = [];
for (let i = 0; i < Number(count); i++) {
	const reader: Reader = { packets: 0, lost: 0, next: -1 };
	const socket = createSocket("udp4");
	socket.on("message", (bytes) => {
		if (bytes.length < RTP_HEADER_BYTES) return;
		const sequence = bytes.readUInt16BE(2);
		if (reader.next >= 0) reader.lost += (sequence - reader.next) & 0xffff;
		reader.next = (sequence + 1) & 0xffff;
		reader.packets++;
	});
	socket.bind(0, address);
	await once(socket, "listening");
	readers.push(reader);
	ports.push(socket.address().port);
}

function print(line: object): void {
	process.stdout.write(`${JSON.stringify(line)}\n`);
}

print({ ports });
setInterval(() => {
	const packets = readers.map((reader) => reader.packets);
	print({
		least: Math.min(...packets),
		most: Math.max(...packets),
		lost: readers.reduce((sum, reader) => sum + reader.lost, 0),
	});
}, 50);
