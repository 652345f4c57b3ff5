import type { Access } from "../access/access.ts";
import { settingsOf } from "../config/path-settings.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import type { Hooks } from "../control/hooks/hooks.ts";
import type { Hub } from "../hub/hub.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { pullIntoPath } from "../protocols/srt/pull.ts";
import { SrtServer } from "../protocols/srt/server.ts";
import type { Pull } from "./sources.ts";

/** What SRT is given of the relay. */
interface House {
	readonly config: RelayConfig;
	readonly hub: Hub;
	readonly access: Access;
	readonly hooks: Hooks;
	readonly log: Log;
}

/** Says what only SRT knows, for Prometheus. */
export function describeSrt(metrics: Metrics, srt: SrtServer): void {
	const connections = { name: "vedette_srt_connections", help: "SRT connections." };
	metrics.gauge(connections, () => [{ value: srt.list().length }]);
	const strays = { name: "vedette_srt_stray_packets_total", help: "Datagrams that belonged to no SRT connection." };
	metrics.counter(strays, () => [{ value: srt.strays }]);
}

/** Opens the ports. Rejects where one is taken. */
export function openSrt({ config, hub, access, hooks, log }: House): Promise<SrtServer> {
	const context = {
		hub,
		access,
		log: log.child({ room: "srt" }),
		settings: (path: Parameters<typeof settingsOf>[1]) => settingsOf(config.paths, path)?.settings,
		connected: hooks.connected.bind(hooks),
		latency: config.srt.latency,
	};
	return SrtServer.listen(context, config.srt);
}

/** Pulls from SRT listeners. */
export function srtSource({ config: { paths }, hub, log }: Pick<House, "config" | "hub" | "log">): Pull {
	return (path, url, _transport, signal, onLive) => {
		const own = log.child({ room: "sources", path });
		const maxFrameBytes = settingsOf(paths, path)?.settings.maxFrameSize ?? 0;
		const onLeftOut = (names: readonly string[]): void => {
			own.warn({ names }, "streams are left out: they cannot be passed on");
		};
		return pullIntoPath(hub, path, { url, maxFrameBytes, onLeftOut }, signal, onLive);
	};
}
