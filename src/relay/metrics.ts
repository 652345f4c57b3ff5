import type { Pool } from "../net/pool.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { RtspServer } from "../protocols/rtsp/server.ts";
import type { WebRtcServer } from "../protocols/webrtc/server.ts";
import type { UdpSources } from "./udp-sources.ts";

/** Says what only the relay's parts know, for Prometheus. */
export function describeParts(
	metrics: Metrics,
	pool: Pool,
	rtsp: RtspServer,
	webrtc: WebRtcServer | undefined,
	sources: UdpSources,
): void {
	const memory = { name: "vedette_media_memory_bytes", help: "Media memory that is in use, of all streams." };
	metrics.gauge(memory, () => [{ value: pool.usedBytes }]);
	const strays = {
		name: "vedette_stray_packets_total",
		help: "Datagrams that belonged to no session, or not to the sender of a source.",
		labels: ["protocol"],
	};
	metrics.counter(strays, () => [
		{ value: rtsp.strays, labels: { protocol: "rtsp" } },
		{ value: webrtc?.strays ?? 0, labels: { protocol: "webrtc" } },
		{ value: sources.strays.rtp, labels: { protocol: "rtp" } },
		{ value: sources.strays.mpegts, labels: { protocol: "mpegts" } },
	]);
}
