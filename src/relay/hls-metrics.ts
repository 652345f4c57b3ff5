import type { Metrics } from "../observe/metrics.ts";
import type { HlsServer } from "../protocols/hls/server.ts";

/** Says with MediaMTX's names what is made of which paths, for Prometheus. */
export function describeHls(metrics: Metrics, hls: HlsServer): void {
	type Muxer = ReturnType<HlsServer["muxers"]>[number];
	const gauge = (name: string, help: string, read: (muxer: Muxer) => number): void =>
		metrics.gauge({ name, help: `${help} (MediaMTX's name)`, labels: ["name"] }, () =>
			hls.muxers().map((muxer) => ({ value: read(muxer), labels: { name: muxer.path } })),
		);
	gauge("hls_muxers", "Paths that HLS is made of: always 1", () => 1);
	gauge("hls_muxers_outbound_bytes", "Bytes of HLS that were sent of a path", ({ outboundBytes }) => outboundBytes);
	gauge("hls_muxers_bytes_sent", "Bytes of HLS that were sent of a path", ({ bytesSent }) => bytesSent);
	const dropped = "Frames of a path that HLS left out";
	gauge("hls_muxers_outbound_frames_discarded", dropped, ({ outboundFramesDiscarded }) => outboundFramesDiscarded);
}
