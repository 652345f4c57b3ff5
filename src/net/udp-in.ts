import { createSocket, type Socket } from "node:dgram";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { type OnDatagram, openUdp, type UdpSocket } from "./udp.ts";

const RECEIVE_BYTES = 8 * 1024 * 1024;

/** Where datagrams of senders are awaited: on a port of the machine, or of a group of receivers. */
export interface UdpPlace {
	/** An IP address or `localhost`; empty for all of the machine. */
	readonly host: string;
	readonly port: number;
	readonly multicast: boolean;
	/** The interface on which a group is joined, by name or address; empty for the system's choice. */
	readonly interface: string;
	/** The only sender of a group that is asked for; empty for all. */
	readonly sender: string;
}

/**
 * Awaits datagrams until the returned function is called.
 * @throws Error where the port is taken, the address is not the machine's, or there is no such interface
 */
export async function openUdpIn(place: UdpPlace, onDatagram: OnDatagram): Promise<() => Promise<void>> {
	if (place.multicast) return join(place, onDatagram);
	const host = place.host.includes(":") ? `[${place.host}]` : place.host;
	const opened = await openUdp(`${host}:${place.port}`, onDatagram);
	return () => opened.close();
}

/** Joins a group. Several programs of one machine may do so at the same port. */
async function join(place: UdpPlace, onDatagram: OnDatagram): Promise<() => Promise<void>> {
	const family = place.host.includes(":") ? 6 : 4;
	const dgram = createSocket({ type: `udp${family}`, reuseAddr: true, recvBufferSize: RECEIVE_BYTES });
	const close = (): Promise<void> => new Promise((resolve) => dgram.close(() => resolve()));
	try {
		await new Promise<void>((resolve, reject) => {
			dgram.once("error", reject);
			// Bound to the group, it gets nothing that was sent to other groups at this port.
			dgram.bind(place.port, place.host, resolve);
		});
		addMembership(dgram, place, family);
	} catch (error) {
		await close();
		throw error;
	}
	dgram.removeAllListeners("error").on("error", () => undefined);
	const socket = socketOf(dgram, place, family);
	dgram.on("message", (bytes, from) => onDatagram(bytes, from.address, from.port, socket));
	return close;
}

function addMembership(dgram: Socket, place: UdpPlace, family: 4 | 6): void {
	const local = place.interface === "" ? undefined : interfaceAddress(place.interface, family);
	if (place.sender === "") dgram.addMembership(place.host, local);
	else dgram.addSourceSpecificMembership(place.sender, place.host, local);
}

/** An interface as `dgram` wants it: its IPv4 address, or `::%NAME`. */
function interfaceAddress(name: string, family: 4 | 6): string {
	if (isIP(name) !== 0) return name;
	const addresses = networkInterfaces()[name];
	if (!addresses) throw new Error(`there is no network interface ${name}`);
	if (family === 6) return `::%${name}`;
	const found = addresses.find((one) => one.family === "IPv4");
	if (!found) throw new Error(`the network interface ${name} has no IPv4 address`);
	return found.address;
}

function socketOf(dgram: Socket, { host, port }: UdpPlace, family: 4 | 6): UdpSocket {
	const send = (bytes: Uint8Array, to: string, toPort: number): void => {
		// What the system refuses is lost, as on the way.
		dgram.send(Uint8Array.from(bytes), toPort, to, () => undefined);
	};
	return { address: host, port, family, fd: -1, dgram, send };
}
