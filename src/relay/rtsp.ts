import type { Access } from "../access/access.ts";
import { TlsMaterial } from "../access/tls.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import type { Hooks } from "../control/hooks/hooks.ts";
import type { Fans } from "../hub/fans.ts";
import type { Hub } from "../hub/hub.ts";
import type { SenderStream } from "../net/sender/stream.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { repeatLog } from "../observe/repeat-log.ts";
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

/** RTSP, and RTSPS: at the ports of RTSP, and where there is a certificate for it at its own. */
export interface RtspServers extends AsyncDisposable {
	readonly plain: RtspServer;
	readonly tls: RtspServer;
}

/** Says how many connections there are, for Prometheus. */
export function describeRtsp(metrics: Metrics, { plain, tls }: RtspServers): void {
	const connections = { name: "vedette_rtsp_connections", help: "RTSP and RTSPS connections." };
	metrics.gauge(connections, () => [{ value: plain.connections + tls.connections }]);
	const turnedAway = { name: "vedette_rtsp_turned_away_total", help: "RTSP and RTSPS connections above the limit." };
	metrics.counter(turnedAway, () => [{ value: plain.turnedAway + tls.turnedAway }]);
}

/**
 * Opens the TCP ports. Rejects where one is taken or the certificate cannot be used.
 *
 * @param web the web server's certificate: what robots know the relay by.
 */
export async function openRtsp(house: House, udp: UdpPorts | undefined, web: TlsMaterial): Promise<RtspServers> {
	const { config, hub, fans, access, hooks } = house;
	const { sessionTimeout, requestTimeout, maxConnections, address, tls } = config.rtsp;
	const connected = hooks.connected.bind(hooks);
	const log = house.log.child({ room: "rtsp" });
	const refused = repeatLog(log, "info", "refused");
	const context = { hub, access, fans, udp, connected, sessionTimeout, requestTimeout, log, refused };
	await using parts = new AsyncDisposableStack();
	const own = tls.cert && tls.key ? new TlsMaterial(tls) : undefined;
	const doors = { address: own ? tls.address : [], maxConnections };
	const secure = parts.use(await RtspServer.listenSecure(context, doors, own ?? web));
	const beside = { tls: web, enter: secure.enter.bind(secure) };
	const plain = parts.use(await RtspServer.listen(context, { address, maxConnections }, beside));
	const running = parts.move();
	return { plain, tls: secure, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
