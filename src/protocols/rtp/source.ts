import { once } from "node:events";
import type { UdpSource } from "../../config/udp-source.ts";
import type { Hub } from "../../hub/hub.ts";
import type { PathName } from "../../media/path-name.ts";
import type { OnDatagram } from "../../net/udp.ts";
import { openUdpIn } from "../../net/udp-in.ts";
import { countLog } from "../../observe/count-log.ts";
import type { Log } from "../../observe/log.ts";
import { type AwaitedTrack, awaitedTracks, readDescription } from "./description.ts";
import { RtpReceiver } from "./receiver.ts";

const TICK_MS = 1000;

/** What a path says of its source. */
export interface RtpSourceOptions {
	readonly place: UdpSource;
	/** An SDP file or SDP itself; empty where the stream must be recognised. */
	readonly sdp: string;
	/** Who may send. */
	readonly allowed: (address: string) => boolean;
	/** A packet was not of the sender, or not of the stream. */
	readonly onStray: () => void;
	/** Ports that other sources await RTP at: no RTCP is awaited there. */
	readonly taken: ReadonlySet<number>;
	readonly log: Log;
}

/**
 * Publishes into a path what senders push by RTP over UDP, for as long as `signal` does not abort: resolves with the
 * reason for its end, rejects where a port is taken or the SDP is no good. Calls `onLive` when the ports are open.
 */
export async function receiveIntoPath(
	hub: Hub,
	path: PathName,
	options: RtpSourceOptions,
	signal: AbortSignal,
	onLive: () => void,
): Promise<string> {
	const { place, sdp, allowed, onStray, log } = options;
	const awaited = sdp === "" ? undefined : awaitedTracks(await readDescription(sdp), place.port);
	const strays = countLog(log, "info", "packets were dropped: not of the sender, or not of the stream");
	const refusals = countLog(log, "warn", "the path does not take what is sent to it");
	const receiver = new RtpReceiver(hub, path, awaited, allowed, {
		onStray: () => {
			strays();
			onStray();
		},
		onRefused: (reason) => {
			log.debug({ reason }, "refused");
			refusals();
		},
	});
	await using parts = new AsyncDisposableStack();
	parts.defer(() => strays.stop());
	parts.defer(() => refusals.stop());
	parts.defer(() => receiver.close("the source is closed"));
	const listen = async (port: number): Promise<void> => {
		const onDatagram: OnDatagram = (bytes, address, from, socket) =>
			receiver.datagram(bytes, address, from, port, socket);
		parts.defer(await openUdpIn({ ...place, port }, onDatagram));
	};
	const ports = portsOf(place, awaited);
	await listen(place.port);
	for (const port of ports.rtp) {
		// Descriptions are copied from camera to camera, and name ports that another one has.
		const note = "the port that the SDP names cannot be opened; all is awaited at the source's own";
		await listen(port).catch((error: unknown) => log.warn({ port, err: error }, note));
	}
	for (const port of ports.rtcp) {
		if (options.taken.has(port)) continue;
		await listen(port).catch((error: unknown) => log.info({ port, err: error }, "there is no RTCP at this port"));
	}
	const timer = setInterval(() => receiver.tick(hub.clock.now()), TICK_MS);
	parts.defer(() => clearInterval(timer));
	onLive();
	if (!signal.aborted) await once(signal, "abort");
	return "the source is closed";
}

/** The ports beside the source's own, each once. */
function portsOf({ port }: UdpSource, awaited: readonly AwaitedTrack[] | undefined): { rtp: number[]; rtcp: number[] } {
	const rtp = new Set((awaited ?? []).map((one) => one.port)).add(port);
	const rtcp = new Set(awaited ? awaited.map((one) => one.rtcpPort) : [Math.min(port + 1, 65_535)]);
	return { rtp: [...rtp].filter((one) => one !== port), rtcp: [...rtcp].filter((one) => !rtp.has(one)) };
}
