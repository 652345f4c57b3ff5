import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { freeUdpPorts } from "../support/ports.ts";

/** So many UDP ports of loopback that were free a moment ago, each even and with a free one behind it, for RTP and RTCP. */
export async function freePortPairs(count: number): Promise<number[]> {
	const first = await freeUdpPorts(Array.from({ length: 2 * count }, (_, i) => i));
	return Array.from({ length: count }, (_, i) => first + 2 * i);
}

/** Waits until a program of this machine listens on a UDP port. */
export async function listening(port: number): Promise<void> {
	const wanted = new RegExp(`^ *\\d+: [0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, "0")} `, "m");
	const files = ["/proc/net/udp", "/proc/net/udp6"];
	for (const end = performance.now() + 10_000; !files.some((file) => wanted.test(readFileSync(file, "utf8"))); ) {
		if (performance.now() > end) throw new Error(`nobody listens on UDP port ${port}`);
		await pause(20);
	}
}
