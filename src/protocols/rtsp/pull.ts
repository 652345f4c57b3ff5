import { formatAddress } from "../../config/address.ts";
import type { Hub } from "../../hub/hub.ts";
import { newId } from "../../hub/path.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import { openRtspClient, type RtspClient } from "./client.ts";
import { Ingest } from "./ingest.ts";
import type { Transport } from "./transport.ts";
import { parseAddress } from "./url.ts";

/** An attempt that has come to nothing by then has failed. */
const OPEN_MS = 10_000;
/** A server that sends nothing for so long is left. */
const SILENCE_MS = 10_000;
const TICK_MS = 1000;

/** Where a stream is pulled from. */
interface RtspSource {
	/** May hold credentials. */
	readonly url: string;
	readonly transport: Transport["lower"];
	/** Of the server's certificate, as `secureTcp` has it; left out: one that the system trusts. */
	readonly fingerprint?: string;
}

/**
 * Pulls a stream from another RTSP server into a path until it ends or `signal` aborts: resolves with the reason for its
 * end, rejects where it cannot begin. Calls `onLive` when the stream is there.
 */
export async function pullIntoPath(
	hub: Hub,
	path: PathName,
	source: RtspSource,
	signal: AbortSignal,
	onLive: () => void,
): Promise<string> {
	const attempt = new AbortController();
	const either = AbortSignal.any([signal, attempt.signal]);
	const timer = setTimeout(() => attempt.abort(new Error(`no answer for ${OPEN_MS / 1000} s`)), OPEN_MS);
	let ingest: Ingest | undefined;
	const sink = {
		packet: (track: number, bytes: Uint8Array, offset: number, length: number) =>
			ingest?.packet(track, bytes, offset, length, hub.clock.now()),
		datagram: (track: number, bytes: Uint8Array) => ingest?.datagram(track, bytes),
		rtcp: (track: number, bytes: Uint8Array) => ingest?.rtcp(track, bytes),
	};
	try {
		signal.throwIfAborted();
		const begin = (client: RtspClient): void => {
			ingest = publish(hub, path, source.url, client);
		};
		const client = await openRtspClient({ ...source, sink, signal: either, onLive: begin });
		clearTimeout(timer);
		onLive();
		return await watch(hub, client, ingest!);
	} finally {
		clearTimeout(timer);
		ingest?.close("the source is gone");
	}
}

function publish(hub: Hub, path: PathName, url: string, client: RtspClient): Ingest {
	const { host, port } = parseAddress(url);
	const info = {
		type: "rtspSource",
		id: newId(),
		remoteAddress: formatAddress({ host, port }),
		identity: `source ${path}`,
	};
	const feedback = { rtcp: (track: number, packet: Uint8Array) => client.sendRtcp(track, packet) };
	const ingest = new Ingest(hub, path, client.tracks, info, feedback, (reason) => client.close(reason));
	for (const { track, first } of client.setups) ingest.begin(track, first);
	return ingest;
}

/** Waits for the end, with reports in between and an eye on silence. */
async function watch({ clock }: Hub, client: RtspClient, ingest: Ingest): Promise<string> {
	const tick = (now: Millis): void => {
		ingest.tick(now);
		if (now - ingest.lastPacket > SILENCE_MS) client.close(`no packet for ${SILENCE_MS / 1000} s`);
	};
	const timer = setInterval(() => tick(clock.now()), TICK_MS);
	try {
		return await client.closed;
	} finally {
		clearInterval(timer);
	}
}
