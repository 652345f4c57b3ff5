import type { Access } from "../access/access.ts";
import { TlsMaterial } from "../access/tls.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import type { Hooks } from "../control/hooks/hooks.ts";
import type { Fans } from "../hub/fans.ts";
import type { Hub } from "../hub/hub.ts";
import type { SenderStream } from "../net/sender/stream.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { RtspServer } from "../protocols/rtsp/server.ts";
import type { UdpPorts } from "../protocols/rtsp/udp-ports.ts";

/** What RTSP is given of the relay. */
interface House {
	readonly config: RelayConfig;
	readonly hub: Hub;
	readonly fans: Fans<SenderStream>;
	readonly access: Access;
	readonly hooks: Hooks;
	readonly log: Log;
}

/** RTSP, and RTSPS where there is a certificate. */
export interface RtspServers extends AsyncDisposable {
	readonly plain: RtspServer;
	readonly tls: RtspServer | undefined;
}

/** Says how many connections there are, for Prometheus. */
export function describeRtsp(metrics: Metrics, { plain, tls }: RtspServers): void {
	const connections = { name: "vedette_rtsp_connections", help: "RTSP and RTSPS connections." };
	metrics.gauge(connections, () => [{ value: plain.connections + (tls?.connections ?? 0) }]);
	const turnedAway = { name: "vedette_rtsp_turned_away_total", help: "RTSP and RTSPS connections above the limit." };
	metrics.counter(turnedAway, () => [{ value: plain.turnedAway + (tls?.turnedAway ?? 0) }]);
}

/** Opens the TCP ports. Rejects where one is taken or the certificate cannot be used. */
export async function openRtsp(house: House, udp: UdpPorts | undefined): Promise<RtspServers> {
	const { config, hub, fans, access, hooks } = house;
	const { sessionTimeout, requestTimeout, maxConnections, address, tls } = config.rtsp;
	const connected = hooks.connected.bind(hooks);
	const log = house.log.child({ room: "rtsp" });
	const context = { hub, access, fans, udp, connected, sessionTimeout, requestTimeout, log };
	await using parts = new AsyncDisposableStack();
	const plain = parts.use(await RtspServer.listen(context, { address, maxConnections }));
	const material = tls.cert && tls.key ? new TlsMaterial(tls) : undefined;
	const secure = material && parts.use(await RtspServer.listen(context, { ...tls, maxConnections }, material));
	const running = parts.move();
	return { plain, tls: secure, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
