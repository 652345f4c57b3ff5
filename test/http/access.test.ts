import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { test } from "node:test";
import { publishTo, raw, startControl, users } from "../support/control.ts";

const CLOSED = `access: { failureDelay: 0 s, failures: 5, users: ${users} }`;
const basic = (login: string) => ({ authorization: `Basic ${btoa(login)}` });
const html = { accept: "text/html,*/*", "user-agent": "Mozilla/5.0" };

async function logIn(url: string, name = "admin", password = "a") {
	const headers = { "content-type": "application/json" };
	const answer = await raw(url, { method: "POST", path: "/login", headers, body: JSON.stringify({ name, password }) });
	const cookie = String(answer.headers["set-cookie"] ?? "");
	return { ...answer, cookie, header: { cookie: cookie.split(";")[0]! } };
}

test("a closed relay lets nobody do anything", async () => {
	await using room = await startControl(CLOSED);
	publishTo(room.hub, "robot1/front").feed(1);
	const sdp = { "content-type": "application/sdp" };
	const routes: readonly (readonly [string, string, "all" | "api" | "metrics"])[] = [
		["GET", "/api/streams", "all"],
		["GET", "/api/events", "all"],
		["GET", "/thumbnails/robot1/front.mp4", "all"],
		["GET", "/metrics", "all"],
		["GET", "/metrics", "metrics"],
		["GET", "/v3/info", "all"],
		["GET", "/v3/paths/list", "api"],
		["GET", "/v3/paths/get/robot1/front", "api"],
		["POST", "/robot1/front/whep", "all"],
		["POST", "/robot1/front/whip", "all"],
		["OPTIONS", "/robot1/front/whep", "all"],
	];
	for (const [method, path, role] of routes) {
		const answer = await raw(room.url(role), { method, path, ...(method === "POST" && { headers: sdp, body: "v=0" }) });
		assert.equal(answer.status, 401, `${method} ${path}`);
		assert.match(String(answer.headers["www-authenticate"]), /^Basic realm="vedette"/, path);
		assert.equal((JSON.parse(answer.body) as { status: string }).status, "error");
	}
	const browser = await raw(room.url(), { path: "/api/streams", headers: html });
	assert.equal(browser.headers["www-authenticate"], 'Bearer realm="vedette"');
	assert.match(browser.body, /authentication is needed/);
	const wrong = await raw(room.url(), { path: "/api/streams", headers: basic("admin:wrong") });
	assert.equal(wrong.status, 401);
	assert.match(wrong.body, /this login is not known here/);
});

test("browsers are sent to the login, and from there to where they wanted to go", async () => {
	await using room = await startControl(CLOSED);
	for (const path of ["/", "/watch/robot1/front", "/viewer?camera=a%20b"]) {
		const answer = await raw(room.url(), { path, headers: html });
		assert.equal(answer.status, 302);
		assert.equal(answer.headers.location, `/login?next=${encodeURIComponent(path)}`);
	}
	const login = await raw(room.url(), { path: "/login?next=%2F", headers: html });
	assert.equal(login.status, 200);
	assert.match(login.body, /<title>page/);
	const { status, header, cookie, body } = await logIn(room.url());
	assert.equal(status, 200);
	assert.deepEqual(JSON.parse(body), { user: "admin" });
	assert.match(cookie, /^vedette_session=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/);
	assert.equal((await raw(room.url(), { path: "/", headers: { ...html, ...header } })).status, 200);
	assert.equal((await raw(room.url(), { path: "/api/streams", headers: header })).status, 200);
	const robot = await logIn(room.url(), "robot1", "r");
	const page = await raw(room.url(), { path: "/", headers: { ...html, ...robot.header } });
	assert.equal(page.status, 200, "who may not watch is told so by the page, not sent to the login again");
	const out = await raw(room.url(), { method: "POST", path: "/logout", headers: header });
	assert.equal(out.status, 204);
	assert.match(String(out.headers["set-cookie"]), /^vedette_session=; .*Expires=Thu, 01 Jan 1970/);
	assert.equal((await raw(room.url(), { path: "/api/streams", headers: header })).status, 401);
});

test("the cookie counts for pages of the relay itself only", async () => {
	await using room = await startControl(CLOSED);
	const { header } = await logIn(room.url());
	const { host } = new URL(room.url());
	const ask = (origin: string) => raw(room.url(), { path: "/api/streams", headers: { ...header, origin } });
	assert.equal((await ask(`http://${host}`)).status, 200);
	for (const origin of ["http://127.0.0.1:1", "https://example.org", "null"]) {
		assert.equal((await ask(origin)).status, 401, origin);
	}
});

test("behind a trusted proxy with TLS the cookie is secure, and the client's own address counts", async () => {
	const users = `[{ name: lan, password: l, allow: [read], ips: [10.0.0.0/8] }]`;
	const forwarded = { "x-forwarded-for": "10.1.2.3", "x-forwarded-proto": "https", "content-type": "application/json" };
	const body = JSON.stringify({ name: "lan", password: "l" });
	for (const trusted of ["127.0.0.1", "192.0.2.1"]) {
		await using room = await startControl(
			`http: { address: "127.0.0.1:0", trustedProxies: [${trusted}] }\naccess: { failureDelay: 0 s, users: ${users} }`,
		);
		const answer = await raw(room.url(), { method: "POST", path: "/login", headers: forwarded, body });
		assert.equal(answer.status, trusted === "127.0.0.1" ? 200 : 401);
		if (answer.status === 200) assert.match(String(answer.headers["set-cookie"]), /; Secure/);
	}
});

test("Basic, Bearer user:pass and a token all open the door", async () => {
	await using room = await startControl(CLOSED);
	for (const authorization of [basic("admin:a").authorization, "Bearer admin:a", "Bearer administrators-token"]) {
		const answer = await raw(room.url("api"), { path: "/v3/paths/list", headers: { authorization } });
		assert.equal(answer.status, 200, authorization);
	}
	const answer = await raw(room.url(), { path: "/v3/info?token=administrators-token&user=admin&pass=a" });
	assert.equal(answer.status, 401, "nothing in the query counts");
});

test("somebody who is known but may not is told 403", async () => {
	await using room = await startControl(CLOSED);
	const answer = await raw(room.url(), { path: "/v3/info", headers: basic("viewer:v") });
	assert.equal(answer.status, 403);
	assert.equal(answer.headers["www-authenticate"], undefined);
	const other = await raw(room.url(), { path: "/thumbnails/other.mp4", headers: basic("viewer:v") });
	assert.deepEqual([other.status, JSON.parse(other.body).error], [403, 'this user lacks the right "read" for "other"']);
});

test("guessing is throttled for one address, and logged; a browser that is logged in goes on", async () => {
	await using room = await startControl(CLOSED);
	const { header } = await logIn(room.url());
	for (let n = 0; n < 5; n++) assert.equal((await logIn(room.url(), "admin", `guess ${n}`)).status, 401);
	const refused = await logIn(room.url(), "admin", "a");
	assert.equal(refused.status, 429);
	const seconds = Number(refused.headers["retry-after"]);
	assert.ok(seconds > 0 && seconds <= 10);
	assert.equal((await raw(room.url(), { path: "/api/streams", headers: header })).status, 200);
	const failures = room.lines.map((line) => JSON.parse(line) as { msg: string; ip: string; user: string });
	assert.equal(failures.length, 5);
	assert.deepEqual(
		{ ...failures[0], time: 0 },
		{ level: "warn", time: 0, ip: "127.0.0.1", user: "admin", msg: "login failed" },
	);
	assert.doesNotMatch(room.lines.join(), /guess/);
});

test("a page's events end when its login does", async (t) => {
	t.mock.timers.enable({ apis: ["setInterval"] });
	await using room = await startControl(CLOSED);
	const { header } = await logIn(room.url());
	const response = await new Promise<IncomingMessage>((resolve) => {
		get(`${room.url()}/api/events`, { headers: header }, resolve);
	});
	const ended = new Promise((resolve) => response.resume().on("end", resolve));
	t.mock.timers.tick(15_000);
	await raw(room.url(), { path: "/api/me" });
	assert.equal(response.complete, false, "a good login stays");
	await raw(room.url(), { method: "POST", path: "/logout", headers: header });
	t.mock.timers.tick(15_000);
	await ended;
});

test("who am I", async () => {
	const ice = "webrtc: { iceServers: [{ urls: 'turn:t:1', username: u, credential: c }] }";
	await using room = await startControl(`${CLOSED}\n${ice}`);
	const me = async (headers: Record<string, string>) => {
		const answer = await raw(room.url(), { path: "/api/me", headers });
		assert.equal(answer.status, 200);
		const { version, ...rest } = JSON.parse(answer.body) as { version: string };
		assert.match(version, /^\d/);
		return rest;
	};
	assert.deepEqual(await me({}), { user: null, may: [], iceServers: [], rtspPort: null });
	assert.deepEqual(await me({ cookie: "vedette_session=x" }), { user: null, may: [], iceServers: [], rtspPort: null });
	assert.deepEqual(await me(basic("viewer:v")), {
		user: "viewer",
		may: ["read"],
		iceServers: [{ urls: ["turn:t:1"], username: "u", credential: "c" }],
		rtspPort: null,
	});
});

test("an open relay needs no names", async () => {
	await using room = await startControl("access: { anonymous: [read, publish, api, metrics] }");
	for (const path of ["/", "/api/streams", "/v3/paths/list", "/metrics"]) {
		assert.equal((await raw(room.url(), { path, headers: html })).status, 200, path);
	}
});

test("the socket in the state directory asks for no password and is its owner's only", async () => {
	await using room = await startControl(CLOSED);
	const socketPath = `${room.stateDir}/vedette.sock`;
	assert.equal(statSync(socketPath).mode & 0o777, 0o600);
	const answer = await raw("http://localhost", { path: "/v3/paths/list", socketPath });
	assert.equal(answer.status, 200);
});
