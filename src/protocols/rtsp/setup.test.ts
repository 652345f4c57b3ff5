import assert from "node:assert/strict";
import { test } from "node:test";
import { Declined } from "./declined.ts";
import { announcedTrack, chooseTransport, playedTrack } from "./setup.ts";
import type { Transport } from "./transport.ts";
import { parseResource } from "./url.ts";

const at = (rest: string) => parseResource(`rtsp://host/camera${rest}`);
const declined = (status: number, message: RegExp) => (error: unknown) => {
	assert.ok(error instanceof Declined);
	assert.deepEqual([error.status, message.test(error.message)], [status, true], error.message);
	return true;
};

test("a player's SETUP names one of the path's tracks; where there is one, it need not", () => {
	assert.equal(playedTrack("camera", 2, at("/trackID=1")), 1);
	assert.equal(playedTrack("camera", 1, at("")), 0);
	assert.throws(() => playedTrack("camera", 2, at("")), declined(459, /"camera" has 2 tracks/));
	for (const control of ["trackID=2", "stream=0"]) {
		assert.throws(() => playedTrack("camera", 2, at(`/${control}`)), declined(404, /has no .*, only 2 tracks/));
	}
});

test("a publisher's SETUP names a control that it announced, as it stood there or behind the path", () => {
	const controls = ["streamid=0", "rtsp://host/camera/streamid=1", "left", ""];
	assert.equal(announcedTrack(controls, 0, at("/streamid=0")), 0);
	assert.equal(announcedTrack(controls, 0, at("/streamid=1")), 1);
	assert.equal(announcedTrack(controls, 0, parseResource("rtsp://host/left")), 2);
});

test("a publisher that names no control sets its tracks up in their order", () => {
	for (const setUp of [0, 1]) assert.equal(announcedTrack(["", ""], setUp, at("")), setUp);
	assert.throws(() => announcedTrack(["", ""], 2, at("/other")), declined(404, /no track "camera\/other"/));
});

test("the first transport that can be done is taken, and the last no is told", () => {
	const tcp: Transport = { lower: "tcp", mode: "play" };
	const udp: Transport = { lower: "udp", mode: "play" };
	const onlyTcp = (one: Transport): Transport => {
		if (one.lower === "udp") throw new Declined(461, "UDP is not served here");
		return one;
	};
	assert.equal(chooseTransport([udp, tcp, udp], onlyTcp), tcp);
	assert.throws(() => chooseTransport([udp], onlyTcp), declined(461, /UDP is not served/));
	assert.throws(() => chooseTransport([], onlyTcp), declined(461, /no transport that is known/));
	const broken = (): never => {
		throw new TypeError("a fault of ours");
	};
	assert.throws(() => chooseTransport([udp, tcp], broken), TypeError);
});
