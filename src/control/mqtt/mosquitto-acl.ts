import type { RelayConfig } from "../../config/relay-schema.ts";
import { PLAIN_TOPIC } from "./plain.ts";

type User = RelayConfig["access"]["users"][number];

/** Whom Mosquitto has to know. */
export interface AclPlan {
	readonly mqtt: Pick<RelayConfig["mqtt"], "broker" | "prefix" | "topics" | "discovery">;
	/** The relay's users; each is one of the same name there. */
	readonly users: readonly Pick<User, "name" | "allow" | "paths" | "also">[];
	/** Robots that are known to the relay, each a user of its own name. */
	readonly robots: readonly string[];
}

/** One user of the file: `topic` lines, or comments. */
interface Block {
	readonly user: string;
	readonly lines: readonly string[];
}

const ROBOT = /^[A-Za-z0-9_-]{1,64}$/;

/** The robot that a pattern of paths is about, as Mosquitto writes it: `robot1/*` → `robot1`, `*` → `+`. Undefined for others. */
function robotOf(pattern: string): string | undefined {
	if (pattern === "*") return "+";
	const [robot = "", ...rest] = pattern.split("/");
	return ROBOT.test(robot) && rest.length > 0 ? robot : undefined;
}

/** Whether all topics below a robot's name may be its own: what the relay and others write must not be among them. */
function mayHaveOwn({ prefix, discovery }: AclPlan["mqtt"], robot: string, plain: readonly string[]): boolean {
	const taken = [prefix, discovery, ...plain].map((topic) => topic.split("/", 1)[0]);
	return robot !== "+" && !taken.includes(robot);
}

function robotLines({ mqtt }: AclPlan, robot: string, plain: readonly string[]): string[] {
	const base = `${mqtt.prefix}/${robot}`;
	return [
		...["available", "+/stream/state", "+/stats", "+/snapshot"].map((topic) => `topic write ${base}/${topic}`),
		...["time", "+/stream/order", "+/stream/set"].map((topic) => `topic read ${base}/${topic}`),
		...plain.map((topic) => `topic read ${topic}`),
		...(mayHaveOwn(mqtt, robot, plain) ? [`topic readwrite ${robot}/#`] : []),
	];
}

function pilotLines({ mqtt: { prefix } }: AclPlan, robot: string, plain: readonly string[]): string[] {
	const wishes = [`topic write ${prefix}/${robot}/+/stream/set`, `topic read ${prefix}/${robot}/#`];
	return [...wishes, ...(robot === "+" ? plain.map((topic) => `topic readwrite ${topic}`) : [])];
}

function linesOf(plan: AclPlan, { allow, paths }: Pick<User, "allow" | "paths">, plain: readonly string[]): string[] {
	const mayPublish = allow.includes("publish");
	const mayControl = allow.includes("control");
	const all = allow.includes("api") ? [`topic read ${plan.mqtt.prefix}/#`] : [];
	if (!mayPublish && !mayControl) return all;
	const ofRobots = paths.flatMap((pattern) => {
		const robot = robotOf(pattern);
		if (robot === undefined) return [`# "${pattern}" names no robot: nothing is allowed by it`];
		const own = mayPublish ? robotLines(plan, robot, plain) : [];
		return mayControl ? [...own, ...pilotLines(plan, robot, plain)] : own;
	});
	return [...all, ...ofRobots];
}

function relayUser(broker: string): string {
	return (URL.canParse(broker) && decodeURIComponent(new URL(broker).username)) || "relay";
}

function blocksOf(plan: AclPlan): readonly Block[] {
	const { prefix, topics, discovery, broker } = plan.mqtt;
	const plain = [...new Set([...Object.keys(topics), PLAIN_TOPIC])];
	const home = discovery === "" ? [] : [`topic write ${discovery}/device/+/config`, `topic read ${discovery}/status`];
	const own = [`topic readwrite ${prefix}/#`, ...plain.map((topic) => `topic readwrite ${topic}`), ...home];
	const people = plan.users.map((user) => {
		return { user: user.name, lines: [user, ...user.also].flatMap((right) => linesOf(plan, right, plain)) };
	});
	const known = new Set(plan.users.map(({ name }) => name));
	const robots = plan.robots.filter((robot) => !known.has(robot));
	return [
		{ user: relayUser(broker), lines: own },
		...people.filter(({ lines }) => lines.length > 0),
		...robots.map((robot) => ({ user: robot, lines: robotLines(plan, robot, plain) })),
	];
}

/** A file of rights for Mosquitto (`acl_file`); its comments say what else is to be done. */
export function mosquittoAcl(plan: AclPlan): string {
	const blocks = blocksOf(plan);
	const passwords = blocks.map(({ user }, i) => {
		return `#   mosquitto_passwd ${i === 0 ? "-c " : ""}/etc/mosquitto/vedette.passwd ${user}`;
	});
	const head = [
		"# Who may do what at Mosquitto, for this relay and its robots.",
		"# Give everybody a password; the first of these makes the file anew:",
		...passwords,
		"# Keep this text as /etc/mosquitto/vedette.acl, and say in /etc/mosquitto/conf.d/vedette.conf:",
		"#   listener 1883",
		"#   allow_anonymous false",
		"#   password_file /etc/mosquitto/vedette.passwd",
		"#   acl_file /etc/mosquitto/vedette.acl",
		`# The relay: mqtt.broker: mqtt://${blocks[0]!.user}:PASSWORD@HOST:1883; a robot: control.mqtt: mqtt://NAME:PASSWORD@HOST:1883`,
	];
	const bodies = blocks.map(({ user, lines }) => [`user ${user}`, ...new Set(lines)].join("\n"));
	return `${[head.join("\n"), ...bodies].join("\n\n")}\n`;
}
