import assert from "node:assert/strict";
import { test } from "node:test";
import { Ladder, type Memory } from "./ladder.ts";
import type { Failure, Feed, Transport, TransportEvents } from "./transport.ts";

const refused: Failure = { kind: "refused", reason: "no" };
const feed: Feed = { attach: () => undefined, hasAudio: false };

/** A way that does what the test says. */
class Way implements Transport {
	state: Transport["state"] = "new";
	readonly events: TransportEvents;
	constructor(events: TransportEvents) {
		this.events = events;
	}
	async start(): Promise<void> {
		this.state = "starting";
	}
	stop(): void {
		this.state = "ended";
	}
	async repair(): Promise<boolean> {
		return false;
	}
	async stats(): Promise<null> {
		return null;
	}
}

function setUp(remembered: string | null = null) {
	const ways = new Map<string, Way>();
	const told: string[] = [];
	const memory: Memory = { recall: () => remembered, remember: (name) => told.push(`remember ${name}`) };
	const make = (name: string) => (events: TransportEvents) => {
		const way = new Way(events);
		ways.set(name, way);
		return way;
	};
	const ladder = new Ladder(
		["first", "second"].map((name) => ({ name, make: make(name) })),
		{
			media: () => told.push("media"),
			leftOut: () => undefined,
			failed: ({ kind }) => told.push(kind),
		},
		memory,
	);
	void ladder.start();
	return { ladder, ways, told, way: (name: string) => ways.get(name)! };
}

test("the second way begins beside the first after two seconds, and the first picture wins", (t) => {
	t.mock.timers.enable({ apis: ["setTimeout"] });
	const { ladder, ways, told, way } = setUp();
	way("first").events.media({ getVideoTracks: () => [] } as unknown as MediaStream);
	t.mock.timers.tick(1999);
	assert.equal(ways.size, 1);
	t.mock.timers.tick(1);
	assert.equal(way("first").state, "starting");
	way("second").events.media(feed);
	ladder.pictured();
	assert.equal(way("first").state, "ended");
	assert.deepEqual(told, ["media", "media", "remember second"]);
});

test("a picture within two seconds keeps the second way from being tried", (t) => {
	t.mock.timers.enable({ apis: ["setTimeout"] });
	const { ladder, ways, told, way } = setUp();
	way("first").events.media(feed);
	ladder.pictured();
	t.mock.timers.tick(5000);
	assert.equal(ways.size, 1);
	assert.deepEqual(told, ["media", "remember first"]);
});

test("a way that fails is followed by the next at once; when all failed the first reason is told", () => {
	const { told, way } = setUp();
	way("first").events.failed(refused);
	assert.deepEqual(told, []);
	way("second").events.failed({ kind: "unreachable", reason: "" });
	assert.deepEqual(told, ["refused"]);
});

test("a reason is told rather than that nothing answered", () => {
	const { told, way } = setUp("second");
	way("second").events.failed({ kind: "unreachable", reason: "" });
	way("first").events.failed(refused);
	assert.deepEqual(told, ["refused"]);
});

test("what every way would be told ends it", () => {
	const { ladder, ways, told, way } = setUp();
	way("first").events.failed({ kind: "offline", reason: "" });
	assert.deepEqual(told, ["offline"]);
	assert.equal(ways.size, 1);
	assert.equal(ladder.state, "ended");
});

test("what worked the last time comes first", () => {
	const { ways } = setUp("second");
	assert.deepEqual([...ways.keys()], ["second"]);
});

test("a way that won and is lost is lost", () => {
	const { ladder, told, way } = setUp();
	way("first").events.media(feed);
	ladder.pictured();
	way("first").events.failed({ kind: "lost", reason: "" });
	assert.deepEqual(told.slice(-1), ["lost"]);
});

test("stopping ends all of them, and nothing more is told", (t) => {
	t.mock.timers.enable({ apis: ["setTimeout"] });
	const { ladder, told, way } = setUp();
	t.mock.timers.tick(2000);
	ladder.stop();
	assert.equal(way("first").state, "ended");
	assert.equal(way("second").state, "ended");
	way("second").events.failed(refused);
	assert.deepEqual(told, []);
});
