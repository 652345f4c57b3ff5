import type { Access } from "../access/access.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import { Mqtt } from "../control/mqtt/mqtt.ts";
import type { Hub } from "../hub/hub.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";

/** What MQTT is given of the relay. */
interface House {
	readonly config: RelayConfig;
	readonly hub: Hub;
	readonly access: Access;
	readonly log: Log;
}

/** Control by MQTT; undefined where the configuration wants none. Rejects where an address cannot be listened on. */
export function openMqtt({ config, hub, access, log }: House): Promise<Mqtt | undefined> {
	// Which publisher is a robot's own cannot be told while robots share the users of the configuration.
	const ownerOf = (): undefined => undefined;
	const [host] = config.webrtc.publicHosts;
	const [port] = config.http.address.map((address) => address.port);
	const watchUrl = host && port ? `http://${host}:${port}/` : undefined;
	return Mqtt.open({ config, hub, access, ownerOf, watchUrl, log: log.child({ room: "mqtt" }) });
}

/** Says how many robots and connections there are, for Prometheus. */
export function describeMqtt(metrics: Metrics, mqtt: Mqtt): void {
	const help = "Robots that are known, by whether they are online.";
	const robots = { name: "vedette_robots", help, labels: ["state"] };
	metrics.gauge(robots, () => {
		const online = mqtt.fleet.list().filter((robot) => robot.online).length;
		return [
			{ labels: { state: "online" }, value: online },
			{ labels: { state: "offline" }, value: mqtt.fleet.list().length - online },
		];
	});
	const connections = { name: "vedette_mqtt_connections", help: "Connections to the embedded broker." };
	metrics.gauge(connections, () => [{ value: mqtt.connections }]);
}
