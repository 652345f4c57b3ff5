import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join as joinPath } from "node:path";
import { test } from "node:test";
import { ask } from "../../src/cli/ask.ts";
import { socketIn } from "../../src/control/control.ts";
import type { RobotView } from "../../src/control/robots/robots.ts";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { writeIdentity } from "../../src/robot/identity.ts";
import { join } from "../../src/robot/join.ts";
import { parseInvitation } from "../../src/wire/invitation.ts";
import { makeFolder } from "../support/folder.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";

const front = parsePathName("robot1/front") as PathName;
const closed = { access: { anonymous: [], users: [{ name: "admin", password: "a", allow: ["admin"] }] } };

async function until<T>(found: () => T | undefined | false | Promise<T | undefined | false>, what: string): Promise<T> {
	for (const end = performance.now() + 15_000; ; ) {
		const value = await found();
		if (value) return value;
		if (performance.now() > end) throw new Error(`not within 15 s: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

function asOwner(relay: TestRelay, method: string, path: string, body?: object) {
	return ask({ socketPath: socketIn(relay.stateDir) }, method, path, body);
}

async function invite(relay: TestRelay, name: string, more: object = {}): Promise<string> {
	const { status, body } = await asOwner(relay, "POST", "/api/robots/invite", { name, host: "127.0.0.1", ...more });
	assert.equal(status, 201, JSON.stringify(body));
	return (body as { line: string }).line;
}

async function robots(relay: TestRelay): Promise<readonly RobotView[]> {
	const { body } = await asOwner(relay, "GET", "/api/robots");
	return (body as { robots: readonly RobotView[] }).robots;
}

const cameras = [{ name: "front", source: "sample" as const }];

test("a robot joins by one line, is woken by orders alone, and is nobody once it was revoked", {
	timeout: 60_000,
}, async () => {
	await using relay = await startTestRelay({ ...closed, paths: { all_others: { idleAfter: "1 s" } } });
	using folder = makeFolder();
	const line = await invite(relay, "robot1");
	const identity = await join(parseInvitation(line)!);
	assert.ok(identity.certificate.includes("BEGIN CERTIFICATE"), "a self-made certificate is pinned");
	writeIdentity(folder.path, identity);
	assert.equal(statSync(joinPath(folder.path, "robot-identity.json")).mode & 0o777, 0o600);
	await assert.rejects(join(parseInvitation(line)!), /not good \(any more\)/, "once");
	const { hub } = relay.relay;
	await using _robot = await startTestRobot({ stateDir: folder.path, cameras });
	await until(() => hub.demand.get(front)?.online, "it is there");
	assert.equal(hub.path(front)?.publication, undefined);
	const by = { type: "api", user: "", remoteAddress: "" };
	await hub.demand.start(front, { by }).pictures;
	assert.equal(hub.path(front)?.publication?.info.identity, "user robot1");
	const [view] = await until(async () => {
		const all = await robots(relay);
		return all[0]?.cameras[0]?.state === "live" && all;
	}, "it says that it is live");
	assert.deepEqual([view?.name, view?.joined, view?.online], ["robot1", true, true]);
	hub.demand.stop(front, by);
	await until(() => !hub.path(front)?.publication, "it stops");
	hub.demand.start(front, { by }).pictures.catch(() => undefined);
	await until(() => hub.path(front)?.publication, "it runs again");
	assert.equal((await asOwner(relay, "DELETE", "/api/robots/robot1")).status, 204);
	await until(() => !hub.path(front)?.publication, "its stream ends at once");
	assert.equal((await asOwner(relay, "DELETE", "/api/robots/robot1")).status, 404);
	await new Promise((resolve) => setTimeout(resolve, 1000));
	assert.equal(hub.path(front)?.publication, undefined, "and it does not come back");
});

test("a camera that always runs may publish though nobody wants it", { timeout: 60_000 }, async () => {
	await using relay = await startTestRelay({ ...closed, paths: { all_others: { idleAfter: "0 s" } } });
	using folder = makeFolder();
	writeIdentity(folder.path, await join(parseInvitation(await invite(relay, "robot1"))!));
	await using _robot = await startTestRobot({ stateDir: folder.path, cameras: [{ ...cameras[0], onDemand: false }] });
	const { hub } = relay.relay;
	await until(() => hub.path(front)?.publication, "it publishes");
	assert.equal(hub.demand.get(front)?.alwaysOn, true);
	await new Promise((resolve) => setTimeout(resolve, 1500));
	assert.ok(hub.path(front)?.publication, "and goes on");
});

test("robots outlive a restart of the relay; a copy on another machine is refused", { timeout: 60_000 }, async () => {
	using folder = makeFolder();
	using state = makeFolder();
	{
		await using relay = await startTestRelay(closed, state.path);
		writeIdentity(folder.path, await join(parseInvitation(await invite(relay, "robot1"))!));
		await using _robot = await startTestRobot({ stateDir: folder.path, cameras });
		await until(() => relay.relay.hub.demand.get(front)?.online, "it is there");
	}
	await using relay = await startTestRelay(closed, state.path);
	assert.equal(relay.relay.hub.demand.get(front)?.online, false, "its cameras can be waited for before it comes back");
	const file = joinPath(folder.path, "robot-identity.json");
	const kept = JSON.parse(readFileSync(file, "utf8"));
	writeFileSync(file, JSON.stringify({ ...kept, relay: `127.0.0.1:${relay.relay.ports.http[0]}` }));
	await using _robot = await startTestRobot({ stateDir: folder.path, cameras });
	await until(() => relay.relay.hub.demand.get(front)?.online, "it comes back");
	assert.equal((await asOwner(relay, "POST", "/api/robots/invite", { name: "robot1" })).status, 409);
	const other = await invite(relay, "robot1", { replace: true });
	await join(parseInvitation(other)!);
	await until(() => relay.relay.hub.demand.get(front)?.online === false, "the one that was replaced is gone");
});

test("who may not join: without TLS, with another certificate, with a wrong code, with a user's name", {
	timeout: 60_000,
}, async () => {
	await using relay = await startTestRelay(closed);
	const line = parseInvitation(await invite(relay, "robot1"))!;
	const enrolment = { name: "robot1", code: line.code, secret: "s".repeat(43), machine: "0".repeat(64) };
	const plain = await ask({ host: "127.0.0.1", port: line.port }, "POST", "/api/robots/enrol", enrolment);
	assert.equal(plain.status, 403);
	await assert.rejects(join({ ...line, fingerprint: "0".repeat(64) }), /is not the relay of this invitation/);
	await assert.rejects(join({ ...line, code: "A".repeat(22) }), /not good/);
	await assert.rejects(join({ ...line, robot: "robot2" }), /not good/);
	assert.equal((await asOwner(relay, "POST", "/api/robots/invite", { name: "admin" })).status, 409);
	assert.equal((await asOwner(relay, "POST", "/api/robots/invite", { name: "a/b" })).status, 400);
	assert.equal((await ask({ host: "127.0.0.1", port: line.port }, "GET", "/api/robots")).status, 401);
	const health = await new Promise<number | undefined>((resolve, reject) => {
		const get = request({
			host: "127.0.0.1",
			port: line.port,
			path: "/health",
			rejectUnauthorized: false,
			agent: false,
		});
		get
			.on("response", (response) => resolve(response.resume().statusCode))
			.on("error", reject)
			.end();
	});
	assert.equal(health, 200, "TLS at the web server's own port");
	await join(line);
});
