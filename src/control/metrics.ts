import type { Hub } from "../hub/hub.ts";
import type { Path } from "../hub/path.ts";
import type { Metrics, Sample } from "../observe/metrics.ts";
import type { Ledger, Totals } from "./ledger.ts";

const counters: Readonly<Record<keyof Totals, readonly [name: string, help: string]>> = {
	receivedBytes: ["received_bytes_total", "Bytes of media that publishers sent."],
	receivedPackets: ["received_packets_total", "Packets that publishers sent."],
	lostPackets: ["lost_packets_total", "Packets from publishers that never came."],
	invalidPackets: ["invalid_packets_total", "Packets from publishers that were malformed or above a limit."],
	discardedPackets: ["discarded_packets_total", "Packets from publishers that were of no use without lost ones."],
	sentBytes: ["sent_bytes_total", "Bytes of media that were sent to readers."],
	sentPackets: ["sent_packets_total", "Packets that were sent to readers."],
	droppedPackets: ["dropped_packets_total", "Packets that were left out for readers that could not keep up."],
	cuts: ["cuts_total", "Times that a reader was cut to the next key frame because it was behind."],
	joins: ["joins_total", "Readers that joined."],
	keyFrameRequests: ["key_frame_requests_total", "Key frames that publishers were asked for."],
};

function readersByType(hub: Hub): Sample[] {
	const counts = new Map<string, number>();
	for (const { stream } of hub.paths) {
		for (const { info } of stream?.readers ?? []) counts.set(info.type, (counts.get(info.type) ?? 0) + 1);
	}
	return [...counts].map(([type, value]) => ({ value, labels: { type } }));
}

function published(hub: Hub): number {
	return [...hub.paths].filter(({ publication }) => publication !== undefined).length;
}

function* perPath(hub: Hub, read: (path: Path) => number | undefined): Iterable<Sample> {
	for (const path of hub.paths) {
		const value = read(path);
		if (value !== undefined) yield { value, labels: { path: path.name } };
	}
}

/** Says what the relay counts, for Prometheus. Nothing is counted here: numbers are read when they are asked for. */
export function describeMetrics(metrics: Metrics, hub: Hub, ledger: Ledger): void {
	metrics.addProcess();
	metrics.gauge({ name: "vedette_streams", help: "Streams that somebody publishes." }, () => [
		{ value: published(hub) },
	]);
	metrics.gauge({ name: "vedette_readers", help: "Readers by protocol.", labels: ["type"] }, () => readersByType(hub));
	metrics.gauge({ name: "vedette_path_readers", help: "Readers of a path.", labels: ["path"] }, () =>
		perPath(hub, ({ stream }) => stream?.readers.size),
	);
	metrics.gauge({ name: "vedette_path_bitrate_bits", help: "Bits per second that come in.", labels: ["path"] }, () =>
		perPath(hub, (path) => ledger.rates(path)?.bitrate),
	);
	for (const key of Object.keys(counters) as (keyof Totals)[]) {
		const [name, help] = counters[key];
		metrics.counter({ name: `vedette_${name}`, help }, () => [{ value: ledger.totals()[key] }]);
	}
	const delay = "From the arrival of a batch's first packet until all readers had been called.";
	metrics.histogram({ name: "vedette_relay_delay_seconds", help: delay, unit: 0.001 }, () => hub.statistics.delay);
	const firstFrame = "From a reader's joining until its first key frame had been handed over.";
	metrics.histogram(
		{ name: "vedette_first_frame_seconds", help: firstFrame, unit: 0.001 },
		() => hub.statistics.firstFrame,
	);
}
