import assert from "node:assert/strict";
import { test } from "node:test";
import { type Invitation, parseEnrolment, parseInvitation, parseWelcome, writeInvitation } from "./invitation.ts";

const code = "A".repeat(22);
const fingerprint = "ab".repeat(32);

const good: readonly Invitation[] = [
	{ host: "relay.example.org", port: 8080, robot: "robot1", code, fingerprint },
	{ host: "192.0.2.1", port: 443, robot: "a_b-C", code, fingerprint },
	{ host: "2001:db8::1", port: 1, robot: "r", code, fingerprint },
];

for (const invitation of good) {
	test(`an invitation to ${invitation.host}, written and read`, () => {
		const line = writeInvitation(invitation);
		assert.match(line, /^[A-Za-z0-9:/._[\]-]+$/, "nothing that a shell takes for something else but [ ]");
		assert.deepEqual(parseInvitation(`${line}\n`), invitation);
	});
}

test("what is no invitation", () => {
	const line = writeInvitation(good[0]!);
	for (let end = 0; end < line.length; end++) assert.equal(parseInvitation(line.slice(0, end)), undefined);
	for (const wrong of [
		`${line}x`,
		line.replace("8080", "0"),
		line.replace("8080", "70000"),
		line.replace("vedette", "http"),
	]) {
		assert.equal(parseInvitation(wrong), undefined, wrong);
	}
});

test("enrolments and welcomes: every part is needed, and of its form", () => {
	const enrolment = { name: "r", code, secret: "s".repeat(43), machine: "0".repeat(64) };
	assert.deepEqual(parseEnrolment({ ...enrolment, more: 1 }), enrolment);
	for (const key of Object.keys(enrolment)) {
		assert.equal(parseEnrolment({ ...enrolment, [key]: undefined }), undefined, key);
		assert.equal(parseEnrolment({ ...enrolment, [key]: "ä" }), undefined, key);
	}
	assert.equal(parseEnrolment(null), undefined);
	const welcome = { name: "r", prefix: "vedette", rtspPort: 8554, rtspsPort: 0 };
	assert.deepEqual(parseWelcome(welcome), welcome);
	assert.equal(parseWelcome({ ...welcome, name: 5 }), undefined);
	assert.equal(parseWelcome("x"), undefined);
});
