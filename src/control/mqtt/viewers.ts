import type { Hub } from "../../hub/hub.ts";
import { type PathName, parsePathName } from "../../media/path-name.ts";
import { robotTopic } from "../../wire/robot-topics.ts";
import type { Bus } from "./bus.ts";

/** Viewers come and go together: they are counted once for all that came within this time. */
const GATHER_MS = 500;

/** Tells how many watch each robot's camera, retained. Gives what ends it. */
export function tellViewers(hub: Hub, prefix: string, bus: () => Bus | undefined): () => void {
	const changed = new Set<PathName>();
	let timer: NodeJS.Timeout | undefined;
	const tell = (): void => {
		timer = undefined;
		for (const name of changed) {
			const [robot = "", camera = ""] = name.split("/");
			const topic = robotTopic(prefix, { robot, camera, kind: "viewers" });
			bus()?.publish(topic, JSON.stringify({ viewers: hub.path(name)?.stream?.audience ?? 0 }), true);
		}
		changed.clear();
	};
	const leave = hub.listen(({ path: { name } }) => {
		if (hub.demand.get(name)?.driver !== "robot" || !isCamera(name)) return;
		changed.add(name);
		timer ??= setTimeout(tell, GATHER_MS);
	});
	return () => {
		clearTimeout(timer);
		leave();
	};
}

/** Whether a path is `ROBOT/CAMERA`. */
function isCamera(name: PathName): boolean {
	return name.split("/").length === 2 && parsePathName(name) !== undefined;
}
