/** What one of a robot's topics is about; `set`, `order`, `state`, `stats`, `viewers` and `snapshot` belong to a camera. */
export type TopicKind = "available" | "time" | "set" | "order" | "state" | "stats" | "viewers" | "snapshot";

/** A topic that was taken apart. */
export interface RobotTopic {
	readonly robot: string;
	/** Undefined where the topic is the whole robot's. */
	readonly camera: string | undefined;
	readonly kind: TopicKind;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

const ofRobot: Readonly<Record<string, TopicKind>> = { available: "available", time: "time" };

const ofCamera: Readonly<Record<string, TopicKind>> = {
	"stream/set": "set",
	"stream/order": "order",
	"stream/state": "state",
	stats: "stats",
	viewers: "viewers",
	snapshot: "snapshot",
};

const endings = new Map([...Object.entries(ofRobot), ...Object.entries(ofCamera)].map(([end, kind]) => [kind, end]));

/** Whether a robot or a camera may be called so: 1 to 64 letters, digits, `_` and `-`. */
export function isRobotName(text: string): boolean {
	return NAME.test(text);
}

/** `PREFIX/ROBOT/available` and the like; with a camera `PREFIX/ROBOT/CAMERA/stream/set`. */
export function robotTopic(prefix: string, { robot, camera, kind }: RobotTopic): string {
	const owner = camera === undefined ? robot : `${robot}/${camera}`;
	return `${prefix}/${owner}/${endings.get(kind)}`;
}

/** Takes a topic under a prefix apart; undefined for one that is none of ours. */
export function parseRobotTopic(prefix: string, topic: string): RobotTopic | undefined {
	if (!topic.startsWith(`${prefix}/`)) return undefined;
	const [robot = "", second = "", ...rest] = topic.slice(prefix.length + 1).split("/");
	if (!NAME.test(robot)) return undefined;
	if (rest.length === 0) {
		const kind = own(ofRobot, second);
		return kind && { robot, camera: undefined, kind };
	}
	const kind = own(ofCamera, rest.join("/"));
	return kind && NAME.test(second) ? { robot, camera: second, kind } : undefined;
}

function own(table: Readonly<Record<string, TopicKind>>, key: string): TopicKind | undefined {
	return Object.hasOwn(table, key) ? table[key] : undefined;
}
