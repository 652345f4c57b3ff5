import type { Hub } from "../../hub/hub.ts";
import type { PathName } from "../../media/path-name.ts";
import { isRobotName, robotTopic } from "../../wire/robot-topics.ts";
import type { Bus } from "./bus.ts";

/** Viewers come and go together: they are counted once for all that came within this time. */
const GATHER_MS = 500;

/** Tells how many watch each robot's camera, retained. */
export class Viewers implements Disposable {
	readonly #hub: Hub;
	readonly #prefix: string;
	readonly #bus: () => Bus | undefined;
	readonly #changed = new Set<PathName>();
	readonly #leave: () => void;
	#timer: NodeJS.Timeout | undefined;

	constructor(hub: Hub, prefix: string, bus: () => Bus | undefined) {
		this.#hub = hub;
		this.#prefix = prefix;
		this.#bus = bus;
		this.#leave = hub.listen(({ path: { name } }) => this.tell(name));
	}

	/** Tells it of one path soon, though it may be as before: nobody knows what the broker has heard. */
	tell(path: PathName): void {
		if (!this.#isCamera(path)) return;
		this.#changed.add(path);
		this.#timer ??= setTimeout(() => this.#tellAll(), GATHER_MS);
	}

	[Symbol.dispose](): void {
		clearTimeout(this.#timer);
		this.#leave();
	}

	#tellAll(): void {
		this.#timer = undefined;
		for (const path of this.#changed) {
			// Of a robot that was forgotten meanwhile nothing is kept.
			if (!this.#isCamera(path)) continue;
			const [robot = "", camera = ""] = path.split("/");
			const topic = robotTopic(this.#prefix, { robot, camera, kind: "viewers" });
			const viewers = this.#hub.path(path)?.stream?.audience ?? 0;
			this.#bus()?.publish(topic, JSON.stringify({ viewers }), true);
		}
		this.#changed.clear();
	}

	/** Whether a path is `ROBOT/CAMERA`, and a robot's. */
	#isCamera(path: PathName): boolean {
		const names = path.split("/");
		return names.length === 2 && names.every(isRobotName) && this.#hub.demand.get(path)?.driver === "robot";
	}
}
