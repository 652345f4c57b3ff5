import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

const LOOPBACK = "127.0.0.1";

/** The ports of a demonstration, all on loopback. */
export interface DemoPorts {
	readonly http: number;
	readonly rtsp: number;
	/** RTCP is on the next one. */
	readonly rtp: number;
	readonly webrtc: number;
}

/** The port, or a free one where it is 0; undefined where it is taken. */
async function tryTcp(port: number): Promise<number | undefined> {
	const server = createServer();
	server.listen(port, LOOPBACK);
	return settle(server, () => (server.address() as AddressInfo).port);
}

async function tryUdp(port: number): Promise<number | undefined> {
	const socket = createSocket("udp4");
	socket.bind(port, LOOPBACK);
	return settle(socket, () => socket.address().port);
}

/** Waits until a server listens or cannot, and closes it. */
async function settle<T extends NodeJS.EventEmitter & { close(): unknown }>(
	server: T,
	port: () => number,
): Promise<number | undefined> {
	try {
		await once(server, "listening");
	} catch {
		return undefined;
	}
	const found = port();
	server.close();
	await once(server, "close");
	return found;
}

/** The usual port, or a free one in its place. `fits` says whether a port serves. */
async function choose(usual: number, fits: (port: number) => Promise<number | undefined>): Promise<number> {
	for (const port of [usual, ...new Array<number>(50).fill(0)]) {
		const found = await fits(port);
		if (found !== undefined) return found;
	}
	throw new Error(`neither port ${usual} nor a free one in its place could be opened on ${LOOPBACK}`);
}

/** RTP is on an even port and RTCP on the next one (RFC 3550 section 11). */
async function tryPair(port: number): Promise<number | undefined> {
	const rtp = await tryUdp(port);
	return rtp !== undefined && rtp % 2 === 0 && (await tryUdp(rtp + 1)) !== undefined ? rtp : undefined;
}

/** WebRTC has the same number for UDP and TCP. */
async function tryBoth(port: number): Promise<number | undefined> {
	const udp = await tryUdp(port);
	return udp !== undefined && (await tryTcp(udp)) !== undefined ? udp : undefined;
}

const usualPorts: DemoPorts = { http: 8080, rtsp: 8554, rtp: 8000, webrtc: 8189 };

/** The usual ports where they are free, others where they are not. Rejects where none can be opened. */
export async function choosePorts(usual = usualPorts): Promise<DemoPorts> {
	return {
		http: await choose(usual.http, tryTcp),
		rtsp: await choose(usual.rtsp, tryTcp),
		rtp: await choose(usual.rtp, tryPair),
		webrtc: await choose(usual.webrtc, tryBoth),
	};
}
