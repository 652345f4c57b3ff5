import type { Log } from "../../observe/log.ts";
import type { RobotConfig } from "../config.ts";
import type { Desk } from "./desk.ts";
import { type BrokerEvents, BrokerLink, type BrokerSettings } from "./mqtt.ts";
import { type PollEvents, Polling } from "./poll.ts";
import type { Reporter } from "./reporter.ts";
import { Snapshots } from "./snapshots.ts";
import type { Stations } from "./stations.ts";
import { StatsClock } from "./stats-clock.ts";

/** Connects the robot to whom it takes orders from: a broker, a relay that it asks, or nobody. */
export function openMasters(
	config: RobotConfig,
	broker: BrokerSettings | undefined,
	stations: Stations,
	desk: Desk,
	reporter: Reporter,
	log: Log,
): AsyncDisposable {
	const parts = new AsyncDisposableStack();
	if (broker) {
		const link = openBroker(broker, stations, desk, log);
		parts.defer(() => link.stop());
		parts.defer(reporter.listen(link));
		parts.use(new StatsClock(stations.all, reporter));
		const shown = stations.all.filter((_, i) => config.cameras[i]?.snapshot);
		parts.use(new Snapshots(shown, (station, jpeg) => link.snapshot(station, jpeg), log));
	}
	if (config.control.poll !== "") {
		const polling = openPolling(config, stations, log);
		parts.defer(() => polling.stop());
	}
	return parts;
}

function openBroker(settings: BrokerSettings, stations: Stations, desk: Desk, log: Log): BrokerLink {
	// Where no relay may be there to tell its time, orders are measured by the robot's own clock.
	if (!settings.joined) desk.clock.told(Date.now(), performance.now());
	const events: BrokerEvents = {
		onOrder: (station, order) => station.obey(order),
		onWanted: (wanted, { do: what, ...bounds }) => {
			for (const station of wanted) station.want(what === "start", bounds);
		},
		onTime: (unix) => desk.clock.told(unix, performance.now()),
		onTopic: (at) => stations.pullByTopic(at),
		onHeard: (heard) => {
			for (const station of stations.all) station.control(heard);
		},
	};
	return new BrokerLink(settings, stations.all, stations.triggerTopics, events, log.child({ room: "mqtt" }));
}

function openPolling({ name, control }: RobotConfig, stations: Stations, log: Log): Polling {
	const events: PollEvents = {
		onWanted: (station, { do: what, ...bounds }) => station.want(what === "start", bounds),
		onHeard: (station, heard) => station.control(heard),
	};
	return new Polling({ url: control.poll, robot: name }, stations.all, events, log.child({ room: "poll" }));
}
