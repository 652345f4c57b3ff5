import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { World } from "../../../test/support/demand.ts";
import type { Publication } from "../path.ts";
import type { Reader } from "../reader.ts";
import type { HoldStore } from "./demand.ts";
import type { KeptHold } from "./view.ts";

const IDLE_MS = 3000;
const STOP_MS = 1500;
/** What nobody wants runs no longer than its while, the robot's own end, and the patience before it is cut off. */
const MOST_UNWANTED_MS = IDLE_MS + 5000 + STOP_MS;
/** What is wanted runs after the longest wait between attempts, an order that was lost, and the robot's start. */
const MOST_ASLEEP_MS = 30_000 + 5000 + 1000;
const HOLD_MS = 15_000;
const STEP_MS = 250;

type Op =
	| {
			readonly do:
				| "watch"
				| "press"
				| "leave"
				| "start"
				| "stop"
				| "mqtt stop"
				| "break"
				| "deaf"
				| "alien"
				| "restart";
	  }
	| { readonly do: "online" | "fault"; readonly on: boolean }
	| { readonly do: "pass"; readonly ms: number };

const rare = ["start", "stop", "mqtt stop", "break", "deaf", "alien", "restart"] as const;

const op: fc.Arbitrary<Op> = fc.oneof(
	{ weight: 8, arbitrary: fc.record({ do: fc.constantFrom("watch", "press", "leave") }) },
	{ weight: 7, arbitrary: fc.record({ do: fc.constantFrom(...rare) }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constantFrom("online", "fault"), on: fc.boolean() }) },
	{ weight: 5, arbitrary: fc.record({ do: fc.constant("pass"), ms: fc.integer({ min: 1, max: 2000 }) }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant("pass"), ms: fc.integer({ min: 2000, max: 20_000 }) }) },
);

/** Does whatever it is told to a world, and watches what must always hold. */
class Trial {
	readonly #kept = new Map<string, readonly KeptHold[]>();
	readonly #holds: HoldStore = {
		load: (path) => this.#kept.get(path) ?? [],
		save: (path, holds) => this.#kept.set(path, holds),
	};
	readonly world = new World({ idleAfter: `${IDLE_MS} ms` }, { holds: this.#holds });
	readonly #readers: Reader[] = [];
	#alien: Publication | undefined;
	#unwantedMs = 0;
	#asleepMs = 0;
	#user = 0;
	#told = 0;

	async run(ops: readonly Op[]): Promise<void> {
		this.world.robot.stopDelay = STOP_MS;
		this.world.robot.connect();
		for (const one of ops) await this.#do(one);
		await this.#pass(MOST_ASLEEP_MS + HOLD_MS);
		for (const reader of this.#readers) reader.leave();
		await this.#pass(HOLD_MS + MOST_UNWANTED_MS);
	}

	async #do(one: Op): Promise<void> {
		const { world } = this;
		const { robot, hub, path } = world;
		const by = { type: "mqtt", user: "", remoteAddress: "192.0.2.4" };
		switch (one.do) {
			case "watch":
			case "press":
				// Waits, and may be told no.
				world.watch(`user${this.#user++ % 3}`, undefined, one.do === "press" ? "wake=1" : "").then(
					(reader) => this.#readers.push(reader),
					() => undefined,
				);
				break;
			case "leave":
				this.#readers.shift()?.leave();
				break;
			case "start":
				hub.demand.start(path, { by, lasts: HOLD_MS });
				break;
			case "stop":
				hub.demand.stop(path, { ...by, type: "api" });
				break;
			case "mqtt stop":
				hub.demand.stop(path, by);
				break;
			case "break":
				robot.breakOff("the link broke");
				break;
			case "deaf":
				robot.deaf = true;
				break;
			case "alien":
				this.#toggleAlien();
				break;
			case "restart":
				world.restart();
				break;
			case "online":
				if (one.on) robot.connect();
				else robot.disconnect();
				break;
			case "fault":
				robot.fault = one.on ? "no camera" : "";
				break;
			case "pass":
				return this.#pass(one.ms);
			default:
				one satisfies never;
		}
		await this.#pass(1);
	}

	#toggleAlien(): void {
		if (this.#alien?.active) {
			this.#alien.close("it left");
			return;
		}
		try {
			this.#alien = this.world.publishAlien();
		} catch {
			// The robot publishes.
		}
	}

	async #pass(ms: number): Promise<void> {
		for (let left = ms; left > 0; left -= STEP_MS) {
			const step = Math.min(left, STEP_MS);
			await this.world.clock.pass(step);
			this.#check(step);
		}
	}

	#check(ms: number): void {
		const { robot, hub, path, clock } = this.world;
		const view = hub.demand.get(path)!;
		const isWanted = view.wants.length > 0 || view.holds.length > 0;
		const runs = robot.publication?.active ?? false;
		const hasAlien = hub.path(path)?.publication?.info.identity === "somebody";
		this.#unwantedMs = runs && !isWanted ? this.#unwantedMs + ms : 0;
		assert.ok(this.#unwantedMs <= MOST_UNWANTED_MS, `runs unwanted for ${this.#unwantedMs} ms (${view.state})`);
		const could = robot.online && robot.fault === "" && !robot.deaf && !hasAlien;
		this.#asleepMs = isWanted && could && !runs ? this.#asleepMs + ms : 0;
		assert.ok(this.#asleepMs <= MOST_ASLEEP_MS, `sleeps while wanted for ${this.#asleepMs} ms (${view.state})`);
		const told = robot.orders.slice(this.#told);
		this.#told = robot.orders.length;
		if (isWanted && !hasAlien && told.at(-1) === "stop") {
			assert.fail(`was told to stop while it is wanted, at ${clock.time} (${view.state})`);
		}
	}
}

test("whatever happens, it never runs unwanted for long, and never sleeps while wanted", async () => {
	const ops = fc.array(op, { minLength: 5, maxLength: 50 });
	await fc.assert(
		fc.asyncProperty(ops, (all) => new Trial().run(all)),
		{ seed: 5, numRuns: 100 },
	);
});
