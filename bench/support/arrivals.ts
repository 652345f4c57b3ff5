import type { Datagrams } from "./sockets.ts";

/** When the packets of one picture came into one socket, by the kernel's clock: Unix milliseconds. */
interface Arrival {
	readonly timestamp: number;
	readonly first: number;
	readonly last: number;
	readonly count: number;
}

/** How a picture was spread to all sockets. */
export interface FanOut {
	/** Milliseconds from the first socket's first packet to the last socket's last. */
	readonly wallMs: number;
	/** Its packets, all sockets together. */
	readonly packets: number;
}

/** Shorter ones with a media type may be RTCP. */
const MIN_MEDIA_BYTES = 120;

/** Empties a socket, whose datagrams `read` takes in, and finds the picture with the most packets in it. */
export function largestPicture(datagrams: Datagrams, read: () => number): Arrival {
	const pictures = new Map<number, Arrival>();
	for (let count = -1; count !== 0; ) {
		count = read();
		for (let i = 0; i < count; i++) {
			const at = datagrams.at(i);
			if ((datagrams.bytes[at]! & 0xc0) !== 0x80 || datagrams.length(i) < MIN_MEDIA_BYTES) continue;
			const timestamp = datagrams.bytes.readUInt32BE(at + 4);
			const time = datagrams.time(i);
			const picture = pictures.get(timestamp) ?? { timestamp, first: time, last: time, count: 0 };
			pictures.set(timestamp, { ...picture, last: time, count: picture.count + 1 });
		}
	}
	const none: Arrival = { timestamp: 0, first: 0, last: 0, count: 0 };
	return [...pictures.values()].reduce((a, b) => (b.count > a.count ? b : a), none);
}

/** Of the newest picture: what comes later than it is waited for belongs to an older one. */
export function fanOut(arrivals: readonly Arrival[]): FanOut {
	const newest = arrivals.reduce((a, b) => (b.last > a.last ? b : a));
	const same = arrivals.filter(({ timestamp }) => timestamp === newest.timestamp);
	return {
		wallMs: newest.last - Math.min(...same.map(({ first }) => first)),
		packets: same.reduce((sum, { count }) => sum + count, 0),
	};
}
