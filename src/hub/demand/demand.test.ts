import assert from "node:assert/strict";
import { test } from "node:test";
import { settle, World } from "../../../test/support/demand.ts";
import { parsePathName } from "../../media/path-name.ts";
import type { HoldStore } from "./demand.ts";
import type { DemandEvent, KeptHold } from "./view.ts";

const api = { type: "api", user: "bob", remoteAddress: "192.0.2.3" };
const mqtt = { type: "mqtt", user: "", remoteAddress: "192.0.2.4" };
const absent = { name: "Refused", kind: "absent" };
const stopped = { name: "Refused", kind: "stopped" };

function awake(settings: Record<string, unknown> = {}, options: ConstructorParameters<typeof World>[1] = {}): World {
	const world = new World(settings, options);
	world.robot.connect();
	world.robot.orders.length = 0;
	return world;
}

function memory(): HoldStore & { readonly kept: Map<string, readonly KeptHold[]> } {
	const kept = new Map<string, readonly KeptHold[]>();
	return { kept, load: (path) => kept.get(path) ?? [], save: (path, holds) => kept.set(path, holds) };
}

test("a reader wakes the camera, waits for pictures, and lets it sleep a while after it left", async () => {
	const world = awake();
	const { clock, robot } = world;
	const coming = world.watch("ann");
	assert.equal(world.state, "starting");
	await clock.pass(600);
	const reader = await coming;
	assert.equal(world.state, "live");
	await clock.pass(60_000);
	reader.leave();
	await clock.pass(9900);
	assert.equal(world.state, "live");
	await clock.pass(150);
	assert.equal(world.state, "stopping");
	await clock.pass(100);
	assert.equal(world.state, "idle");
	assert.deepEqual(robot.orders, ["start", "stop"]);
});

test("who asks and does not read is forgotten after 10 s", async () => {
	const world = awake({ idleAfter: "0 s" });
	const { clock } = world;
	await Promise.all([
		world.hub.wanted(world.path, { type: "rtspSession", user: "", remoteAddress: "::1" }),
		clock.pass(600),
	]);
	await clock.pass(9800);
	assert.equal(world.state, "live");
	await clock.pass(400);
	assert.equal(world.state, "idle");
});

test("a reader waits so long and no longer, and is told why", async () => {
	const world = awake();
	world.robot.fault = "the camera is unplugged";
	const coming = assert.rejects(world.watch("ann"), { ...absent, message: /after 10 s.*unplugged/ });
	await world.clock.pass(9900);
	assert.equal(world.hub.demand.get(world.path)?.waiting, 1);
	await world.clock.pass(200);
	await coming;
	assert.match(world.hub.demand.get(world.path)?.error ?? "", /unplugged/);
});

test("a path that cannot be woken costs a reader nothing, and is not there", async () => {
	const world = awake();
	const other = parsePathName("other")!;
	await world.hub.wanted(other, { type: "rtspSession", user: "", remoteAddress: "::1" });
	assert.throws(() => world.hub.find(other), absent);
	assert.throws(() => world.hub.demand.start(other, { by: api }), absent);
	assert.equal(world.hub.demand.stop(other, api), "idle");
	assert.equal(world.hub.demand.list().length, 1);
});

test("a stop ends the viewers, and they wake nothing by coming back at once", async () => {
	const world = awake();
	const { clock } = world;
	let reason = "";
	const coming = world.watch("ann", (why) => {
		reason = why;
	});
	await clock.pass(600);
	await coming;
	assert.equal(world.hub.demand.stop(world.path, api), "live");
	assert.equal(reason, "stopped by bob (api)");
	await clock.pass(1000);
	assert.equal(world.state, "idle");
	await assert.rejects(world.watch("ann"), { ...stopped, againMs: 29_000, message: /stopped a moment ago/ });
	assert.equal(world.state, "idle");
	await clock.pass(29_000);
	const again = world.watch("ann");
	await clock.pass(600);
	await again;
});

test("after a stop a viewer who says so in the address wakes the camera, and is welcome from then on", async () => {
	const world = awake();
	const { clock } = world;
	const coming = world.watch("ann");
	await clock.pass(600);
	await coming;
	world.hub.demand.stop(world.path, api);
	await clock.pass(1000);
	for (const query of ["wake=0", "wake", "awake=1"])
		await assert.rejects(world.watch("ann", undefined, query), stopped);
	assert.equal(world.state, "idle");
	const again = world.watch("ann", undefined, "audio=aac&wake=1");
	assert.equal(world.state, "starting");
	await clock.pass(600);
	const reader = await again;
	reader.leave();
	await clock.pass(11_000);
	assert.equal(world.state, "idle");
	const back = world.watch("ann");
	await clock.pass(600);
	await back;
	world.hub.demand.stop(world.path, api);
	const atOnce = world.watch("ann", undefined, "wake=1");
	await clock.pass(2000);
	await atOnce;
	assert.equal(world.state, "live");
});

test("after a stop somebody else wakes the camera, and so does a start for everybody", async () => {
	const world = awake();
	const { clock } = world;
	const coming = world.watch("ann");
	await clock.pass(600);
	await coming;
	world.hub.demand.stop(world.path, api);
	await clock.pass(1000);
	const other = world.watch("eve");
	assert.equal(world.state, "starting");
	await clock.pass(600);
	await other;
	world.hub.demand.stop(world.path, api);
	await clock.pass(1000);
	world.hub.demand.start(world.path, { by: mqtt });
	const back = world.watch("ann");
	await clock.pass(600);
	await back;
});

test("a stop while starting fails those who wait", async () => {
	const world = awake();
	const waiting = assert.rejects(world.watch("ann"), { ...stopped, message: /was stopped by bob/ });
	const started = world.hub.demand.start(world.path, { by: mqtt });
	const failing = assert.rejects(started.pictures, { ...stopped, message: /was stopped by bob/ });
	assert.equal(world.hub.demand.stop(world.path, api), "starting");
	await Promise.all([waiting, failing]);
	await world.clock.pass(1000);
	assert.equal(world.state, "idle");
});

test("a start while stopping starts again", async () => {
	const world = awake();
	const { clock, robot } = world;
	world.hub.demand.start(world.path, { by: mqtt });
	await clock.pass(600);
	world.hub.demand.stop(world.path, mqtt);
	const { before, pictures } = world.hub.demand.start(world.path, { by: mqtt });
	assert.equal(before, "stopping");
	await clock.pass(600);
	await pictures;
	assert.equal(world.state, "live");
	assert.deepEqual(robot.orders, ["start", "stop", "start"]);
});

test("the last of a storm of starts and stops counts", async () => {
	for (const last of ["start", "stop"] as const) {
		const world = awake();
		for (let turn = 0; turn < 500; turn++) {
			world.hub.demand.start(world.path, { by: mqtt }).pictures.catch(() => undefined);
			world.hub.demand.stop(world.path, mqtt);
			await world.clock.pass(2);
		}
		if (last === "start") world.hub.demand.start(world.path, { by: mqtt });
		await world.clock.pass(10_000);
		assert.equal(world.state, last === "start" ? "live" : "idle");
		assert.equal(world.robot.publication?.active ?? false, last === "start");
	}
});

test("who waits for a robot out of reach fails; a start lapses after 30 s; each birth gets what is wanted", async () => {
	const world = new World();
	const { clock, robot } = world;
	const coming = assert.rejects(world.watch("ann"), { ...absent, message: /cannot be reached/ });
	await clock.pass(10_100);
	await coming;
	await clock.pass(30_000);
	assert.equal(world.state, "idle");
	const { pictures } = world.hub.demand.start(world.path, { by: mqtt });
	const failing = assert.rejects(pictures, absent);
	await clock.pass(29_900);
	assert.equal(world.hub.demand.get(world.path)?.holds.length, 1);
	await clock.pass(200);
	await failing;
	assert.equal(world.hub.demand.get(world.path)?.holds.length, 0);
	await clock.pass(20_000);
	robot.connect();
	assert.deepEqual(robot.orders, ["stop"]);
	robot.disconnect();
	world.hub.demand.start(world.path, { by: mqtt });
	robot.connect();
	assert.deepEqual(robot.orders, ["stop", "start"]);
	await clock.pass(600);
	assert.equal(world.state, "live");
	robot.disconnect();
	await clock.pass(60_000);
	assert.equal(world.hub.demand.get(world.path)?.holds.length, 1, "what was live holds");
});

test("a second start renews, and the newest bounds win", async () => {
	const world = awake();
	const { clock, robot } = world;
	const { demand } = world.hub;
	assert.equal(demand.start(world.path, { by: api, bounds: { maxBandwidth: 5000 } }).before, "idle");
	assert.equal(demand.start(world.path, { by: mqtt }).before, "starting");
	assert.deepEqual(robot.lastOrder?.bounds, { maxBandwidth: 5000 });
	await clock.pass(600);
	assert.equal(demand.start(world.path, { by: mqtt, bounds: { maxBandwidth: 800, minBandwidth: 100 } }).before, "live");
	assert.deepEqual(robot.lastOrder?.bounds, { maxBandwidth: 800, minBandwidth: 100 });
	await clock.pass(1000);
	assert.equal(world.state, "live");
});

test("a start lapses without readers, and not with them", async () => {
	const world = awake();
	const { clock } = world;
	world.hub.demand.start(world.path, { by: api, lapse: 300_000 });
	await clock.pass(1000);
	const reader = await world.watch("ann");
	await clock.pass(1_000_000);
	reader.leave();
	await clock.pass(299_000);
	assert.equal(world.state, "live");
	await clock.pass(12_000);
	assert.equal(world.state, "idle");
});

test("a start by MQTT lapses after maxHold, or never; one for a time after that", async () => {
	const hour = awake();
	hour.hub.demand.start(hour.path, { by: mqtt });
	await hour.clock.pass(3_599_000);
	assert.equal(hour.state, "live");
	await hour.clock.pass(12_000);
	assert.equal(hour.state, "idle");
	const ever = awake({ maxHold: "0 s" });
	ever.hub.demand.start(ever.path, { by: mqtt });
	await ever.clock.pass(40 * 86_400_000);
	assert.equal(ever.state, "live");
	const brief = awake();
	brief.hub.demand.start(brief.path, { by: mqtt, lasts: 60_000 });
	await brief.clock.pass(71_000);
	assert.equal(brief.state, "idle");
});

test("a start that gives up is taken back after 30 s", async () => {
	const world = awake();
	world.robot.fault = "no camera";
	const { pictures } = world.hub.demand.start(world.path, { by: api, givesUp: true });
	const failing = assert.rejects(pictures, { ...absent, message: /after 30 s: no camera/ });
	await world.clock.pass(30_100);
	await failing;
	await world.clock.pass(11_000);
	assert.equal(world.state, "idle");
});

test("what gives up takes back no later start", async () => {
	const world = awake();
	const { demand } = world.hub;
	const first = demand.start(world.path, { by: api, givesUp: true });
	demand.stop(world.path, api);
	const second = demand.start(world.path, { by: api, givesUp: true });
	await assert.rejects(first.pictures, stopped);
	await world.clock.pass(600);
	await second.pictures;
	await world.clock.pass(60_000);
	assert.equal(world.state, "live");
});

test("a robot that lost the order, or said starting and sent nothing, is told again", async () => {
	const world = awake();
	world.robot.deaf = true;
	const coming = world.watch("ann");
	await world.clock.pass(5600);
	await coming;
	assert.deepEqual(world.robot.orders, ["start", "start"]);
});

test("what does not stop is cut off", async () => {
	const world = awake();
	world.hub.demand.start(world.path, { by: mqtt });
	await world.clock.pass(600);
	world.robot.deaf = true;
	world.hub.demand.stop(world.path, mqtt);
	await world.clock.pass(5100);
	assert.equal(world.hub.path(world.path)?.publication, undefined);
	assert.equal(world.state, "idle");
});

test("a publisher that nobody wants is refused, another's never", async () => {
	const world = awake();
	assert.throws(() => world.robot.publish(), { name: "Refused", kind: "unwanted" });
	const alien = world.publishAlien();
	assert.equal(world.state, "live");
	let reason = "";
	await world.watch("ann", (why) => {
		reason = why;
	});
	world.hub.demand.stop(world.path, api);
	assert.match(reason, /stopped by bob/);
	await world.clock.pass(60_000);
	assert.equal(alien.active, true);
	assert.equal(world.state, "live");
	await world.watch("ann");
	alien.close("it left");
	await world.clock.pass(1000);
	assert.equal(world.state, "live", "the robot takes over for who watches");
	assert.equal(world.robot.publication?.active, true);
});

test("a robot whose protocol cannot be asked for a key frame is asked by its driver, another publisher not", async () => {
	const world = awake();
	const coming = world.watch("ann");
	await world.clock.pass(600);
	const { stream } = await coming;
	await world.clock.pass(1000);
	const before = world.robot.keyFrames;
	stream.requestKeyFrame();
	assert.equal(world.robot.keyFrames, before + 1);
	const other = awake();
	const { stream: alien } = other.publishAlien();
	await other.clock.pass(1000);
	alien.requestKeyFrame();
	assert.equal(other.robot.keyFrames, 0);
});

test("a camera that is always on needs no start and takes no stop", async () => {
	const world = awake({ onDemand: false });
	assert.equal(world.state, "starting");
	await world.clock.pass(600);
	assert.equal(world.hub.demand.start(world.path, { by: api }).before, "always on");
	assert.equal(world.hub.demand.stop(world.path, api), "always on");
	await world.clock.pass(600_000);
	assert.equal(world.state, "live");
});

test("a passive reader wakes nobody and keeps nothing awake; one that asks does", async () => {
	const world = awake();
	const { clock, hub, path } = world;
	world.hub.demand.start(path, { by: mqtt, lasts: 20_000 });
	await clock.pass(600);
	const info = { type: "forward", id: "f", remoteAddress: "", user: "", passive: true };
	hub.read(path, [0], info, { onEnd: () => undefined });
	await clock.pass(40_000);
	assert.equal(world.state, "idle");
	const release = hub.demand.want(path, info);
	await clock.pass(60_000);
	assert.equal(world.state, "live");
	release();
	await clock.pass(11_000);
	assert.equal(world.state, "idle");
	const other = parsePathName("other")!;
	const early = hub.demand.want(other, info);
	const orders: string[] = [];
	const open = () => ({ start: () => orders.push("start"), stop: () => orders.push("stop") });
	hub.demand.drive(other, { kind: "command", open });
	assert.deepEqual(orders, ["start"], "who wanted it before it had a driver");
	early();
	await clock.pass(10_500);
	assert.deepEqual(orders, ["start", "start", "stop"]);
});

test("a stop takes the start back that was kept of a robot which is not back yet", async () => {
	const holds = memory();
	const world = awake({}, { holds });
	const other = parsePathName("other")!;
	world.hub.demand.start(world.path, { by: api });
	await world.clock.pass(600);
	holds.kept.set(other, holds.kept.get(world.path)!);
	assert.equal(world.hub.demand.stop(other, mqtt), "idle");
	assert.deepEqual(holds.kept.get(other), []);
	assert.equal(holds.kept.get(world.path)?.length, 1);
	const orders: string[] = [];
	const open = () => ({ start: () => orders.push("start"), stop: () => orders.push("stop") });
	world.hub.demand.drive(other, { kind: "command", open });
	assert.deepEqual(orders, []);
});

test("holds outlive the relay, and lapse as if it had run", async () => {
	const holds = memory();
	const world = awake({}, { holds });
	world.hub.demand.start(world.path, { by: mqtt, bounds: { maxBandwidth: 700 } });
	await world.clock.pass(1_800_000);
	world.restart();
	assert.equal(world.state, "starting");
	world.robot.connect();
	await world.clock.pass(600);
	assert.equal(world.state, "live");
	assert.deepEqual(world.robot.lastOrder?.bounds, { maxBandwidth: 700 });
	await world.clock.pass(1_820_000);
	assert.equal(world.state, "idle");
	assert.deepEqual(holds.kept.get(world.path), []);
});

test("drivers are found for whoever comes, and forgotten when they sleep", async () => {
	const world = awake();
	const { clock, hub } = world;
	const other = parsePathName("other")!;
	const said: string[] = [];
	hub.demand.findWith((name) =>
		name === other
			? {
					kind: "command",
					open: () => ({
						start: ({ query }) => said.push(`start ${query}`),
						stop: () => said.push("stop"),
						close: () => said.push("close"),
					}),
				}
			: undefined,
	);
	const coming = assert.rejects(
		hub.wanted(other, { type: "rtspSession", user: "", remoteAddress: "", query: "a=1" }),
		absent,
	);
	await clock.pass(4000);
	assert.equal(hub.demand.list().length, 2);
	await clock.pass(30_000);
	await coming;
	assert.deepEqual(said, ["start a=1", "start a=1", "start a=1", "start a=1", "stop", "close"]);
	assert.equal(hub.demand.list().length, 1);
});

test("who did what and why is told and shown", async () => {
	const world = awake();
	const events: DemandEvent[] = [];
	world.hub.demand.listen((event) => events.push(event));
	world.hub.demand.start(world.path, { by: api });
	await world.clock.pass(600);
	const [view] = world.hub.demand.list();
	assert.equal(view?.holds[0]?.by.user, "bob");
	assert.equal(view?.holds[0]?.since, world.clock.unix() - 600);
	world.hub.demand.stop(world.path, mqtt);
	await settle();
	const lines = events.map((event) => (event.at === "phase" ? `${event.from} ${event.to}: ${event.why}` : event.at));
	assert.deepEqual(lines, [
		"started",
		"idle starting: wanted by bob (api)",
		"starting live: it publishes",
		"stopped",
		"live stopping: stopped by mqtt",
	]);
});

test("who waits for a camera that is kept off at the robot is told at once, and so is who watches; coming back asks anew", async () => {
	const world = awake();
	const { robot, clock } = world;
	const paused = { ...absent, message: /paused at the robot/ };
	robot.held = "paused at the robot";
	const began = clock.time;
	await assert.rejects(world.watch("ann"), paused);
	await assert.rejects(world.watch("ann"), paused);
	assert.equal(clock.time, began);
	robot.held = "";
	const ends: string[] = [];
	const [reader] = await Promise.all([world.watch("ann", (reason) => ends.push(reason)), clock.pass(600)]);
	assert.equal(reader.active, true);
	robot.hold("paused at the robot");
	assert.deepEqual(ends, ["paused at the robot"]);
	await clock.pass(60_000);
	assert.equal(world.state, "idle");
});
