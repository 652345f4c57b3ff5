import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parsePathName } from "../media/path-name.ts";
import { Access, type AccessSettings, actionsOf, type Outcome } from "./access.ts";
import { addressTest, household } from "./addresses.ts";
import { type Credentials, readAuthorization } from "./credentials.ts";
import { answerChallenge } from "./digest.ts";
import { firstUsers } from "./first-start.ts";
import { writeHa1, writeSha256 } from "./password.ts";
import { Throttle } from "./throttle.ts";
import { pathTest } from "./users.ts";

const everywhere = { paths: ["*"], ips: [] };
const users: AccessSettings["users"] = [
	{ name: "admin", password: "a", allow: ["read", "api", "admin"], ...everywhere },
	{ name: "robot1", password: "r", token: "x".repeat(16), allow: ["publish"], paths: ["robot1/*"], ips: [] },
	{
		name: "lan",
		password: "l",
		allow: ["read"],
		paths: ["*"],
		ips: [{ network: "10.0.0.0", prefix: 8, family: "ipv4" }],
	},
];

const base: AccessSettings = {
	anonymous: [],
	users,
	loginTime: 1000,
	failureDelay: 4000,
	failures: 3,
	failurePause: 10_000,
};

/** Access in a world whose clock stands still, with the waits it asked for. */
function make(settings: Partial<AccessSettings> = {}) {
	const waits: number[] = [];
	const clock = { now: 1_000_000 };
	const access = new Access(
		{ ...base, ...settings },
		{
			now: () => clock.now,
			wait: async (milliseconds) => {
				waits.push(milliseconds);
			},
		},
	);
	return { access, waits, clock };
}

const IP = "192.0.2.1";
const camera = parsePathName("camera")!;
const front = parsePathName("robot1/front")!;
const none: Credentials = { kind: "none" };
const password = (name: string, secret: string): Credentials => ({ kind: "password", name, password: secret });

function told(outcome: Outcome): string {
	return outcome.ok ? (outcome.principal.name ?? "anonymous") : outcome.reason;
}

test("who may do what, where", async () => {
	const { access } = make();
	const table: readonly (readonly [Credentials, "read" | "publish" | "api", typeof camera, string, string])[] = [
		[none, "read", camera, IP, "credentials"],
		[password("admin", "a"), "read", camera, IP, "admin"],
		[password("admin", "a"), "publish", camera, IP, "forbidden"],
		[password("robot1", "r"), "publish", front, IP, "robot1"],
		[password("robot1", "r"), "publish", camera, IP, "forbidden"],
		[password("lan", "l"), "read", camera, "10.1.2.3", "lan"],
		[password("lan", "l"), "read", camera, "::ffff:10.1.2.3", "lan"],
		[password("lan", "l"), "read", camera, IP, "credentials"],
		[password("robot1", "wrong"), "publish", front, "192.0.2.7", "credentials"],
		[password("constructor", "x"), "read", camera, "192.0.2.8", "credentials"],
		[{ kind: "token", token: "x".repeat(16) }, "publish", front, IP, "robot1"],
		[{ kind: "token", token: "y".repeat(16) }, "publish", front, "192.0.2.9", "credentials"],
		[{ kind: "malformed" }, "publish", front, "192.0.2.10", "credentials"],
	];
	for (const [credentials, action, path, ip, wanted] of table) {
		assert.equal(told(await access.check(credentials, action, path, ip)), wanted);
	}
});

test("what everybody may do needs no name, and a wrong one does no harm; a right one is known", async () => {
	const { access, waits } = make({ anonymous: ["read"] });
	assert.equal(access.isOpen, true);
	assert.equal(told(await access.check(none, "read", camera, IP)), "anonymous");
	assert.equal(told(await access.check(password("x", "y"), "read", camera, IP)), "anonymous");
	assert.equal(told(await access.check(password("robot1", "r"), "read", camera, IP)), "robot1");
	assert.equal(told(await access.check(none, "publish", camera, IP)), "credentials");
	assert.deepEqual(waits, []);
	const here = await access.check(none, "read", camera, IP);
	const there = await access.check(none, "read", camera, "192.0.2.2");
	assert.ok(here.ok && there.ok && here.principal.identity !== there.principal.identity);
	const found = await access.identify(password("robot1", "r"), IP);
	assert.deepEqual(found.ok && actionsOf(found.principal), ["publish", "read"]);
});

test("wrong passwords are answered late, after some only when time has passed, and others notice nothing", async () => {
	const { access, waits, clock } = make();
	const guess = (ip: string) => access.check(password("admin", "guess"), "read", camera, ip);
	for (let n = 0; n < 3; n++) assert.equal(told(await guess(IP)), "credentials");
	assert.equal(waits.length, 3);
	assert.ok(waits.every((wait) => wait >= 0 && wait < 4000));
	const refused = await guess(IP);
	assert.deepEqual(refused, { ok: false, reason: "throttled", retryAfterMs: 10_000 });
	assert.equal(waits.length, 3);
	assert.equal(told(await access.check(password("admin", "a"), "read", camera, IP)), "throttled");
	assert.equal(told(await access.check(password("admin", "a"), "read", camera, "192.0.2.2")), "admin");
	clock.now += 10_000;
	assert.equal(told(await access.check(password("admin", "a"), "read", camera, IP)), "admin");
	assert.equal(told(await guess(IP)), "credentials");
	assert.equal(told(await guess(IP)), "throttled");
});

test("asking without credentials is no failure", async () => {
	const { access, waits } = make();
	for (let n = 0; n < 20; n++) await access.check(none, "read", camera, IP);
	assert.equal(told(await access.check(password("admin", "a"), "read", camera, IP)), "admin");
	assert.deepEqual(waits, []);
});

test("the number of late answers is bounded", async () => {
	let waiting = 0;
	const forever = new Promise<void>(() => {});
	const access = new Access(base, {
		now: () => 0,
		wait: () => {
			waiting++;
			return forever;
		},
	});
	for (let n = 0; n < 1500; n++) {
		void access.check(password("admin", "x"), "read", camera, `198.51.${n >> 8}.${n & 255}`);
	}
	await new Promise(setImmediate);
	assert.equal(waiting, 1000);
	assert.equal(told(await access.check(password("admin", "a"), "read", camera, IP)), "admin");
});

test("RTSP clients log in by Digest; stale answers get a new nonce and are no failure", async () => {
	const { access, clock } = make();
	const challenges = access.challenges(IP);
	assert.deepEqual(
		challenges.map((challenge) => /^\w+|algorithm=[\w-]+/g.exec(challenge)?.[0]),
		["Digest", "Basic", "Digest"],
	);
	assert.match(challenges[0]!, /SHA-256/);
	assert.match(challenges[2]!, /MD5/);
	const uri = "rtsp://h/robot1/front";
	for (const offers of [challenges, challenges.slice(2)]) {
		const answer = answerChallenge(offers, {
			name: "robot1",
			password: "r",
			method: "ANNOUNCE",
			uri,
			cnonce: "",
			count: 1,
		});
		const credentials = readAuthorization(answer, "ANNOUNCE", uri);
		assert.equal(told(await access.check(credentials, "publish", front, IP)), "robot1");
		assert.equal(told(await access.check(credentials, "publish", front, "192.0.2.99")), "credentials");
		clock.now += 400_000;
		assert.deepEqual(await access.check(credentials, "publish", front, IP), {
			ok: false,
			reason: "credentials",
			stale: true,
		});
		clock.now -= 400_000;
	}
	assert.match(access.challenges(IP, true)[2]!, /stale=true/);
});

test("with a password known only by its hash, Basic alone is offered", () => {
	const hashed = { name: "h", password: writeSha256("secret"), allow: ["read"], ...everywhere } as const;
	const { access } = make({ users: [...users, hashed] });
	assert.deepEqual(access.challenges(IP), ['Basic realm="vedette"']);
	const password = writeHa1("robot7", "secret");
	access.admit({ name: "robot7", password, allow: ["publish"], paths: ["robot7/*"], ips: [] });
	const [own, other] = ["robot7/front", "robot1/front"].map((name) =>
		access.challenges(IP, false, parsePathName(name)),
	);
	assert.equal(own?.length, 3, "a robot that has joined does not show its secret");
	assert.match(own[2]!, /^Digest/);
	assert.deepEqual(other, ['Basic realm="vedette"']);
	access.dismiss("robot7");
	assert.equal(access.challenges(IP, false, parsePathName("robot7/front")).length, 1);
});

test("a costly password is worked on once a minute, and once for many that ask together", async () => {
	const costly = "argon2:$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
	const { access } = make({ users: [{ name: "slow", password: costly, allow: ["read"], ...everywhere }] });
	const ask = (secret: string) => access.check(password("slow", secret), "read", camera, IP);
	const together = await Promise.all([ask("password"), ask("password"), ask("password")]);
	assert.deepEqual(together.map(told), ["slow", "slow", "slow"]);
	for (let n = 0; n < 3; n++) assert.equal(told(await ask("wrong")), "credentials");
	assert.equal(told(await ask("password")), "slow", "known, so not throttled");
});

test("browsers: log in, be known, log out, expire, survive a restart, end with the password", async () => {
	const stateDir = mkdtempSync(join(tmpdir(), "vedette-access-"));
	const { access, clock } = make({ stateDir });
	const wrong = await access.login("admin", "x", IP);
	assert.equal(wrong.ok, false);
	const login = await access.login("admin", "a", IP);
	assert.ok(login.ok);
	const cookie: Credentials = { kind: "session", id: login.session };
	assert.equal(told(await access.check(cookie, "api", undefined, IP)), "admin");
	assert.equal(told(await access.check({ kind: "session", id: "made up" }, "api", undefined, IP)), "credentials");
	const file = join(stateDir, "logins.json");
	assert.equal(statSync(file).mode & 0o777, 0o600);
	assert.ok(!readFileSync(file, "utf8").includes(login.session));

	const again = make({ stateDir }).access;
	assert.equal(told(await again.check(cookie, "api", undefined, IP)), "admin");
	const changed = make({ stateDir, users: [{ ...users[0]!, password: "new" }] }).access;
	assert.equal(told(await changed.check(cookie, "api", undefined, IP)), "credentials");

	access.logout(login.session);
	assert.equal(told(await access.check(cookie, "api", undefined, IP)), "credentials");
	assert.equal(told(await make({ stateDir }).access.check(cookie, "api", undefined, IP)), "credentials");
	const second = await access.login("admin", "a", IP);
	assert.ok(second.ok);
	clock.now += 1000;
	assert.equal(told(await access.check({ kind: "session", id: second.session }, "api", undefined, IP)), "credentials");
	rmSync(stateDir, { recursive: true });
});

test("the first start makes an administrator and a publisher, shows them once and keeps hashes", async () => {
	const stateDir = mkdtempSync(join(tmpdir(), "vedette-access-"));
	const { users: made, fresh } = firstUsers(stateDir);
	assert.ok(fresh);
	const file = join(stateDir, "access.json");
	assert.equal(statSync(file).mode & 0o777, 0o600);
	const kept = readFileSync(file, "utf8");
	assert.ok(!kept.includes(fresh.adminPassword) && !kept.includes(fresh.publishKey));
	const again = firstUsers(stateDir);
	assert.equal(again.fresh, undefined);
	assert.deepEqual(again.users, made);
	const { access } = make({ users: again.users });
	assert.equal(told(await access.check(password("admin", fresh.adminPassword), "admin", undefined, IP)), "admin");
	assert.equal(told(await access.check(password("publisher", fresh.publishKey), "publish", front, IP)), "publisher");
	assert.equal(told(await access.check({ kind: "token", token: fresh.publishKey }, "publish", front, IP)), "publisher");
	assert.equal(told(await access.check({ kind: "token", token: fresh.publishKey }, "read", front, IP)), "forbidden");
	assert.equal(access.challenges(IP).length, 3);
	writeFileSync(file, '{"admin":"plain"}');
	assert.throws(() => firstUsers(stateDir), /damaged/);
	rmSync(stateDir, { recursive: true });
	assert.ok(!existsSync(file));
});

test("patterns of paths", () => {
	const table: readonly (readonly [string, string, boolean])[] = [
		["*", "anything/at/all", true],
		["robot1/*", "robot1/front", true],
		["robot1/*", "robot1/a/b", true],
		["robot1/*", "robot1", false],
		["robot1/*", "robot12/front", false],
		["a.c", "abc", false],
		["*/front", "robot1/front", true],
		["r*1/f*t", "robot1/front", true],
	];
	for (const [pattern, path, fits] of table) assert.equal(pathTest([pattern])(path), fits, `${pattern} ${path}`);
	assert.equal(pathTest([])("x"), false);
});

test("a pattern with its stars filled in fits, in good time", () => {
	const part = fc.string({ unit: fc.constantFrom(..."ab./-"), maxLength: 5 });
	fc.assert(
		fc.property(
			fc.array(part, { minLength: 2, maxLength: 5 }),
			fc.array(part, { minLength: 4, maxLength: 4 }),
			(parts, fill) => {
				const filled = parts.map((text, at) => text + (at < parts.length - 1 ? fill[at] : "")).join("");
				assert.ok(pathTest([parts.join("*")])(filled));
			},
		),
		{ seed: 6, numRuns: 2000 },
	);
});

test("addresses: ranges, mapped addresses, households", () => {
	const inside = addressTest([
		{ network: "10.0.0.0", prefix: 8, family: "ipv4" },
		{ network: "2001:db8::", prefix: 32, family: "ipv6" },
	]);
	for (const ip of ["10.255.0.1", "::ffff:10.0.0.1", "2001:db8:1::1", "2001:db8::1%eth0"]) assert.ok(inside(ip), ip);
	for (const ip of ["11.0.0.1", "::1", "2001:db9::1", "", "x", "10.0.0"]) assert.ok(!inside(ip), ip);
	assert.equal(household("192.0.2.1"), "192.0.2.1");
	assert.equal(household("2001:db8:0:1::5"), household("2001:0db8:0000:0001:ffff::"));
	assert.notEqual(household("2001:db8:0:1::5"), household("2001:db8:0:2::5"));
	assert.equal(household("::1"), "0:0:0:0");
});

test("the memory of failures is bounded", () => {
	const throttle = new Throttle({ failures: 3, failurePause: 1000 });
	for (let n = 0; n < 50_000; n++) throttle.take(`host ${n}`, 0);
	assert.equal(throttle.size, 20_000);
	throttle.giveBack("host 49999", 0);
	assert.equal(throttle.size, 19_999);
});

test("guests: everybody, on some paths or from some addresses", async () => {
	const loopback = { network: "127.0.0.1", prefix: 32, family: "ipv4" } as const;
	const { access } = make({
		guests: [
			{ allow: ["read"], paths: ["*", "!robot1/*"], ips: [] },
			{ allow: ["api"], paths: ["*"], ips: [loopback] },
		],
	});
	const may = async (...[action, path, ip]: [Parameters<Access["check"]>[1], typeof camera | undefined, string]) =>
		(await access.check(none, action, path, ip)).ok;
	assert.equal(access.isOpen, true);
	assert.equal(await may("read", camera, IP), true);
	assert.equal(await may("read", front, IP), false);
	assert.equal(await may("publish", camera, IP), false);
	assert.equal(await may("api", undefined, IP), false);
	assert.equal(await may("api", undefined, "127.0.0.1"), true);
	const robot = await access.check(password("robot1", "r"), "read", camera, IP);
	assert.equal(robot.ok, true, "a user may what everybody may");
});

test("a user may do more on other paths", async () => {
	const also = [{ allow: ["read"] as const, paths: ["camera"] }];
	const { access } = make({
		users: [{ name: "u", password: "p", allow: ["publish"], paths: ["robot1/*"], ips: [], also }],
	});
	const may = async (action: "read" | "publish", path: typeof camera) =>
		(await access.check(password("u", "p"), action, path, IP)).ok;
	assert.deepEqual(
		[await may("publish", front), await may("read", camera), await may("read", front), await may("publish", camera)],
		[true, true, false, false],
	);
});
