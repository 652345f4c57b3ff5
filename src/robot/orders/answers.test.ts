import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { parseStateReport } from "../../wire/robot-messages.ts";
import { Answers } from "./answers.ts";

test("every order is answered once, in reports that can be read", () => {
	const answers = new Answers();
	const ids = Array.from({ length: 1000 }, () => randomUUID());
	for (const id of ids) answers.add(id);
	const told: string[] = [];
	let reports = 0;
	while (!answers.isEmpty) {
		const orders = answers.take();
		const session = randomUUID();
		const reason = "x".repeat(500);
		const report = parseStateReport(JSON.stringify({ state: "error", session, order: ids.at(-1), orders, reason }));
		assert.ok(report, `${orders.length} in one`);
		told.push(...(report.orders ?? []));
		reports += 1;
	}
	assert.deepEqual(told, ids);
	assert.ok(reports <= 16, `${reports} reports`);
	assert.deepEqual(answers.take(), []);
});

test("an order that comes again is answered again; of too many the newest are", () => {
	const answers = new Answers();
	answers.add("a");
	answers.add("b");
	answers.add("a");
	assert.deepEqual(answers.take(), ["b", "a"]);
	answers.add("a");
	assert.deepEqual(answers.take(), ["a"]);
	answers.add("x".repeat(5000));
	answers.add("c");
	assert.equal(answers.take().length, 1, "a long one goes alone");
	assert.deepEqual(answers.take(), ["c"]);
	for (let n = 0; n < 1001; n++) answers.add(`${n}`);
	assert.equal(answers.take()[0], "1");
});
