import assert from "node:assert/strict";
import { test } from "node:test";
import { Gate } from "./gate.ts";

const FRAME_MS = 33;
const FRAME_BYTES = 8000;

test("gate: begins with a key frame, and asks for one", () => {
	const gate = new Gate();
	assert.equal(gate.judge(false, 0, 0), "drop and ask for a key frame");
	assert.equal(gate.judge(false, 0, 33), "drop");
	assert.equal(gate.judge(true, 0, 66), "send");
	assert.equal(gate.judge(false, 0, 99), "send");
	assert.equal(gate.dropped, 2);
});

test("gate: asks again where no key frame comes", () => {
	const gate = new Gate();
	assert.equal(gate.judge(false, 0, 0), "drop and ask for a key frame");
	assert.equal(gate.judge(false, 0, 999), "drop");
	assert.equal(gate.judge(false, 0, 1000), "drop and ask for a key frame");
});

test("gate: a short burst is not behind", () => {
	const gate = new Gate();
	gate.judge(true, 0, 0);
	for (let now = 33; now < 590; now += 33) assert.equal(gate.judge(false, 50_000, now), "send");
	assert.equal(gate.judge(false, 0, 600), "send");
	assert.equal(gate.judge(false, 10, 1190), "send");
});

test("gate: behind, it drops until all has left and goes on with a key frame", () => {
	const gate = new Gate();
	gate.judge(true, 0, 0);
	assert.equal(gate.judge(false, 1000, 100), "send");
	assert.equal(gate.judge(false, 90_000, 700), "drop");
	assert.equal(gate.judge(true, 40_000, 733), "drop");
	assert.equal(gate.judge(false, 0, 766), "drop and ask for a key frame");
	assert.equal(gate.judge(true, 0, 799), "send");
	assert.equal(gate.judge(false, 0, 832), "send");
});

test("gate: through a link of three quarters of the stream nothing is older than 1.5 s", () => {
	const gate = new Gate();
	const queue: { at: number; bytes: number }[] = [];
	const perFrame = FRAME_BYTES * 0.75;
	let wantKey = false;
	let oldest = 0;
	let sent = 0;
	for (let n = 0; n < 3000; n++) {
		const now = n * FRAME_MS;
		for (let left = perFrame; left > 0 && queue.length > 0; ) {
			const head = queue[0]!;
			const taken = Math.min(left, head.bytes);
			head.bytes -= taken;
			left -= taken;
			if (head.bytes === 0) oldest = Math.max(oldest, now - queue.shift()!.at);
		}
		const key = n % 60 === 0 || wantKey;
		wantKey = false;
		const pending = queue.reduce((sum, one) => sum + one.bytes, 0);
		const verdict = gate.judge(key, pending, now);
		if (verdict === "send") {
			sent += 1;
			queue.push({ at: now, bytes: key ? FRAME_BYTES * 4 : FRAME_BYTES });
		} else wantKey = verdict !== "drop";
	}
	assert.ok(oldest <= 1500, `oldest ${oldest} ms`);
	assert.ok(sent > 1500, `sent ${sent} of 3000`);
});
