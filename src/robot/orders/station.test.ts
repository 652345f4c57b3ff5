import assert from "node:assert/strict";
import { test } from "node:test";
import type { Order } from "../../wire/robot-messages.ts";
import { Desk } from "./desk.ts";
import { Station } from "./station.ts";
import { Wish } from "./wish.ts";

const LATE = { expires: 0 };

/** A station whose camera does nothing but say what it is told. */
function setUp() {
	const did: string[] = [];
	let reports = 0;
	const tally = { frames: 0, bytes: 0, dropped: 0 };
	const camera = {
		...{ name: "front", tally, keyFrame: undefined },
		start: (reason: string) => void did.push(`start: ${reason}`),
		stop: async (reason: string) => void did.push(`stop: ${reason}`),
		setBounds: ({ maxBitrate, minBitrate }: { maxBitrate?: number; minBitrate?: number }) =>
			void did.push(`bounds ${minBitrate}-${maxBitrate}`),
		requestKeyFrame: () => void did.push("key frame"),
	};
	const desk = new Desk();
	desk.clock.told(1000, performance.now());
	const onChange = (): void => {
		reports += 1;
	};
	const station = new Station({ camera, wish: new Wish(false, false), desk, onChange });
	const order = (id: string, what: Order["do"], more: Partial<Order> = {}): string[] => {
		did.length = 0;
		reports = 0;
		station.obey({ id, do: what, expires: 1e12, ...more });
		assert.ok(reports > 0, "every order is reported on");
		return [...did];
	};
	return { station, order, did };
}

test("an order is obeyed once, and answered as often as it comes; a late one is counted", () => {
	const { station, order } = setUp();
	assert.deepEqual(order("a", "start", { maxBitrate: 900, minBitrate: 300 }), ["start: ordered", "bounds 300-900"]);
	assert.deepEqual(order("b", "stop"), ["stop: nobody wants it"]);
	assert.deepEqual(station.answer("s").orders, ["a", "b"]);
	assert.equal(station.owesAnswers, false);
	assert.deepEqual(order("a", "start"), []);
	const again = station.answer("s");
	assert.deepEqual([again.order, again.orders, again.state], ["a", undefined, "idle"]);
	assert.deepEqual(order("c", "start", LATE), []);
	const late = station.answer("s");
	assert.deepEqual([late.order, late.orders, late.late], ["a", undefined, 1]);
	assert.deepEqual(order("d", "keyframe"), ["key frame"]);
	assert.equal(station.answer("s").order, "d");
});

test("who only looks answers nothing", () => {
	const { station, order } = setUp();
	order("a", "start");
	order("b", "stop");
	assert.equal(station.report("").orders, undefined);
	assert.deepEqual(station.answer("s").orders, ["a", "b"]);
});

test("a pause is above what is ordered, and a trigger is told with the seconds that are left", async () => {
	const { station, order, did } = setUp();
	order("a", "start");
	station.pause(true);
	assert.equal(did.at(-1), "stop: paused at the robot");
	assert.deepEqual(order("b", "start"), ["stop: paused at the robot"]);
	assert.deepEqual([station.report("").paused, station.report("").reason], [true, "paused at the robot"]);
	station.pause(false);
	assert.equal(did.at(-1), "start: ordered");
	station.trigger("dog", 30);
	assert.deepEqual(station.report("").trigger, { name: "dog", seconds: 30 });
	order("c", "stop");
	assert.equal(station.report("").trigger, undefined);
	await station.stop();
});
