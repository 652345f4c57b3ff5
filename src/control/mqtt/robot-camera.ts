import { randomUUID } from "node:crypto";
import type { Driver, DriverReports, StartOrder } from "../../hub/demand/driver.ts";
import type { DriverState } from "../../hub/demand/phase.ts";
import type { PublisherInfo } from "../../hub/path.ts";
import { Newest } from "../../net/newest.ts";
import type { Order } from "../../wire/robot-messages.ts";
import { robotTopic } from "../../wire/robot-topics.ts";
import type { Bus } from "./bus.ts";

/** An order is good for so long: a robot that hears it later has other things to do. */
const EXPIRES_MS = 10_000;

type Command = Pick<Order, "do" | "maxBitrate" | "minBitrate">;

/** One camera of a robot as the demand for its path sees it. */
export interface RobotCameraOptions {
	readonly prefix: string;
	readonly robot: string;
	readonly camera: string;
	readonly bus: () => Bus | undefined;
	/** Unix milliseconds. */
	readonly now: () => number;
	/** Whether a publisher is this robot; undefined where that cannot be told. */
	readonly owns: ((publisher: PublisherInfo) => boolean) | undefined;
}

/** Wakes a robot's camera by orders over MQTT, and puts it to sleep. */
export class RobotCamera implements Driver {
	readonly name: string;
	readonly owns?: (publisher: PublisherInfo) => boolean;
	readonly #options: RobotCameraOptions;
	readonly #reports: DriverReports;
	#orders = this.#begin();

	constructor(options: RobotCameraOptions, reports: DriverReports) {
		this.name = options.camera;
		this.#options = options;
		this.#reports = reports;
		if (options.owns) this.owns = options.owns;
	}

	start({ bounds: { maxBandwidth, minBandwidth } }: StartOrder): void {
		this.#orders.say({
			do: "start",
			...(maxBandwidth !== undefined && { maxBitrate: maxBandwidth }),
			...(minBandwidth !== undefined && { minBitrate: minBandwidth }),
		});
	}

	stop(): void {
		this.#orders.say({ do: "stop" });
	}

	keyFrame(): void {
		void this.#send({ do: "keyframe" }).catch(() => undefined);
	}

	online(): void {
		this.#orders = this.#begin();
		this.#reports.online();
	}

	offline(): void {
		this.#reports.offline();
	}

	said(state: DriverState, reason: string | undefined): void {
		this.#reports.said(state, reason);
	}

	#begin(): Newest<Command> {
		return new Newest((order) => this.#send(order));
	}

	async #send(order: Command): Promise<void> {
		const { prefix, robot, camera, bus, now } = this.#options;
		const whole: Order = { id: randomUUID(), ...order, expires: now() + EXPIRES_MS };
		await bus()?.deliver(robotTopic(prefix, { robot, camera, kind: "order" }), JSON.stringify(whole));
	}
}
