import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { Access } from "../../access/access.ts";
import { robotPassword } from "../../wire/invitation.ts";
import { Registry, RegistryError } from "./registry.ts";

const machine = "0".repeat(64);
const secret = "s".repeat(43);

function setUp() {
	const access = new Access({
		...{ anonymous: [], users: [], loginTime: 0, failureDelay: 0, failures: 1000, failurePause: 0 },
	});
	const database = new DatabaseSync(":memory:");
	const clock = { now: 1_000_000 };
	const registry = new Registry(database, access, () => clock.now);
	const comes = async (password: string): Promise<boolean> =>
		(await access.identify({ kind: "password", name: "robot1", password }, "192.0.2.1")).ok;
	return { access, database, clock, registry, comes };
}

const refuses = (status: number) => (error: unknown) => error instanceof RegistryError && error.status === status;

test("an invitation is good once, for its name, for 15 minutes", () => {
	const { registry, clock } = setUp();
	const { code } = registry.invite("robot1", false);
	assert.throws(() => registry.enrol({ name: "robot2", code, secret, machine }), refuses(403));
	registry.enrol({ name: "robot1", code, secret, machine });
	assert.throws(() => registry.enrol({ name: "robot1", code, secret, machine }), refuses(403));
	assert.throws(() => registry.invite("robot1", false), refuses(409));
	const late = registry.invite("robot1", true);
	clock.now += 15 * 60_000;
	assert.throws(() => registry.enrol({ name: "robot1", code: late.code, secret, machine }), refuses(403));
	for (let n = 0; n < 100; n++) registry.invite(`r${n}`, false);
	assert.throws(() => registry.invite("one-more", false), refuses(503));
	assert.equal(registry.invite("r5", false).code.length, 22, "a new one for the same name takes no more room");
});

test("a robot logs in from its own machine; a copy is told from a wrong password; a revoked one is nobody", async () => {
	const { registry, access, database, comes } = setUp();
	const { code } = registry.invite("robot1", false);
	registry.enrol({ name: "robot1", code, secret, machine });
	registry.setCameras("robot1", ["front"]);
	const own = robotPassword({ secret, machine });
	const copy = robotPassword({ secret, machine: "1".repeat(64) });
	assert.equal(await comes(own), true);
	assert.equal(await comes(copy), false);
	assert.equal(registry.isCopy("robot1", copy), true);
	assert.equal(registry.isCopy("robot1", "guess"), false);
	assert.equal(registry.isCopy("robot2", copy), false);
	const again = new Registry(database, access);
	assert.deepEqual(
		again.list().map(({ name, cameras }) => [name, cameras]),
		[["robot1", ["front"]]],
	);
	assert.equal(again.revoke("robot1"), true);
	assert.equal(again.revoke("robot1"), false);
	assert.equal(await comes(own), false);
});

test("a user of the configuration keeps its name from a robot that joined before, and outlives it", async () => {
	const { registry, database } = setUp();
	const { code } = registry.invite("robot1", false);
	registry.enrol({ name: "robot1", code, secret, machine });
	const user = { name: "robot1", password: "p", allow: ["admin"], paths: ["*"], ips: [] } as const;
	const access = new Access({
		...{ anonymous: [], users: [user], loginTime: 0, failureDelay: 0, failures: 1000, failurePause: 0 },
	});
	const later = new Registry(database, access);
	assert.deepEqual([...later.shadowed], ["robot1"]);
	const comes = async (password: string): Promise<boolean> =>
		(await access.identify({ kind: "password", name: "robot1", password }, "192.0.2.1")).ok;
	assert.equal(await comes(robotPassword({ secret, machine })), false);
	assert.equal(await comes("p"), true);
	assert.throws(() => later.invite("robot1", true), refuses(409));
	assert.equal(later.revoke("robot1"), true);
	assert.equal(await comes("p"), true);
});
