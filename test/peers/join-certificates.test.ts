import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setDefaultCACertificates } from "node:tls";
import { type PathName, parsePathName } from "../../src/media/path-name.ts";
import { type Identity, writeIdentity } from "../../src/robot/identity.ts";
import { join } from "../../src/robot/join.ts";
import { parseInvitation } from "../../src/wire/invitation.ts";
import { makeCertificate, type TestCertificate } from "../support/certificate.ts";
import { makeFolder } from "../support/folder.ts";
import { closed, invite } from "../support/joining.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { until } from "../support/until.ts";

const front = parsePathName("robot1/front") as PathName;
const by = { type: "api", user: "", remoteAddress: "" };

function startWith({ cert, key }: TestCertificate, stateDir?: string): Promise<TestRelay> {
	return startTestRelay({ ...closed, http: { tls: { cert, key } } }, stateDir);
}

/** A robot of that identity is woken by an order, and publishes in TLS. */
async function works({ relay: { hub, ports } }: TestRelay, identity: Identity): Promise<void> {
	using folder = makeFolder();
	const [rtsp] = ports.rtsp;
	const here = { relay: `127.0.0.1:${ports.http[0]}`, rtspPort: rtsp!, rtspsPort: rtsp! };
	writeIdentity(folder.path, { ...identity, ...here });
	await using _robot = await startTestRobot({ stateDir: folder.path, cameras: [{ name: "front", source: "sample" }] });
	await until(() => hub.demand.get(front)?.online, "it is there");
	await hub.demand.start(front, { by }).pictures;
	assert.equal(hub.path(front)?.publication?.info.type, "rtspsSession");
	hub.demand.stop(front, by);
}

test("a certificate of the relay's owner that signed itself is kept by the robot", { timeout: 60_000 }, async (t) => {
	if (!needs(t, "program openssl")) return;
	using files = makeCertificate();
	await using relay = await startWith(files);
	const identity = await join(parseInvitation(await invite(relay, "robot1"))!);
	assert.equal(identity.certificate, readFileSync(files.cert, "utf8"));
	await works(relay, identity);
});

test("one that others must vouch for is theirs: refused before anything is sent, or trusted, and renewed", {
	timeout: 60_000,
}, async (t) => {
	if (!needs(t, "program openssl")) return;
	using authority = makeCertificate();
	using files = makeCertificate(authority);
	using state = makeFolder();
	await using before = await startWith(files, state.path);
	const line = parseInvitation(await invite(before, "robot1"))!;
	await assert.rejects(join(line), /this machine does not trust the certificate of 127\.0\.0\.1 \(UNABLE_TO_VERIFY/);
	setDefaultCACertificates([readFileSync(authority.cert, "utf8")]);
	const identity = await join(line);
	assert.equal(identity.certificate, "", "the code was still good");
	await works(before, identity);
	await before.relay.stop();
	using renewed = makeCertificate(authority);
	for (const file of ["cert", "key"] as const) copyFileSync(renewed[file], files[file]);
	await using after = await startWith(files, state.path);
	await works(after, identity);
});
