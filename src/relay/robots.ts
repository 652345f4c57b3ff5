import { networkInterfaces } from "node:os";
import type { DatabaseSync } from "node:sqlite";
import type { Access } from "../access/access.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import { Mqtt } from "../control/mqtt/mqtt.ts";
import { Registry } from "../control/robots/registry.ts";
import { type JoinInfo, Robots } from "../control/robots/robots.ts";
import type { Hub } from "../hub/hub.ts";
import type { PublisherInfo } from "../hub/path.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { WebTls } from "./tls.ts";

/** What the robots' part is given of the relay. */
interface House {
	readonly config: RelayConfig;
	readonly database: DatabaseSync;
	readonly hub: Hub;
	readonly access: Access;
	readonly log: Log;
}

/** Ports that are known only when everything has been opened. */
interface Ports {
	readonly http: number;
	readonly rtsp: number;
	readonly rtsps: number;
}

/** The robots: control by MQTT, and who has joined. */
export interface RobotsPart {
	/** Undefined where the configuration wants no MQTT. */
	readonly mqtt: Mqtt | undefined;
	readonly robots: Robots;
}

/** The first address of this machine that others can reach. */
function ownAddress(): string {
	const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
	return all.find(({ internal, family }) => !internal && family === "IPv4")?.address ?? "127.0.0.1";
}

/** Opens control by MQTT. Rejects where an address cannot be listened on. */
export async function openRobots(
	{ config, database, hub, access, log }: House,
	tls: WebTls,
	ports: () => Ports,
): Promise<RobotsPart> {
	const registry = new Registry(database, access);
	for (const robot of registry.shadowed)
		log.warn({ robot }, "this robot cannot come: a user of the configuration has its name");
	const own = log.child({ room: "mqtt" });
	const owns = (robot: string) => (publisher: PublisherInfo) => publisher.identity === `user ${robot}`;
	const mqtt = await Mqtt.open({
		...{ config, hub, access, log: own },
		// Robots that share a user of the configuration cannot be told apart by it.
		ownerOf: (robot) => (registry.has(robot) && !registry.shadowed.has(robot) ? owns(robot) : undefined),
		explain: (user, password) =>
			registry.isCopy(user, password) ? `the identity of robot ${user}, copied to another machine` : undefined,
		onCameras: (robot, cameras) => registry.setCameras(robot, cameras),
		watchUrl: watchUrl(config),
	});
	for (const { name, cameras } of registry.list()) mqtt?.fleet.expect(name, cameras);
	const info = (): JoinInfo => {
		const { http, rtsp, rtsps } = ports();
		const host = config.webrtc.publicHosts[0] ?? ownAddress();
		const addresses = { host, httpPort: http, rtspPort: rtsp, rtspsPort: rtsps };
		return { ...addresses, fingerprint: tls.fingerprint(), prefix: config.mqtt.prefix };
	};
	return { mqtt, robots: new Robots(hub, registry, mqtt, info, log.child({ room: "robots" })) };
}

function watchUrl({ webrtc, http }: RelayConfig): string | undefined {
	const [host] = webrtc.publicHosts;
	const [address] = http.address;
	return host && address ? `http://${host}:${address.port}/` : undefined;
}

/** Says how many robots and connections there are, for Prometheus. */
export function describeRobots(metrics: Metrics, mqtt: Mqtt): void {
	const help = "Robots that are known, by whether they are online.";
	const robots = { name: "vedette_robots", help, labels: ["state"] };
	metrics.gauge(robots, () => {
		const all = mqtt.fleet.list();
		const online = all.filter((robot) => robot.online).length;
		return [
			{ labels: { state: "online" }, value: online },
			{ labels: { state: "offline" }, value: all.length - online },
		];
	});
	const connections = { name: "vedette_mqtt_connections", help: "Connections to the embedded broker." };
	metrics.gauge(connections, () => [{ value: mqtt.connections }]);
	const turnedAway = {
		name: "vedette_mqtt_turned_away_total",
		help: "Connections above the embedded broker's limits.",
	};
	metrics.counter(turnedAway, () => [{ value: mqtt.turnedAway }]);
}
