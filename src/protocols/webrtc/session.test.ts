import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { browserCheck } from "../../../test/browser/whep-check.ts";
import type { DtlsServer, DtlsSession } from "../../net/dtls.ts";
import type { SrtpPrimitives } from "../../wire/srtp.ts";
import { bindingSuccess, parseStun } from "../../wire/stun.ts";
import type { Route } from "./ice.ts";
import { type Role, Session } from "./session.ts";

const local = { ufrag: "LOCL", password: "local-password-of-22-bytes" };
const remote = {
	ufrag: "RMTE",
	password: "remote-password-of-22-byte",
	fingerprint: { hash: "sha-256", value: "AB" },
} as const;
const encode = (text: string) => new TextEncoder().encode(text);
const hello = Uint8Array.of(22, 1);

/** The last byte of a datagram says what becomes of the handshake. */
class FakeDtls {
	state: DtlsSession["state"] = "handshaking";
	error = "because";
	inputs = 0;
	closes = 0;
	found: string | undefined = "AB";
	input(datagram: Uint8Array): void {
		this.inputs++;
		if (datagram.at(-1) === 2) this.state = "connected";
		if (datagram.at(-1) === 3) this.state = "failed";
		if (datagram.at(-1) === 4) this.state = "closed";
	}
	tick(): void {}
	fingerprint = () => this.found;
	srtp = () => {
		const keys = { key: new Uint8Array(16), salt: new Uint8Array(12) };
		return { profile: "gcm" as const, local: keys, remote: keys };
	};
	close(): void {
		this.closes++;
	}
}

function setUp(delayMs = 10) {
	let now = 0;
	let timer: (() => void) | undefined;
	const calls: string[] = [];
	const dtls = new FakeDtls();
	const note = (name: string) => () => void calls.push(name);
	const role: Role = {
		delayMs,
		busy: false,
		start: note("start"),
		moved: note("moved"),
		rtp: note("rtp"),
		rtcp: note("rtcp"),
		tick: note("tick"),
		close: (reason) => void calls.push(`close: ${reason}`),
	};
	const primitives = {
		counter: () => {},
		open: () => false,
		hmacSha1: (key: Uint8Array, data: Uint8Array) => createHmac("sha1", key).update(data).digest(),
	} as unknown as SrtpPrimitives;
	const tools = {
		dtls: { accept: () => dtls as unknown as DtlsSession } as unknown as DtlsServer,
		primitives,
		random: (bytes: number) => new Uint8Array(bytes).fill(7),
		after: (_: number, call: () => void) => {
			timer = call;
			return () => {
				timer = undefined;
			};
		},
		now: () => now,
	};
	const ends: string[] = [];
	const session = new Session(tools, {
		local,
		remote,
		role,
		handshakeMs: 10_000,
		onClosed: (reason) => ends.push(reason),
	});
	const sent: Uint8Array[] = [];
	const route: Route = {
		key: "a",
		address: "192.0.2.1",
		port: 9,
		local: { address: "", port: 0 },
		send: (datagram) => sent.push(datagram.slice()),
	};
	const check = () => session.input(browserCheck({ username: "LOCL:RMTE", password: local.password }), route);
	const answer = () => {
		const ask = sent.map((bytes) => parseStun(bytes)).findLast((message) => message?.kind === "request");
		const hmac = primitives.hmacSha1;
		return session.input(bindingSuccess(ask!.transaction, route, encode(remote.password), hmac), route);
	};
	const pass = (ms: number) => {
		now += ms;
		session.tick(now);
	};
	return {
		session,
		route,
		dtls,
		calls,
		ends,
		check,
		answer,
		pass,
		fire: () => timer?.(),
		waiting: () => timer !== undefined,
	};
}

/** Up to a session whose media flows. */
function live() {
	const all = setUp();
	all.check();
	all.answer();
	all.session.input(Uint8Array.of(22, 2), all.route);
	all.fire();
	return all;
}

describe("a session", () => {
	it("tells any bytes apart by the first one (RFC 7983): what is not genuine proves nothing and reaches nobody", () => {
		const { session, route, dtls, calls } = live();
		const before = calls.slice();
		fc.assert(
			fc.property(fc.nat(255), fc.uint8Array({ maxLength: 100, size: "max" }), (first, rest) => {
				const { inputs } = dtls;
				const { rejected } = session;
				// The last byte would be an order to the handshake.
				assert.equal(session.input(Uint8Array.from([first, ...rest, 9]), route), false);
				assert.equal(dtls.inputs - inputs, first >= 20 && first <= 63 ? 1 : 0);
				assert.ok(session.rejected === rejected || (first >= 128 && first <= 191));
				assert.equal(session.state, "live");
			}),
			{ seed: 31, numRuns: 10_000 },
		);
		assert.deepEqual(calls, before);
		assert.ok(session.rejected > 1_000);
	});

	it("keeps an early handshake until its address has answered, then goes on with it", () => {
		const { session, route, dtls, check, answer, calls, fire } = setUp();
		assert.ok(!session.input(hello, route));
		check();
		session.input(hello, route);
		assert.equal(dtls.inputs, 0);
		answer();
		assert.equal(dtls.inputs, 2);
		assert.equal(session.state, "handshaking");
		session.input(Uint8Array.of(22, 2), route);
		assert.equal(session.state, "starting");
		assert.deepEqual(calls, []);
		fire();
		assert.equal(session.state, "live");
		assert.deepEqual(calls, ["start"]);
	});

	it("starts a publisher at once", () => {
		const { session, route, check, answer, calls, waiting } = setUp(0);
		check();
		answer();
		session.input(Uint8Array.of(22, 2), route);
		assert.deepEqual(calls, ["start"]);
		assert.ok(!waiting());
	});

	it("ends where the certificate is another one than the offer's", () => {
		const { session, route, dtls, check, answer, ends } = setUp();
		dtls.found = "CD";
		check();
		answer();
		session.input(Uint8Array.of(22, 2), route);
		assert.match(ends[0] ?? "", /certificate is not the one/);
		assert.equal(dtls.closes, 1);
	});

	it("ends when the handshake fails, and when the peer says goodbye", () => {
		const failing = setUp();
		failing.check();
		failing.answer();
		failing.session.input(Uint8Array.of(22, 3), failing.route);
		assert.deepEqual(failing.ends, ["DTLS failed: because"]);
		const leaving = live();
		leaving.session.input(Uint8Array.of(21, 4), leaving.route);
		assert.deepEqual(leaving.ends, ["the peer said goodbye"]);
		assert.deepEqual(leaving.calls, ["start", "close: the peer said goodbye"]);
	});

	it("does not start what ended meanwhile, and ends once", () => {
		const { session, route, check, answer, calls, ends, fire, dtls } = setUp();
		check();
		answer();
		session.input(Uint8Array.of(22, 2), route);
		session.close("enough");
		session.close("more than enough");
		fire();
		assert.deepEqual(calls, ["close: enough"]);
		assert.deepEqual(ends, ["enough"]);
		assert.equal(dtls.closes, 1);
		assert.ok(!session.input(hello, route));
	});

	it("says what was missing when time is up", () => {
		const nothing = setUp();
		nothing.pass(10_001);
		assert.match(nothing.ends[0] ?? "", /no ICE check arrived within 10 s/);
		const deaf = setUp();
		deaf.check();
		deaf.pass(10_001);
		assert.match(deaf.ends[0] ?? "", /answered no check of ours/);
		const slow = setUp();
		slow.check();
		slow.answer();
		slow.session.input(hello, slow.route);
		slow.pass(10_001);
		assert.match(slow.ends[0] ?? "", /handshake did not finish/);
	});

	it("ends 30 s after the peer's last sign of consent", () => {
		const { pass, answer, ends, calls } = live();
		pass(20_000);
		answer();
		pass(29_000);
		assert.deepEqual(ends, []);
		pass(2_000);
		assert.match(ends[0] ?? "", /has not answered for 30 s/);
		assert.deepEqual(calls.slice(0, 3), ["start", "tick", "tick"]);
	});

	it("takes no media that is not protected", () => {
		const { session, route, calls } = live();
		session.input(new Uint8Array(60).fill(0x80), route);
		session.input(Uint8Array.from([0x80, 200, ...new Uint8Array(40)]), route);
		assert.equal(session.rejected, 2);
		assert.deepEqual(calls, ["start"]);
	});

	it("ends with its only connection", () => {
		const { session, route, ends } = live();
		session.forget(route);
		assert.deepEqual(ends, ["the connection ended"]);
	});
});
