import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { type CheckOptions, browserCheck as check } from "../../../test/browser/whep-check.ts";
import {
	bindingError,
	bindingSuccess,
	type HmacSha1,
	parseStun,
	type StunMessage,
	verifyStun,
} from "../../wire/stun.ts";
import { CONSENT_ENDS_MS, IceAgent, type Route } from "./ice.ts";

const hmac: HmacSha1 = (key, data) => createHmac("sha1", key).update(data).digest();
const encode = (text: string) => new TextEncoder().encode(text);
const local = { ufrag: "LOCL", password: "local-password-of-22-bytes" };
const remote = { ufrag: "RMTE", password: "remote-password-of-22-byte" };

function browserCheck(options: Partial<CheckOptions> = {}): Uint8Array {
	return check({ username: `${local.ufrag}:${remote.ufrag}`, password: local.password, ...options });
}

class FakeRoute implements Route {
	readonly key: string;
	readonly address = "192.0.2.9";
	readonly port: number;
	readonly local = { address: "192.0.2.1", port: 8189 };
	sent: { bytes: Uint8Array; message: StunMessage }[] = [];
	constructor(port: number) {
		this.port = port;
		this.key = `udp ${port}`;
	}
	send(datagram: Uint8Array): void {
		const bytes = datagram.slice();
		const message = parseStun(bytes);
		assert.ok(message);
		this.sent.push({ bytes, message });
	}
	get requests() {
		return this.sent.filter((one) => one.message.kind === "request");
	}
	/** Answers our latest check, as the other side does. */
	answer(agent: IceAgent, now: number, password = remote.password): boolean {
		const request = this.requests.at(-1);
		assert.ok(request);
		return agent.input(bindingSuccess(request.message.transaction, this, encode(password), hmac), this, now);
	}
}

function setUp() {
	let count = 0;
	const random = (bytes: number) => new Uint8Array(bytes).fill(++count);
	const selected: string[] = [];
	const events = { onSelected: (route: Route) => selected.push(route.key), onValid: () => {} };
	return { agent: new IceAgent(local, remote, { hmac, random }, events), selected };
}

describe("the lite agent", () => {
	it("answers a check, checks the address itself, and selects it only once it answers", () => {
		const { agent, selected } = setUp();
		const route = new FakeRoute(1);
		assert.ok(agent.input(browserCheck(), route, 0));
		assert.deepEqual(
			route.sent.map((one) => one.message.kind),
			["success", "request"],
		);
		assert.deepEqual(route.sent[0]?.message.mapped, { address: "192.0.2.9", port: 1 });
		const ask = route.sent[1];
		assert.ok(ask && verifyStun(ask.bytes, ask.message, encode(remote.password), hmac));
		assert.deepEqual([ask.message.username, ask.message.role], ["RMTE:LOCL", "controlled"]);
		assert.ok(!agent.isValid(route));
		assert.ok(route.answer(agent, 5));
		assert.ok(agent.isValid(route));
		assert.deepEqual(selected, ["udp 1"]);
	});

	it("does not believe an answer with another password, transaction or address", () => {
		const { agent, selected } = setUp();
		const [route, other] = [new FakeRoute(1), new FakeRoute(2)];
		agent.input(browserCheck(), route, 0);
		const transaction = route.requests[0]!.message.transaction;
		const good = bindingSuccess(transaction, route, encode(remote.password), hmac);
		assert.ok(!route.answer(agent, 1, local.password));
		assert.ok(!agent.input(good, other, 1));
		assert.ok(!agent.input(bindingSuccess(new Uint8Array(12), route, encode(remote.password), hmac), route, 1));
		assert.ok(agent.input(bindingError(transaction, 401, "no", hmac, { key: encode(remote.password) }), route, 1));
		assert.ok(!agent.isValid(route));
		assert.deepEqual(selected, []);
	});

	const refused: Record<string, Partial<CheckOptions>> = {
		"another password": { password: "x".repeat(22) },
		"another user": { username: "LOCL:OTHR" },
		"no user": { username: "" },
	};
	for (const [name, options] of Object.entries(refused)) {
		it(`stays silent to a check with ${name}`, () => {
			const { agent } = setUp();
			const route = new FakeRoute(1);
			assert.ok(!agent.input(browserCheck(options), route, 0));
			assert.equal(route.sent.length, 0);
		});
	}

	it("tells of role conflicts and of what it does not understand", () => {
		const { agent } = setUp();
		const route = new FakeRoute(1);
		agent.input(browserCheck({ role: 0x8029 }), route, 0);
		agent.input(browserCheck({ extra: 0x7777 }), route, 0);
		assert.deepEqual(
			route.sent.map((one) => one.message.errorCode),
			[487, 420],
		);
	});

	it("repeats its check with growing pauses, and gives up", () => {
		const { agent } = setUp();
		const route = new FakeRoute(1);
		agent.input(browserCheck(), route, 0);
		const at: number[] = [];
		for (let now = 0; now < 20_000; now += 50) {
			const before = route.requests.length;
			agent.tick(now);
			if (route.requests.length > before) at.push(now);
		}
		assert.deepEqual(at, [100, 300, 700, 1500, 3100, 4700]);
		agent.input(browserCheck(), route, 20_000);
		assert.equal(route.requests.length, 8);
	});

	it("asks for consent every five seconds and counts the silence", () => {
		const { agent } = setUp();
		const route = new FakeRoute(1);
		agent.input(browserCheck(), route, 0);
		route.answer(agent, 0);
		const asked = route.requests.length;
		for (let now = 0; now <= 20_000; now += 1000) {
			const before = route.requests.length;
			agent.tick(now);
			if (route.requests.length > before) route.answer(agent, now);
		}
		assert.ok(route.requests.length - asked >= 3 && route.requests.length - asked <= 5);
		for (let now = 20_000; now <= 55_000; now += 1000) agent.tick(now);
		assert.ok(agent.silence(55_000) > CONSENT_ENDS_MS);
	});

	it("follows a viewer to another address, and back only if asked", () => {
		const { agent, selected } = setUp();
		const [wifi, mobile] = [new FakeRoute(1), new FakeRoute(2)];
		agent.input(browserCheck({ priority: 2000 }), wifi, 0);
		wifi.answer(agent, 0);
		// A worse candidate that is also nominated does not win while the better one is alive …
		agent.input(browserCheck({ priority: 1000 }), mobile, 100);
		mobile.answer(agent, 110);
		agent.input(browserCheck({ priority: 2000 }), wifi, 120);
		agent.input(browserCheck({ priority: 1000 }), mobile, 130);
		assert.deepEqual(selected, ["udp 1"]);
		// … but does when the better one falls silent.
		agent.input(browserCheck({ priority: 1000 }), mobile, 600);
		assert.deepEqual(selected, ["udp 1", "udp 2"]);
	});

	it("follows a new port of the same candidate at once", () => {
		const { agent, selected } = setUp();
		const [before, after] = [new FakeRoute(1), new FakeRoute(2)];
		agent.input(browserCheck(), before, 0);
		before.answer(agent, 0);
		agent.input(browserCheck(), after, 100);
		after.answer(agent, 100);
		assert.deepEqual(selected, ["udp 1", "udp 2"]);
	});

	it("selects nothing that was not nominated", () => {
		const { agent, selected } = setUp();
		const route = new FakeRoute(1);
		agent.input(browserCheck({ use: false }), route, 0);
		route.answer(agent, 0);
		assert.deepEqual(selected, []);
		agent.input(browserCheck(), route, 10);
		assert.deepEqual(selected, ["udp 1"]);
	});

	it("keeps the old address through an ICE restart until the new one is checked", () => {
		const { agent, selected } = setUp();
		const [before, after] = [new FakeRoute(1), new FakeRoute(2)];
		agent.input(browserCheck(), before, 0);
		before.answer(agent, 0);
		const [newLocal, newRemote] = [
			{ ufrag: "NEWL", password: "n".repeat(22) },
			{ ufrag: "NEWR", password: "m".repeat(22) },
		];
		agent.restart(newLocal, newRemote);
		assert.deepEqual(agent.ufrags, ["LOCL", "NEWL"]);
		assert.ok(agent.input(browserCheck(), before, 50));
		assert.equal(agent.selected, before);
		agent.input(browserCheck({ username: "NEWL:NEWR", password: newLocal.password, priority: 1 }), after, 100);
		assert.equal(agent.selected, before);
		after.answer(agent, 110, newRemote.password);
		assert.deepEqual(selected, ["udp 1", "udp 2"]);
		assert.deepEqual(agent.ufrags, ["NEWL"]);
		assert.ok(!agent.input(browserCheck(), before, 200));
	});

	it("knows a bounded number of addresses", () => {
		const { agent } = setUp();
		const routes = Array.from({ length: 40 }, (_, index) => new FakeRoute(index));
		for (const [index, route] of routes.entries()) {
			agent.input(browserCheck(), route, index);
			if (index === 0) route.answer(agent, index);
		}
		assert.ok(agent.isValid(routes[0]!));
		agent.tick(10_000);
		assert.ok(routes.filter((route) => route.requests.length > 1).length <= 16);
	});
});
