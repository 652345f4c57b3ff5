import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Fading } from "./fading.ts";

test("it fades a while after the last move, and a move brings it back", (t) => {
	t.mock.timers.enable({ apis: ["setTimeout"] });
	const changed = mock.fn();
	const fading = new Fading(() => true, changed);
	fading.stir();
	t.mock.timers.tick(2000);
	fading.stir();
	t.mock.timers.tick(2000);
	assert.equal(fading.idle, false);
	t.mock.timers.tick(600);
	assert.deepEqual([fading.idle, changed.mock.callCount()], [true, 1]);
	fading.stir();
	assert.deepEqual([fading.idle, changed.mock.callCount()], [false, 2]);
});

test("it stays while it must not fade, and when it was stopped", (t) => {
	t.mock.timers.enable({ apis: ["setTimeout"] });
	let mayFade = false;
	const fading = new Fading(
		() => mayFade,
		() => undefined,
	);
	fading.stir();
	t.mock.timers.tick(3000);
	assert.equal(fading.idle, false);
	mayFade = true;
	fading.stir();
	fading.stop();
	t.mock.timers.tick(3000);
	assert.equal(fading.idle, false);
});
