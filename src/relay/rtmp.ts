import type { Access } from "../access/access.ts";
import { TlsMaterial } from "../access/tls.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import type { Hooks } from "../control/hooks/hooks.ts";
import type { Hub } from "../hub/hub.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { RtmpServer } from "../protocols/rtmp/server.ts";

/** What RTMP is given of the relay. */
interface House {
	readonly config: RelayConfig;
	readonly hub: Hub;
	readonly access: Access;
	readonly hooks: Hooks;
	readonly log: Log;
}

/** RTMP, and RTMPS where there is a certificate. */
export interface RtmpServers extends AsyncDisposable {
	readonly plain: RtmpServer;
	readonly tls: RtmpServer | undefined;
}

/** Says how many connections there are, for Prometheus. */
export function describeRtmp(metrics: Metrics, { plain, tls }: RtmpServers): void {
	const connections = { name: "vedette_rtmp_connections", help: "RTMP and RTMPS connections." };
	metrics.gauge(connections, () => [{ value: plain.connections + (tls?.connections ?? 0) }]);
	const turnedAway = { name: "vedette_rtmp_turned_away_total", help: "RTMP and RTMPS connections above the limit." };
	metrics.counter(turnedAway, () => [{ value: plain.turnedAway + (tls?.turnedAway ?? 0) }]);
}

/** Opens the ports. Rejects where one is taken or the certificate cannot be used. */
export async function openRtmp({ config, hub, access, hooks, log }: House): Promise<RtmpServers> {
	const { requestTimeout, maxMessage, maxConnections, address, tls } = config.rtmp;
	const connected = hooks.connected.bind(hooks);
	const context = { hub, access, connected, log: log.child({ room: "rtmp" }), requestTimeout, maxMessage };
	await using parts = new AsyncDisposableStack();
	const plain = parts.use(await RtmpServer.listen(context, { address, maxConnections }));
	const material = tls.cert && tls.key ? new TlsMaterial(tls) : undefined;
	const secure = material && parts.use(await RtmpServer.listen(context, { ...tls, maxConnections }, material));
	const running = parts.move();
	return { plain, tls: secure, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
