import type { Hub } from "../hub/hub.ts";
import type { Path } from "../hub/path.ts";
import { type Metrics, type Sample, summed } from "../observe/metrics.ts";
import type { SessionSource } from "./http/room.ts";
import { pathItem } from "./http/v3-path.ts";
import type { Ledger } from "./ledger.ts";

type Read = (path: Path) => number;

function* paths(hub: Hub, read: Read): Iterable<Sample> {
	for (const path of hub.paths) {
		yield { value: read(path), labels: { name: path.name, state: path.stream ? "ready" : "notReady" } };
	}
}

function* readers(hub: Hub): Iterable<Sample> {
	for (const { name, stream } of hub.paths) {
		const counts = new Map<string, number>();
		for (const { info } of stream?.readers ?? []) counts.set(info.type, (counts.get(info.type) ?? 0) + 1);
		for (const [readerType, value] of counts) yield { value, labels: { name, state: "ready", readerType } };
	}
}

/** How many there are by path and state. */
function sessions(source: SessionSource): Sample[] {
	const labels = source.list().map(({ path, state }) => ({ path: String(path ?? ""), state: String(state ?? "") }));
	return summed(labels.map((one) => ({ value: 1, labels: one })));
}

/**
 * Says with MediaMTX's names what means the same here. Sessions are counted by path and state: a series for each of them
 * would stay for ever with whoever collects them.
 */
export function describeLikeMediaMtx(
	metrics: Metrics,
	hub: Hub,
	ledger: Ledger,
	sources: Readonly<Record<string, SessionSource>>,
): void {
	const labels = ["name", "state"];
	const gauge = (name: string, help: string, read: Read): void =>
		metrics.gauge({ name, help: `${help} (MediaMTX's name)`, labels }, () => paths(hub, read));
	const bytesIn: Read = (path) => pathItem(path, ledger).inboundBytes;
	const bytesOut: Read = (path) => pathItem(path, ledger).outboundBytes;
	gauge("paths", "Paths: always 1", () => 1);
	gauge("paths_inbound_bytes", "Bytes from the publisher of a path", bytesIn);
	gauge("paths_outbound_bytes", "Bytes to the readers of a path", bytesOut);
	gauge("paths_bytes_received", "Bytes from the publisher of a path", bytesIn);
	gauge("paths_bytes_sent", "Bytes to the readers of a path", bytesOut);
	const faulty = "Packets from the publisher that were of no use";
	gauge("paths_inbound_frames_in_error", faulty, (path) => pathItem(path, ledger).inboundFramesInError);
	const ofReaders = { name: "paths_readers", help: "Readers of a path by protocol (MediaMTX's name)" };
	metrics.gauge({ ...ofReaders, labels: [...labels, "readerType"] }, () => readers(hub));
	for (const [key, source] of Object.entries(sources)) {
		const [, protocol, kind = ""] = /^(.+?)(conns|sessions)$/.exec(key) ?? [];
		if (protocol === undefined) continue;
		const own = {
			name: `${protocol}_${kind}`,
			help: `${kind} of ${protocol} by path and state, named as MediaMTX does`,
		};
		metrics.gauge({ ...own, labels: ["path", "state"] }, () => sessions(source));
	}
}
