import assert from "node:assert/strict";
import { test } from "node:test";
import type { Driver, DriverReports, StartOrder } from "../../src/hub/demand/driver.ts";
import type { Hub } from "../../src/hub/hub.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import { publishTo, startControl, users } from "../support/control.ts";

const ID = "56C1CADCF1FA4C6CAEBA3E2FD85EFEBF";
const OPEN = "access: { anonymous: [publish, read, api, metrics, control] }";
const STREAMS = `streams: { ${ID}: { path: cameras/4, name: Camera 4 } }`;
const path = parsePathName("cameras/4")!;

/** A robot that sends pictures as soon as it is told to. */
function drive(hub: Hub, answer: (reports: DriverReports) => void = () => undefined) {
	const told: (StartOrder | "stop")[] = [];
	let publication: ReturnType<typeof publishTo>["publication"] | undefined;
	hub.demand.drive(path, {
		kind: "robot",
		open: (reports): Driver => {
			queueMicrotask(() => reports.online());
			return {
				start: (order) => {
					told.push(order);
					answer(reports);
					if (publication || order.query === "never") return;
					const camera = publishTo(hub, path);
					publication = camera.publication;
					camera.feed(2);
				},
				stop: () => {
					told.push("stop");
					publication?.end("the robot stopped");
					publication = undefined;
				},
			};
		},
	});
	return told;
}

async function ask(url: string, method: string, route: string, body?: object, headers: Record<string, string> = {}) {
	const json = body === undefined ? {} : { "content-type": "application/json" };
	const response = await fetch(url + route, {
		method,
		headers: { ...json, ...headers },
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	const text = await response.text();
	return { status: response.status, body: text === "" ? {} : JSON.parse(text), headers: response.headers };
}

test("a camera by its id: started, seen, stopped, in the known shapes", async () => {
	await using control = await startControl(`${OPEN}\n${STREAMS}`);
	const url = control.url();
	const told = drive(control.hub);
	const unknown = await ask(url, "POST", "/streams/nobody/start");
	assert.equal(unknown.status, 404);
	assert.equal((await ask(url, "GET", `/streams/${ID}`)).status, 404);
	assert.match((await ask(url, "GET", `/streams/${ID}`)).body.error, /No active stream for camera 56C1/);
	assert.equal((await ask(url, "POST", `/streams/${ID}/stop`)).status, 404);
	const started = await ask(url, "POST", `/streams/${ID}/start`, { max_bandwidth: 3000, min_bandwidth: 300 });
	assert.equal(started.status, 201);
	assert.equal(started.body.camera_id, ID);
	assert.equal(started.body.state, "active");
	assert.match(started.body.session_id, /^stream-56C1CADC-/);
	assert.ok(Date.parse(started.body.started_at));
	assert.deepEqual(told.at(-1), { bounds: { maxBandwidth: 3000, minBandwidth: 300 }, query: "" });
	const again = await ask(url, "POST", `/streams/${ID}/start`);
	assert.equal(again.status, 409);
	assert.equal(again.body.session_id, started.body.session_id);
	const list = await ask(url, "GET", "/streams");
	assert.equal(list.body.count, 1);
	assert.equal(list.body.streams[0].camera_id, ID);
	const one = await ask(url, "GET", `/streams/${ID}`);
	assert.equal(one.body.stream.state, "active");
	assert.equal(one.body.viewer_count, 0);
	assert.deepEqual((await ask(url, "GET", "/viewers")).body, { viewers: [], count: 0 });
	assert.deepEqual((await ask(url, "GET", `/viewers/${ID}`)).body, { camera_id: ID, viewers: [], count: 0 });
	const stopped = await ask(url, "POST", `/streams/${ID}/stop`);
	assert.equal(stopped.status, 200);
	assert.equal(stopped.body.state, "stopped");
	assert.equal(told.at(-1), "stop");
	assert.equal((await ask(url, "GET", `/streams/${ID}`)).status, 404);
	const wrong = await ask(url, "POST", `/streams/${ID}/start`, { max_bandwidth: 100, min_bandwidth: 300 });
	assert.equal(wrong.status, 400);
	assert.equal((await ask(url, "POST", `/streams/${encodeURIComponent(path)}/start`)).status, 201, "by its path, too");
});

test("a start that is stopped meanwhile, or fails, says so", async () => {
	await using control = await startControl(`${OPEN}\n${STREAMS}`);
	control.hub.demand.drive(path, {
		kind: "robot",
		open: (reports): Driver => {
			queueMicrotask(() => reports.online());
			return { start: () => undefined, stop: () => undefined };
		},
	});
	const url = control.url();
	const starting = ask(url, "POST", `/streams/${ID}/start`);
	while (control.hub.demand.get(path)?.state !== "starting") await new Promise((resolve) => setImmediate(resolve));
	assert.equal((await ask(url, "POST", `/streams/${ID}/start`)).status, 409);
	assert.equal((await ask(url, "POST", `/streams/${ID}/stop`)).status, 200);
	const { status, body } = await starting;
	assert.equal(status, 500);
	assert.match(body.error, /did not start: .*stop/i);
});

test("who may start, and who may see viewers", async () => {
	await using control = await startControl(`access: { failureDelay: 0 s, users: ${users} }\n${STREAMS}`);
	drive(control.hub);
	const url = control.url();
	const as = (login: string) => ({ authorization: `Basic ${btoa(login)}` });
	assert.equal((await ask(url, "POST", `/streams/${ID}/start`)).status, 401);
	assert.equal((await ask(url, "POST", `/streams/${ID}/start`, undefined, as("viewer:v"))).status, 403);
	const barred = await ask(url, "GET", "/viewers", undefined, as("viewer:v"));
	assert.deepEqual([barred.status, barred.body.error], [403, 'this user lacks the right "api"']);
	assert.equal((await ask(url, "POST", `/streams/${ID}/start`, undefined, as("admin:a"))).status, 201);
	assert.deepEqual((await ask(url, "GET", "/streams", undefined, as("viewer:v"))).body, { streams: [], count: 0 });
	assert.equal(
		(await ask(url, "POST", "/stream/start?robot=robot1&camera=front", undefined, as("viewer:v"))).status,
		403,
	);
});

test("the bridge: a camera by its robot's name; without a broker a clear 503", async () => {
	await using control = await startControl(OPEN);
	const url = control.url();
	drive(control.hub);
	assert.deepEqual((await ask(url, "GET", "/")).body, { msg: "Media bridge service running!" });
	const started = await ask(url, "POST", "/stream/start?robot=cameras&camera=4");
	assert.deepEqual([started.status, started.body], [200, { msg: "Published start" }]);
	assert.equal(control.hub.demand.get(path)?.holds[0]?.by.type, "bridge");
	const stopped = await ask(url, "POST", "/stream/stop?robot=cameras&camera=4");
	assert.deepEqual(stopped.body, { msg: "Published stop" });
	const nowhere = await ask(url, "POST", "/stream/start");
	assert.equal(nowhere.status, 503);
	assert.match(nowhere.body.error, /without MQTT/);
});

test("what is always on takes neither start nor stop, and says so", async () => {
	await using control = await startControl(`${OPEN}\n${STREAMS}`);
	const url = control.url();
	const open = () => ({ start: () => undefined, stop: () => assert.fail("it is always on") });
	control.hub.demand.drive(path, { kind: "robot", alwaysOn: true, open });
	publishTo(control.hub, path).feed(2);
	const routes = [
		`/streams/${ID}/start`,
		`/streams/${ID}/stop`,
		"/stream/start?robot=cameras&camera=4",
		"/stream/stop?robot=cameras&camera=4",
	];
	for (const route of routes) {
		const { status, body } = await ask(url, "POST", route);
		assert.equal(status, 409, route);
		assert.match(body.error, /is always on: its onDemand is false/);
	}
	assert.equal((await ask(url, "GET", `/streams/${ID}`)).body.stream.state, "active");
});

test("a robot that asks is told what is wanted, at once when it changes", async () => {
	await using control = await startControl(OPEN);
	const url = control.url();
	const front = parsePathName("robot1/front")!;
	const first = await ask(url, "GET", "/control/robot1/front");
	assert.deepEqual(first.body, { want: "stop" });
	const etag = first.headers.get("etag") ?? "";
	assert.equal((await ask(url, "GET", "/control/robot1/front", undefined, { "if-none-match": etag })).status, 304);
	const kept = ask(url, "GET", "/control/robot1/front", undefined, { "if-none-match": etag, prefer: "wait=20" });
	const by = { type: "api", user: "", remoteAddress: "" };
	control.hub.demand.start(front, { by, bounds: { maxBandwidth: 900 } }).pictures.catch(() => undefined);
	assert.deepEqual((await kept).body, { want: "start", maxBitrate: 900 });
	assert.equal(control.hub.demand.get(front)?.online, true);
	control.hub.demand.stop(front, by);
	assert.deepEqual((await ask(url, "GET", "/control/robot1/front")).body, { want: "stop" });
});
