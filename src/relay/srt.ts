import type { Access } from "../access/access.ts";
import { settingsOf } from "../config/path-settings.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import type { Hooks } from "../control/hooks/hooks.ts";
import type { Hub } from "../hub/hub.ts";
import { type PathName, parsePathName } from "../media/path-name.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { repeatLog } from "../observe/repeat-log.ts";
import type { SrtContext } from "../protocols/srt/context.ts";
import { SrtServer } from "../protocols/srt/server.ts";

/** What SRT is given of the relay. */
interface House {
	readonly config: RelayConfig;
	readonly hub: Hub;
	readonly access: Access;
	readonly hooks: Hooks;
	readonly log: Log;
}

/** The port for all paths, and those of single paths. */
export class SrtServers implements AsyncDisposable {
	/** Of the port for all paths. */
	readonly ports: readonly number[];
	readonly #all: readonly SrtServer[];
	readonly #close: () => Promise<void>;

	/** `main` is for all paths. */
	constructor(main: SrtServer, others: readonly SrtServer[], close: () => Promise<void>) {
		this.ports = main.ports;
		this.#all = [main, ...others];
		this.#close = close;
	}

	/** Datagrams that belonged to no connection. */
	get strays(): number {
		return this.#all.reduce((sum, { strays }) => sum + strays, 0);
	}

	/** All connections, in MediaMTX's shape. */
	list() {
		return this.#all.flatMap((server) => server.list());
	}

	/** Ends a connection; false where there is none. */
	kick(id: string): boolean {
		return this.#all.some((server) => server.kick(id));
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.#close();
	}
}

/** Says what only SRT knows, for Prometheus. */
export function describeSrt(metrics: Metrics, srt: SrtServers): void {
	const connections = { name: "vedette_srt_connections", help: "SRT connections." };
	metrics.gauge(connections, () => [{ value: srt.list().length }]);
	const strays = { name: "vedette_srt_stray_packets_total", help: "Datagrams that belonged to no SRT connection." };
	metrics.counter(strays, () => [{ value: srt.strays }]);
}

/** Opens the ports. Rejects where one is taken. */
export async function openSrt({ config, hub, access, hooks, log }: House): Promise<SrtServers> {
	const { latency, maxConnections, address } = config.srt;
	const srtLog = log.child({ room: "srt" });
	const context: SrtContext = {
		hub,
		access,
		log: srtLog,
		refused: repeatLog(srtLog, "info", "refused"),
		settings: (path) => settingsOf(config.paths, path)?.settings,
		connected: hooks.connected.bind(hooks),
		latency,
	};
	await using parts = new AsyncDisposableStack();
	const main = parts.use(await SrtServer.listen(context, { address, maxConnections }));
	const others: SrtServer[] = [];
	for (const [path, own] of ownPorts(config)) {
		others.push(parts.use(await SrtServer.listen({ ...context, path }, { address: own, maxConnections })));
	}
	const running = parts.move();
	return new SrtServers(main, others, () => running.disposeAsync());
}

function ownPorts({ paths }: RelayConfig): [PathName, RelayConfig["srt"]["address"]][] {
	return Object.entries(paths).flatMap(([key, { srt }]) => {
		const path = parsePathName(key);
		return path && srt.address.length > 0 ? [[path, srt.address]] : [];
	});
}
