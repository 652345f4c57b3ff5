/** What Home Assistant is told of one robot. */
export interface DiscoveredRobot {
	readonly robot: string;
	readonly cameras: readonly string[];
}

/** A message of MQTT discovery: empty to take back what was announced. */
export interface Announcement {
	readonly topic: string;
	readonly text: string;
}

export interface DiscoveryPlan {
	/** The first part of the robots' topics. */
	readonly prefix: string;
	/** Home Assistant's own first part: `homeassistant`. */
	readonly root: string;
	/** Where people look at the stream; undefined where that is not known. */
	readonly watchUrl: string | undefined;
}

const ON = "{{ 'ON' if value_json.state in ['starting', 'live'] else 'OFF' }}";

function idOf({ robot }: DiscoveredRobot): string {
	return `vedette_${robot}`;
}

/** Device discovery of Home Assistant: all that one robot has, in one retained message. */
export function announce(plan: DiscoveryPlan, found: DiscoveredRobot): Announcement {
	const { prefix, root, watchUrl } = plan;
	const { robot, cameras } = found;
	const parts = cameras.flatMap((camera) => Object.entries(partsOf(prefix, robot, camera)));
	const config = {
		dev: {
			ids: [idOf(found)],
			name: robot,
			mf: "Vedette",
			...(watchUrl !== undefined && { cu: watchUrl }),
		},
		o: { name: "vedette", url: "https://www.npmjs.com/package/vedette" },
		cmps: { [`${robot}_online`]: online(prefix, robot), ...Object.fromEntries(parts) },
		qos: 1,
	};
	return { topic: `${root}/device/${found.robot}/config`, text: JSON.stringify(config) };
}

/** Takes a robot away again. */
export function withdraw({ root }: DiscoveryPlan, found: DiscoveredRobot): Announcement {
	return { topic: `${root}/device/${found.robot}/config`, text: "" };
}

function online(prefix: string, robot: string) {
	return {
		p: "binary_sensor",
		unique_id: `vedette_${robot}_online`,
		name: "Online",
		device_class: "connectivity",
		entity_category: "diagnostic",
		state_topic: `${prefix}/${robot}/available`,
		value_template: "{{ 'ON' if value_json.state == 'online' else 'OFF' }}",
	};
}

function availabilityOf(prefix: string, robot: string) {
	return {
		availability_topic: `${prefix}/${robot}/available`,
		availability_template: "{{ value_json.state }}",
		payload_available: "online",
		payload_not_available: "offline",
	};
}

/** The switch and the sensors of one camera, by object id. */
function partsOf(prefix: string, robot: string, camera: string): Readonly<Record<string, object>> {
	const base = `${prefix}/${robot}/${camera}`;
	const available = availabilityOf(prefix, robot);
	const part = (key: string, name: string, more: object) => [
		`${robot}_${camera}_${key}`,
		{ unique_id: `vedette_${robot}_${camera}_${key}`, name: `${camera} ${name}`, ...available, ...more },
	];
	const sensor = (key: string, name: string, unit: string | undefined, more: object) =>
		part(key, name, {
			p: "sensor",
			state_class: "measurement",
			state_topic: `${base}/stats`,
			value_template: `{{ value_json.${key} }}`,
			...(unit !== undefined && { unit_of_measurement: unit }),
			...more,
		});
	return Object.fromEntries([
		part("stream", "stream", {
			p: "switch",
			command_topic: `${base}/stream/set`,
			payload_on: "ON",
			payload_off: "OFF",
			state_topic: `${base}/stream/state`,
			value_template: ON,
			state_on: "ON",
			state_off: "OFF",
			json_attributes_topic: `${base}/stream/state`,
			icon: "mdi:cctv",
		}),
		sensor("bitrate", "bitrate", "kbit/s", { device_class: "data_rate" }),
		sensor("fps", "pictures per second", "fps", {}),
		sensor("viewers", "viewers", undefined, { state_topic: `${base}/viewers`, icon: "mdi:eye" }),
	]);
}
