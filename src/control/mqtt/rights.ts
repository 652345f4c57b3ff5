import type { Principal } from "../../access/access.ts";
import { parsePathName } from "../../media/path-name.ts";
import { parseRobotTopic, type TopicKind } from "../../wire/robot-topics.ts";
import type { PlainTopics } from "./plain-topics.ts";

/** What a robot itself writes. */
const ofRobot: ReadonlySet<TopicKind> = new Set(["available", "state", "stats", "snapshot"]);
/** What a robot itself reads. */
const toRobot: ReadonlySet<TopicKind> = new Set(["time", "order"]);

/** The topics that everything here is about. */
export interface TopicPlan {
	/** The first part of the robots' topics. */
	readonly prefix: string;
	/** Topics with bare `start` and `stop`. */
	readonly plain: Pick<PlainTopics, "has" | "pathOf">;
}

/** Not the name of what every object has: aedes looks clients and subscriptions up in plain objects, and fails on these. */
export function isUsable(name: string): boolean {
	return !Object.hasOwn(Object.prototype, name);
}

/**
 * Whether somebody may end a connection by coming with its client id: one's own, a visitor's, and of a robot's id the robot.
 *
 * @param robot whose id it is; undefined for any other client's.
 */
export function mayReplace({ name }: Principal, holder: Principal, robot: string | undefined): boolean {
	return holder.name === null || holder.name === name || (robot !== undefined && name === robot);
}

/** Whether somebody may speak for a robot: who may publish all of its cameras' streams. */
export function isRobot(principal: Principal, robot: string): boolean {
	const path = parsePathName(`${robot}/camera`);
	return path !== undefined && principal.may("publish", path);
}

function mayControl(principal: Principal, robot: string, camera: string | undefined): boolean {
	const path = parsePathName(`${robot}/${camera ?? "camera"}`);
	return path !== undefined && principal.may("control", path);
}

/**
 * Whether somebody may publish on a topic: robots what is theirs, those with `control` what they would like, nobody what
 * the relay writes.
 */
export function mayPublish(principal: Principal, { prefix, plain }: TopicPlan, topic: string): boolean {
	if (topic.startsWith("$") || !isUsable(topic)) return false;
	if (plain.has(topic)) return principal.may("control", plain.pathOf(topic));
	if (topic === prefix || topic.startsWith(`${prefix}/`)) {
		const parsed = parseRobotTopic(prefix, topic);
		if (!parsed) return false;
		const { robot, camera, kind } = parsed;
		return kind === "set" ? mayControl(principal, robot, camera) : ofRobot.has(kind) && isRobot(principal, robot);
	}
	return principal.may("control") || isRobot(principal, topic.split("/", 1)[0] ?? "");
}

/** Whether a message on a topic is never kept: commands, which would come again to whoever comes later, and pictures. */
export function mustPass({ prefix, plain }: TopicPlan, topic: string): boolean {
	const kind = parseRobotTopic(prefix, topic)?.kind;
	return plain.has(topic) || kind === "set" || kind === "snapshot";
}

/** Whether somebody may ask for what fits a filter; what they then see is another question (`mayHear`). */
export function maySubscribe(principal: Principal, { prefix, plain }: TopicPlan, filter: string): boolean {
	if (!isUsable(filter)) return false;
	if (principal.may("control") || principal.may("api")) return true;
	if (plain.has(filter)) return principal.may("publish");
	const [first = "", second = ""] = filter.split("/");
	return isRobot(principal, first === prefix ? second : first);
}

/** Whether a message is somebody's business. */
export function mayHear(principal: Principal, { prefix }: TopicPlan, topic: string): boolean {
	if (!topic.startsWith(`${prefix}/`)) return true;
	const parsed = parseRobotTopic(prefix, topic);
	if (!parsed) return false;
	const { robot, camera, kind } = parsed;
	if (toRobot.has(kind) && isRobot(principal, robot)) return true;
	return mayControl(principal, robot, camera) || principal.may("api") || isRobot(principal, robot);
}
