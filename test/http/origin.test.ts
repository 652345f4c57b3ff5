import assert from "node:assert/strict";
import { test } from "node:test";
import { raw, startControl, users } from "../support/control.ts";
import { startTestRelay } from "../support/relay.ts";

const CLOSED = `access: { failureDelay: 0 s, users: ${users} }\nhttp: { address: "127.0.0.1:0", allowOrigins: ["https://friend.example"] }`;
const json = { "content-type": "application/json" };

/** A browser that has logged in. */
async function cookieOf(url: string): Promise<string> {
	const body = JSON.stringify({ name: "admin", password: "a" });
	const { headers } = await raw(url, { method: "POST", path: "/login", headers: json, body });
	return String(headers["set-cookie"]).split(";")[0]!;
}

const changes: readonly (readonly [method: string, path: string, body?: string, type?: string])[] = [
	["POST", "/stream/start"],
	["POST", "/stream/stop"],
	["POST", "/stream/start?robot=robot1&camera=front"],
	["POST", "/streams/robot1/front/start", "{}"],
	["POST", "/streams/robot1/front/stop"],
	["POST", "/api/robots/invite", '{"name":"robot7"}'],
	["DELETE", "/api/robots/robot7"],
	["POST", "/robot1/front/whep", "v=0", "application/sdp"],
	["POST", "/robot1/front/whip", "v=0", "application/sdp"],
];

function ownOf(url: string): string {
	return new URL(url).origin;
}

test("with a cookie, what changes something is for the relay's own pages alone", { timeout: 20_000 }, async () => {
	await using room = await startControl(CLOSED);
	const url = room.url();
	const cookie = await cookieOf(url);
	const foreign = [
		"https://evil.example",
		"null",
		"http://127.0.0.1:1",
		"https://friend.example",
		`${ownOf(url)}.evil.example`,
	];
	for (const [method, path, body, type = "application/json"] of changes) {
		const send = (origin: string) => {
			const headers = { cookie, origin, ...(body !== undefined && { "content-type": type }) };
			return raw(url, { method, path, headers, ...(body !== undefined && { body }) });
		};
		for (const origin of foreign) {
			const { status, headers } = await send(origin);
			assert.equal(status, 401, `${method} ${path} from ${origin}`);
			assert.equal(headers["access-control-allow-credentials"], undefined);
		}
		assert.notEqual((await send(ownOf(url))).status, 401, `${method} ${path} from the relay's own page`);
	}
});

test("nobody is logged out by a page of another site", async () => {
	await using room = await startControl(CLOSED);
	const url = room.url();
	const cookie = await cookieOf(url);
	const logOut = (origin: string) => raw(url, { method: "POST", path: "/logout", headers: { cookie, origin } });
	for (const origin of ["https://evil.example", "http://127.0.0.1:1", "null"])
		assert.equal((await logOut(origin)).status, 403);
	assert.equal((await raw(url, { path: "/api/streams", headers: { cookie } })).status, 200, "still logged in");
	assert.equal((await logOut(ownOf(url))).status, 204);
	assert.equal((await raw(url, { path: "/api/streams", headers: { cookie } })).status, 401);
});

test("WebSockets of other sites' pages are refused, with a cookie and without", async () => {
	const admin = { name: "admin", password: "a", allow: ["read", "control", "api"] };
	await using relay = await startTestRelay({ access: { anonymous: [], failureDelay: "0 s", users: [admin] } });
	const url = relay.httpUrl;
	const cookie = await cookieOf(url);
	const upgrade = {
		connection: "Upgrade",
		upgrade: "websocket",
		"sec-websocket-version": "13",
		"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
	};
	for (const path of ["/signaling", "/one2many", "/robot1/front/live.ws", "/mqtt"]) {
		for (const origin of ["https://evil.example", "null"]) {
			for (const shown of [{ cookie }, {}]) {
				const { status } = await raw(url, { path, headers: { ...upgrade, ...shown, origin } });
				assert.equal(status, 403, `${path} from ${origin}`);
			}
		}
	}
});

test("the bridge wants both names", async () => {
	await using room = await startControl("access: { anonymous: [control] }");
	for (const query of ["robot=a", "camera=b", "robot=&camera=b"]) {
		const { status } = await raw(room.url(), { method: "POST", path: `/stream/start?${query}` });
		assert.equal(status, 400, query);
	}
});

test("the bridge's plain words are for those who may control the path that they are about", async () => {
	const pilot = (name: string) => ({ name, password: "p", allow: ["control"], paths: [`${name}/*`] });
	await using relay = await startTestRelay({
		mqtt: { topics: { "robot/stream": "robot1/front" } },
		access: { anonymous: [], failureDelay: "0 s", users: [pilot("robot1"), pilot("robot2")] },
	});
	const start = async (name: string): Promise<number> => {
		const authorization = `Basic ${btoa(`${name}:p`)}`;
		return (await raw(relay.httpUrl, { method: "POST", path: "/stream/start", headers: { authorization } })).status;
	};
	assert.equal(await start("robot2"), 403);
	assert.equal(relay.relay.hub.demand.list()[0]?.holds.length, 0);
	assert.equal(await start("robot1"), 200);
	assert.equal(relay.relay.hub.demand.list()[0]?.holds.length, 1);
});
