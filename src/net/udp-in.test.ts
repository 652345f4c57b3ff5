import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { freeUdpPort } from "../../test/support/ports.ts";
import { openUdpIn, type UdpPlace } from "./udp-in.ts";

const LOOPBACK = "127.0.0.1";

async function arrives(place: Partial<UdpPlace>, to: string): Promise<void> {
	const port = await freeUdpPort();
	const sender = createSocket("udp4").bind(0, LOOPBACK);
	await once(sender, "listening");
	sender.setMulticastInterface(LOOPBACK);
	const { promise, resolve } = Promise.withResolvers<string>();
	const whole = { host: "", port, multicast: false, interface: "", sender: "", ...place };
	const close = await openUdpIn(whole, (bytes, address, from, socket) => {
		resolve(`${bytes} ${address}`);
		socket.send(Buffer.from("thanks"), address, from);
	});
	try {
		const answered = once(sender, "message") as Promise<[Buffer]>;
		sender.send("hello", port, to);
		assert.equal(await promise, `hello ${LOOPBACK}`);
		assert.equal(String((await answered)[0]), "thanks");
	} finally {
		sender.close();
		await close();
	}
}

test("datagrams to one address, and to any of the machine", { timeout: 5000 }, async () => {
	await arrives({ host: LOOPBACK }, LOOPBACK);
	await arrives({ host: "localhost" }, LOOPBACK);
	await arrives({}, LOOPBACK);
});

test("datagrams to a group, of anybody and of one sender", { timeout: 5000 }, async () => {
	const group = { host: "239.255.77.1", multicast: true, interface: LOOPBACK };
	await arrives(group, group.host);
	await arrives({ ...group, interface: "lo" }, group.host);
	await arrives({ ...group, host: "232.77.0.1", sender: LOOPBACK }, "232.77.0.1");
});

test("an interface that is not there, and a port that is taken", { timeout: 5000 }, async () => {
	const port = await freeUdpPort();
	const group = { host: "239.255.77.1", port, multicast: true, interface: "none0", sender: "" };
	await assert.rejects(
		openUdpIn(group, () => undefined),
		/no network interface none0/,
	);
	const place = { ...group, host: LOOPBACK, multicast: false, interface: "" };
	const close = await openUdpIn(place, () => undefined);
	await assert.rejects(
		openUdpIn(place, () => undefined),
		/EADDRINUSE/,
	);
	await close();
});
