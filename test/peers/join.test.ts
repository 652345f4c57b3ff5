import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { type AddressInfo, connect, createServer } from "node:net";
import { join as joinPath } from "node:path";
import { test } from "node:test";
import { ask } from "../../src/cli/ask.ts";
import type { RobotInfo } from "../../src/control/page-api.ts";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { loadCertificate } from "../../src/net/certificate.ts";
import { writeIdentity } from "../../src/robot/identity.ts";
import { join } from "../../src/robot/join.ts";
import { parseInvitation } from "../../src/wire/invitation.ts";
import { makeFolder } from "../support/folder.ts";
import { asOwner, closed, invite } from "../support/joining.ts";
import { keptLog } from "../support/kept-log.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { until } from "../support/until.ts";

const front = parsePathName("robot1/front") as PathName;

async function robots(relay: TestRelay): Promise<readonly RobotInfo[]> {
	const { body } = await asOwner(relay, "GET", "/api/robots");
	return (body as { robots: readonly RobotInfo[] }).robots;
}

const cameras = [{ name: "front", source: "sample" as const }];
const by = { type: "api", user: "", remoteAddress: "" };

/** Stands before a port of the relay's and keeps what is sent there. */
async function tap(port: number) {
	const chunks: Buffer[] = [];
	const server = createServer((client) => {
		const relay = connect(port, "127.0.0.1");
		client.on("data", (bytes) => chunks.push(bytes));
		client.on("error", () => relay.destroy());
		relay.on("error", () => client.destroy());
		client.pipe(relay).pipe(client);
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port: own } = server.address() as AddressInfo;
	return { port: own, sent: () => Buffer.concat(chunks), [Symbol.dispose]: () => void server.close() };
}

/** Whether these bytes are records of TLS and nothing else (RFC 8446 section 5.1); the last one may be cut off. */
function isTls(bytes: Buffer): boolean {
	for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) {
		if (bytes[at]! < 20 || bytes[at]! > 23 || bytes[at + 1] !== 3) return false;
	}
	return bytes.length > 0;
}

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

test("all that a robot that joined sends to publish is TLS", { timeout: 60_000 }, async () => {
	await using relay = await startTestRelay(closed);
	using folder = makeFolder();
	const identity = await join(parseInvitation(await invite(relay, "robot1"))!);
	assert.deepEqual([identity.rtspPort, identity.rtspsPort], [relay.relay.ports.rtsp[0], relay.relay.ports.rtsp[0]]);
	using way = await tap(identity.rtspsPort);
	writeIdentity(folder.path, { ...identity, rtspPort: way.port, rtspsPort: way.port });
	await using _robot = await startTestRobot({ stateDir: folder.path, cameras });
	const { hub } = relay.relay;
	await until(() => hub.demand.get(front)?.online, "it is there");
	await hub.demand.start(front, { by }).pictures;
	assert.equal(hub.path(front)?.publication?.info.type, "rtspsSession");
	const bytes = way.sent().length;
	await until(() => way.sent().length > bytes + 50_000, "more pictures");
	assert.ok(isTls(way.sent()));
	assert.ok(!isTls(Buffer.from("OPTIONS rtsp://127.0.0.1/ RTSP/1.0\r\n")), "and this would have been seen");
});

test("a relay with another certificate gets nothing, and the robot says what to do", { timeout: 60_000 }, async () => {
	await using relay = await startTestRelay(closed);
	using folder = makeFolder();
	const identity = await join(parseInvitation(await invite(relay, "robot1"))!);
	const other = joinPath(folder.path, "other.pem");
	loadCertificate(other, Date.now());
	const certificate = new X509Certificate(readFileSync(other)).toString();
	writeIdentity(folder.path, { ...identity, certificate });
	const { lines, log } = keptLog();
	await using _robot = await startTestRobot(
		{ stateDir: folder.path, cameras: [{ ...cameras[0], onDemand: false }] },
		log,
	);
	for (const failure of ["no broker; trying again", "not publishing; trying again"]) {
		const line = await until(() => lines.find(({ msg }) => msg === failure), failure);
		assert.match(line.reason!, /127\.0\.0\.1 shows another certificate than the one expected.* join again/);
		assert.equal(line.robot, "robot1", "it goes by the name that it has joined with");
	}
	assert.equal(relay.relay.hub.path(front)?.publication, undefined);
	assert.equal(relay.relay.hub.demand.get(front)?.online ?? false, false);
});

test("a camera that always runs may publish though nobody wants it", { timeout: 60_000 }, async () => {
	await using relay = await startTestRelay({ ...closed, paths: { all_others: { idleAfter: "0 s" } } });
	using folder = makeFolder();
	writeIdentity(folder.path, await join(parseInvitation(await invite(relay, "robot1"))!));
	await using _robot = await startTestRobot({ stateDir: folder.path, cameras: [{ ...cameras[0], onDemand: false }] });
	const { hub } = relay.relay;
	await until(() => hub.path(front)?.publication, "it publishes");
	await until(() => hub.demand.get(front)?.alwaysOn, "it says that it always runs");
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
	const [port] = relay.relay.ports.rtsp;
	const moved = { relay: `127.0.0.1:${relay.relay.ports.http[0]}`, rtspPort: port, rtspsPort: port };
	writeFileSync(file, JSON.stringify({ ...kept, ...moved }));
	await using _robot = await startTestRobot({ stateDir: folder.path, cameras });
	await until(() => relay.relay.hub.demand.get(front)?.online, "it comes back");
	await relay.relay.hub.demand.start(front, { by }).pictures;
	assert.equal(relay.relay.hub.path(front)?.publication?.info.type, "rtspsSession", "by the same certificate");
	assert.equal((await asOwner(relay, "POST", "/api/robots/invite", { name: "robot1" })).status, 409);
	const other = await invite(relay, "robot1", { replace: true });
	await join(parseInvitation(other)!);
	await until(() => relay.relay.hub.demand.get(front)?.online === false, "the one that was replaced is gone");
	assert.equal(relay.relay.hub.path(front)?.publication, undefined);
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
