import assert from "node:assert/strict";
import { test } from "node:test";
import type { Order } from "../../wire/robot-messages.ts";
import { Desk } from "./desk.ts";

const order = (id: string, expires: number): Order => ({ id, do: "start", expires });

test("orders are measured by the relay's clock, kept against the robot's own", () => {
	const desk = new Desk();
	assert.equal(
		desk.judge("front", order("a", 1e15), 0),
		"late",
		"before the time is known nothing shows that it is not",
	);
	desk.clock.told(1_000_000, 500);
	assert.equal(desk.judge("front", order("a", 1_000_100), 600), "obey");
	assert.equal(desk.judge("front", order("a", 1_000_100), 5000), "again");
	assert.equal(desk.judge("front", order("b", 1_000_100), 601), "late");
	assert.equal(desk.judge("rear", order("a", 1_000_100), 600), "obey", "each camera has its own");
	assert.equal(desk.late, 2);
});

test("of old orders only so many are remembered", () => {
	const desk = new Desk();
	desk.clock.told(0, 0);
	for (let n = 0; n < 2000; n++) assert.equal(desk.judge("front", order(`${n}`, 1), 0), "obey");
	assert.equal(desk.judge("front", order("1999", 1), 0), "again");
	assert.equal(desk.judge("front", order("0", 1), 0), "obey");
});
