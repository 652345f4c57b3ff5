import assert from "node:assert/strict";
import { test } from "node:test";
import { Echoes } from "./echoes.ts";

const TOPIC = "robot/stream";
const filters = [TOPIC, "vedette/+/+/stream/set"];

test("each message of ours comes back once; the same one by somebody else is theirs", () => {
	const echoes = new Echoes(filters);
	assert.equal(echoes.isOurs(TOPIC, "start", 0), false);
	echoes.sent(TOPIC, "start", 0);
	echoes.sent(TOPIC, "start", 1);
	assert.equal(echoes.isOurs(TOPIC, "stop", 2), false);
	assert.equal(echoes.isOurs("vedette/a/b/stream/set", "start", 2), false);
	assert.deepEqual(
		[1, 2, 3].map(() => echoes.isOurs(TOPIC, "start", 2)),
		[true, true, false],
	);
});

test("an echo that never comes takes nobody's word away for long", () => {
	const echoes = new Echoes(filters);
	echoes.sent(TOPIC, "start", 0);
	echoes.sent(TOPIC, "start", 5000);
	assert.equal(echoes.isOurs(TOPIC, "start", 10_000), true, "the one of 5 s is under way still");
	assert.equal(echoes.isOurs(TOPIC, "start", 10_000), false);
});

test("what is not listened to is not waited for, however much of it there is", () => {
	const echoes = new Echoes(filters);
	echoes.sent(TOPIC, "start", 0);
	for (let n = 0; n < 2000; n++) echoes.sent("vedette/a/b/stream/order", `${n}`, 0);
	assert.equal(echoes.isOurs("vedette/a/b/stream/order", "1999", 0), false);
	assert.equal(echoes.isOurs(TOPIC, "start", 0), true);
});
