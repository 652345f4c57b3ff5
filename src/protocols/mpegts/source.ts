import { once } from "node:events";
import type { UdpSource } from "../../config/udp-source.ts";
import type { Hub } from "../../hub/hub.ts";
import type { PathName } from "../../media/path-name.ts";
import type { OnDatagram } from "../../net/udp.ts";
import { openUdpIn } from "../../net/udp-in.ts";
import { countLog } from "../../observe/count-log.ts";
import type { Log } from "../../observe/log.ts";
import { MpegTsReceiver } from "./receiver.ts";

const TICK_MS = 1000;

/** What a path says of its source. */
export interface MpegTsSourceOptions {
	readonly place: UdpSource;
	/** Who may send. */
	readonly allowed: (address: string) => boolean;
	/** A packet was not of the sender, or not of the stream. */
	readonly onStray: () => void;
	/** A picture of more bytes is dropped. */
	readonly maxFrameBytes: number;
	readonly log: Log;
}

/**
 * Publishes into a path the transport stream that senders push by UDP, for as long as `signal` does not abort: resolves
 * with the reason for its end, rejects where the port is taken. Calls `onLive` when the port is open.
 */
export async function receiveIntoPath(
	hub: Hub,
	path: PathName,
	{ place, allowed, onStray, maxFrameBytes, log }: MpegTsSourceOptions,
	signal: AbortSignal,
	onLive: () => void,
): Promise<string> {
	const strays = countLog(log, "info", "datagrams were dropped: not of the sender, or no transport stream");
	const refusals = countLog(log, "warn", "the path does not take what is sent to it");
	const receiver = new MpegTsReceiver(hub, path, maxFrameBytes, allowed, {
		onStray: () => {
			strays();
			onStray();
		},
		onRefused: (reason) => {
			log.debug({ reason }, "refused");
			refusals();
		},
		onLeftOut: (names) => log.warn({ names }, "streams are left out: they cannot be passed on"),
	});
	await using parts = new AsyncDisposableStack();
	parts.defer(() => strays.stop());
	parts.defer(() => refusals.stop());
	parts.defer(() => receiver.close("the source is closed"));
	const onDatagram: OnDatagram = (bytes, address, port) => receiver.datagram(bytes, address, port);
	parts.defer(await openUdpIn(place, onDatagram));
	const timer = setInterval(() => receiver.tick(hub.clock.now()), TICK_MS);
	parts.defer(() => clearInterval(timer));
	onLive();
	if (!signal.aborted) await once(signal, "abort");
	return "the source is closed";
}
