import type { Log } from "../../observe/log.ts";
import type { StateReport } from "../../wire/robot-messages.ts";
import type { CameraConfig, RobotConfig } from "../config.ts";
import type { LocalDesk } from "./local-door.ts";
import type { Pauses } from "./pauses.ts";
import type { Station } from "./station.ts";
import { watchFile } from "./trigger-files.ts";

/** All cameras of a robot, and what can be done with them on the spot: triggers, pauses, questions. */
export class Stations implements LocalDesk, AsyncDisposable {
	readonly all: readonly Station[];
	readonly #configs: readonly CameraConfig[];
	readonly #pauses: Pauses;
	readonly #log: Log;
	readonly #watched = new DisposableStack();

	/** `all` in the order of the configuration. Throws where a trigger's file cannot be watched. */
	constructor({ cameras }: RobotConfig, all: readonly Station[], pauses: Pauses, log: Log) {
		this.all = all;
		this.#configs = cameras;
		this.#pauses = pauses;
		this.#log = log;
		for (const { name, trigger } of cameras) {
			for (const file of trigger.files) {
				this.#watched.defer(watchFile(file, log, () => this.trigger(name, file, undefined)));
			}
		}
	}

	/** Lets run what is to run from the start. */
	begin(): void {
		for (const station of this.all) station.settle();
	}

	/** The broker's topics that pull a trigger. */
	get triggerTopics(): readonly string[] {
		return [...new Set(this.#configs.flatMap(({ trigger }) => trigger.topics))];
	}

	/** A message came on one of them. */
	pullByTopic(topic: string): void {
		for (const { name, trigger } of this.#configs) {
			if (trigger.topics.includes(topic)) this.trigger(name, topic, undefined);
		}
	}

	trigger(camera: string | undefined, name: string, seconds: number | undefined): void {
		for (const station of this.#named(camera)) {
			const { trigger } = this.#configs[this.all.indexOf(station)]!;
			const time = seconds ?? trigger.time / 1000;
			this.#log.info({ camera: station.name, trigger: name, seconds: time }, "triggered");
			station.trigger(name, time);
		}
	}

	pause(camera: string | undefined, paused: boolean): void {
		for (const station of this.#named(camera)) {
			this.#pauses.set(station.name, paused);
			this.#log.info({ camera: station.name }, paused ? "paused at the robot" : "resumed at the robot");
			station.pause(paused);
		}
	}

	status(): Readonly<Record<string, StateReport>> {
		return Object.fromEntries(this.all.map((station) => [station.name, station.report("")]));
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#watched.dispose();
		await Promise.all(this.all.map((station) => station.stop()));
	}

	#named(camera: string | undefined): readonly Station[] {
		if (camera === undefined) return this.all;
		const station = this.all.find(({ name }) => name === camera);
		if (!station) throw new Error(`no camera "${camera}"; there is ${this.all.map(({ name }) => name).join(", ")}`);
		return [station];
	}
}
