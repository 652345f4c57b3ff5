import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Ladder } from "./ladder.ts";
import type { Memory } from "./memory.ts";
import type { Failure, Feed, Sample, Transport, TransportEvents } from "./transport.ts";

const refused: Failure = { kind: "refused", reason: "no", lasting: true };

/** A way that does what the test says. */
class Way implements Transport {
	state: Transport["state"] = "new";
	way: Sample["way"] = null;
	readonly events: TransportEvents;
	readonly feed: Feed = { attach: () => undefined, hasAudio: false };
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
	/** Seconds that each picture waits. */
	wait = 0;
	#emitted = 0;
	async stats(): Promise<Sample | null> {
		this.#emitted += 10;
		return { way: this.way, bufferEmitted: this.#emitted, bufferDelay: this.wait * this.#emitted } as Sample;
	}
	media(): void {
		this.events.media(this.feed);
	}
}

class TestMemory implements Memory {
	last: string | null;
	readonly refusals = new Set<string>();
	readonly told: string[];
	constructor(last: string | null, told: string[]) {
		this.last = last;
		this.told = told;
	}
	recall = () => this.last;
	remember = (name: string) => void this.told.push(`remember ${name}`);
	refuse = (name: string) => void this.refusals.add(name);
	isRefused = (name: string) => this.refusals.has(name);
	review = async () => undefined;
}

/** A ladder with its clock stopped, and what it did. */
function setUp(t: TestContext, last: string | null = null, refusals: readonly string[] = []) {
	t.mock.timers.enable({ apis: ["setTimeout"] });
	const tried: { name: string; way: Way }[] = [];
	const told: string[] = [];
	const memory = new TestMemory(last, told);
	for (const name of refusals) memory.refusals.add(name);
	const moment = { busy: false, waking: false };
	const make = (name: string) => (events: TransportEvents) => {
		const way = new Way(events);
		tried.push({ name, way });
		return way;
	};
	const ladder = new Ladder(
		[
			{ name: "udp", betters: "first", make: make("udp") },
			...["first", "second", "third"].map((name) => ({ name, make: make(name) })),
		],
		{
			media: () => undefined,
			show: (source) => void told.push(`show ${tried.find(({ way }) => way.feed === source)?.name}`),
			drop: () => undefined,
			leftOut: () => undefined,
			failed: ({ kind }) => void told.push(kind),
			busy: () => moment.busy,
			waking: () => moment.waking,
		},
		memory,
	);
	ladder.start();
	/** The last attempt on a way. */
	const way = (name: string) => tried.findLast((one) => one.name === name)!.way;
	const names = () => tried.map(({ name }) => name);
	/** Lets milliseconds pass, and what was promised before come true. */
	const pass = async (ms: number) => {
		t.mock.timers.tick(ms);
		for (let i = 0; i < 10; i++) await Promise.resolve();
	};
	return { ladder, way, names, told, memory, moment, pass };
}

type Climb = ReturnType<typeof setUp>;

/** The way shows a picture each 50 ms of a second and a bit, and what is shown before does as often. */
function showsFor(climb: Climb, name: string, beside: string, share = 1): void {
	for (let i = 0; i <= 24; i++) {
		climb.ladder.pictured(climb.way(beside).feed, i * 50);
		if (i % Math.round(1 / share) === 0) climb.ladder.pictured(climb.way(name).feed, i * 50);
	}
}

/** The second way has won, and ten seconds later the first is tried again. */
async function onSecond(t: TestContext): Promise<Climb> {
	const climb = setUp(t);
	await climb.pass(2000);
	climb.way("second").media();
	climb.ladder.pictured(climb.way("second").feed, 0);
	await climb.pass(9999);
	assert.deepEqual(climb.names(), ["first", "second"]);
	await climb.pass(1);
	assert.deepEqual(climb.names(), ["first", "second", "first"]);
	return climb;
}

test("the second way begins beside the first after two seconds, and the first picture wins", async (t) => {
	const { ladder, way, names, told, pass } = setUp(t);
	way("first").media();
	await pass(1999);
	assert.deepEqual(names(), ["first"]);
	await pass(1);
	assert.equal(way("first").state, "starting");
	way("second").media();
	assert.deepEqual(told, []);
	ladder.pictured(way("second").feed, 0);
	assert.equal(way("first").state, "ended");
	assert.deepEqual(told, ["remember second", "show second"]);
});

test("a picture within two seconds keeps the second way from being tried", async (t) => {
	const { ladder, way, names, told, pass } = setUp(t);
	way("first").media();
	ladder.pictured(way("first").feed, 0);
	await pass(5000);
	assert.deepEqual(names(), ["first"]);
	assert.deepEqual(told, ["remember first", "show first"]);
});

test("a way that fails is followed by the next at once; when all failed the first reason is told", (t) => {
	const { told, way } = setUp(t);
	way("first").events.failed(refused);
	way("second").events.failed({ kind: "unreachable", reason: "" });
	assert.deepEqual(told, []);
	way("third").events.failed({ kind: "unreachable", reason: "" });
	assert.deepEqual(told, ["refused"]);
});

test("a reason is told rather than that nothing answered", (t) => {
	const { told, way } = setUp(t, "second");
	for (const name of ["second", "first"]) way(name).events.failed({ kind: "unreachable", reason: "" });
	way("third").events.failed(refused);
	assert.deepEqual(told, ["refused"]);
});

test("what every way would be told ends it", (t) => {
	const { ladder, names, told, way } = setUp(t);
	way("first").events.failed({ kind: "offline", reason: "" });
	assert.deepEqual(told, ["offline"]);
	assert.deepEqual(names(), ["first"]);
	assert.ok(ladder.ended);
});

test("what worked the last time comes first, and what is better soon has its turn", async (t) => {
	const { ladder, way, names, pass } = setUp(t, "second");
	assert.deepEqual(names(), ["second"]);
	way("second").media();
	ladder.pictured(way("second").feed, 0);
	await pass(2000);
	assert.deepEqual(names(), ["second", "first"]);
});

test("a way that won and is lost is lost", (t) => {
	const { ladder, told, way } = setUp(t);
	way("first").media();
	ladder.pictured(way("first").feed, 0);
	way("first").events.failed({ kind: "lost", reason: "" });
	assert.deepEqual(told.slice(-1), ["lost"]);
});

test("stopping ends all of them, and nothing more is told", async (t) => {
	const { ladder, told, way, pass } = setUp(t);
	await pass(2000);
	ladder.stop();
	assert.equal(way("first").state, "ended");
	assert.equal(way("second").state, "ended");
	way("second").events.failed(refused);
	assert.deepEqual(told, []);
});

test("a better way is tried again, and takes over when it has shown pictures for a second", async (t) => {
	const climb = await onSecond(t);
	climb.way("first").media();
	showsFor(climb, "first", "second");
	await climb.pass(0);
	assert.deepEqual(climb.told.slice(2), ["remember first", "show first"]);
	assert.equal(climb.way("second").state, "ended");
});

test("a better way whose pictures are late does not take over before they are not", async (t) => {
	const climb = await onSecond(t);
	climb.way("first").media();
	climb.way("first").wait = 0.6;
	showsFor(climb, "first", "second");
	await climb.pass(0);
	assert.deepEqual(climb.told.slice(2), []);
	climb.way("first").wait = 0;
	showsFor(climb, "first", "second");
	await climb.pass(0);
	assert.deepEqual(climb.told.slice(2), ["remember first", "show first"]);
});

test("a better way that shows half as many pictures does not take over", async (t) => {
	const climb = await onSecond(t);
	climb.way("first").media();
	showsFor(climb, "first", "second", 0.5);
	await climb.pass(0);
	assert.deepEqual(climb.told.slice(2), []);
});

test("a better way without a picture is given up after ten seconds and tried again later each time", async (t) => {
	const { way, names, pass } = await onSecond(t);
	await pass(10_000);
	assert.equal(way("first").state, "ended");
	await pass(19_999);
	assert.equal(names().length, 3);
	await pass(1);
	assert.equal(names().length, 4);
	way("first").events.failed({ kind: "lost", reason: "" });
	await pass(39_999);
	assert.equal(names().length, 4);
	await pass(1);
	assert.equal(names().length, 5);
});

test("a change of the network is a reason to try a better way at once", async (t) => {
	const { ladder, names, pass } = await onSecond(t);
	await pass(10_000);
	ladder.hurry();
	await pass(500);
	assert.equal(names().length, 4);
});

test("nothing changes while the picture is in a window of its own", async (t) => {
	const climb = await onSecond(t);
	climb.way("first").media();
	climb.moment.busy = true;
	showsFor(climb, "first", "second");
	assert.deepEqual(climb.told.slice(2), []);
	await climb.pass(10_000);
	await climb.pass(100_000);
	assert.equal(climb.names().length, 3);
});

test("a way that this stream was refused is not tried again", async (t) => {
	const climb = setUp(t);
	climb.way("first").events.failed(refused);
	climb.way("second").media();
	climb.ladder.pictured(climb.way("second").feed, 0);
	assert.deepEqual(climb.told, ["show second"], "other streams are not asked for this way first");
	await climb.pass(400_000);
	assert.deepEqual(climb.names(), ["first", "second"]);
	climb.memory.refusals.clear();
	await climb.pass(400_000);
	assert.deepEqual(climb.names(), ["first", "second", "first"]);
});

test("before a way is passed over it is asked whether the stream is still the one that was refused", async (t) => {
	const { names, memory, pass } = setUp(t, null, ["first"]);
	assert.deepEqual(names(), []);
	memory.refusals.clear();
	await pass(0);
	assert.deepEqual(names(), ["first"]);
});

test("where every way was refused all are tried again", async (t) => {
	const { names, pass } = setUp(t, null, ["first", "second", "third"]);
	await pass(0);
	assert.deepEqual(names(), ["first"]);
});

test("a full relay is no refusal of the stream", (t) => {
	const { way, memory } = setUp(t);
	way("first").events.failed({ kind: "refused", reason: "full", retryAfter: 2000 });
	assert.equal(memory.refusals.size, 0);
});

test("WebRTC over TCP comes back to UDP, and only to that", async (t) => {
	const climb = setUp(t);
	climb.way("first").way = "tcp";
	climb.way("first").media();
	climb.ladder.pictured(climb.way("first").feed, 0);
	await climb.ladder.stats();
	await climb.pass(10_000);
	assert.deepEqual(climb.names(), ["first", "udp"]);
	climb.way("udp").media();
	climb.way("udp").way = "tcp";
	showsFor(climb, "udp", "first");
	await climb.pass(0);
	assert.deepEqual(climb.told, ["remember first", "show first"]);
	climb.way("udp").way = "udp";
	showsFor(climb, "udp", "first");
	await climb.pass(0);
	assert.deepEqual(climb.told.slice(2), ["remember first", "show udp"]);
	await climb.pass(400_000);
	assert.deepEqual(climb.names(), ["first", "udp"]);
});

test("while the relay waits for the camera itself no other way is tried", async (t) => {
	const { names, moment, pass } = setUp(t);
	moment.waking = true;
	await pass(2000);
	await pass(2000);
	assert.deepEqual(names(), ["first"]);
	moment.waking = false;
	await pass(2000);
	assert.deepEqual(names(), ["first", "second"]);
});
