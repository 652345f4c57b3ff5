import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bindingRequest, stunUser } from "../../wire/stun.ts";
import { Demux } from "./demux.ts";
import type { Route } from "./ice.ts";
import type { Session } from "./session.ts";

const users = ["anna", "bert", "nobody"] as const;
const hmac = () => new Uint8Array(20);

/** A check for a session. */
function check(user: string): Buffer {
	const fields = { username: `${user}:peer`, priority: 1, tieBreaker: new Uint8Array(8) };
	return Buffer.from(bindingRequest(new Uint8Array(12), fields, new Uint8Array(4), hmac));
}

/** A session that only notes what it is given. */
function fakeSession(user: string, good: (datagram: Uint8Array) => boolean) {
	const got: { datagram: Uint8Array; key: string }[] = [];
	const session = {
		ice: { ufrags: [user] },
		input(datagram: Uint8Array, route: Route) {
			got.push({ datagram, key: route.key });
			return good(datagram);
		},
		forget: () => undefined,
	};
	return { session: session as unknown as Session, got };
}

const event = fc.record({
	from: fc.nat(5),
	datagram: fc.oneof(
		fc.record({ user: fc.constantFrom(...users), good: fc.boolean(), turn: fc.option(fc.nat(), { nil: undefined }) }),
		fc.uint8Array({ maxLength: 60, size: "max" }),
	),
});

function bytesOf(what: Uint8Array | { user: string; good: boolean; turn: number | undefined }): Buffer {
	if (what instanceof Uint8Array) return Buffer.from(what);
	const bytes = check(what.user);
	if (what.turn !== undefined) bytes[(what.turn >> 3) % bytes.length]! ^= 1 << (what.turn & 7);
	return bytes;
}

test("any datagram goes to the session that it names or that its address has proved, or nowhere", () => {
	let bound = 0;
	fc.assert(
		fc.property(fc.array(event, { maxLength: 30, size: "max" }), (events) => {
			const believed = new Set<Uint8Array>();
			const sessions = new Map(
				users.slice(0, 2).map((user) => [user as string, fakeSession(user, (one) => believed.has(one))]),
			);
			const demux = new Demux();
			for (const { session } of sessions.values()) demux.name(session);
			const owners = new Map<string, string>();
			let strays = 0;
			for (const { from, datagram: what } of events) {
				const datagram = bytesOf(what);
				const key = `${from}`;
				const user = stunUser(datagram);
				const to = user === "" ? owners.get(key) : sessions.has(user) ? user : undefined;
				if (user !== "" && !(what instanceof Uint8Array) && what.good) believed.add(datagram);
				const before = [...sessions.values()].map(({ got }) => got.length);
				const route: Route = { key, address: key, port: 1, local: { address: "", port: 1 }, send: () => undefined };
				demux.input(datagram, key, () => route);
				if (to === undefined) strays++;
				else if (believed.has(datagram)) owners.set(key, to);
				const grown = [...sessions.entries()].flatMap(([name, { got }], i) => (got.length > before[i]! ? [name] : []));
				assert.deepEqual(grown, to === undefined ? [] : [to]);
				assert.equal(demux.strays, strays);
			}
			bound += owners.size;
			for (const [user, { session }] of sessions) demux.remove(session, [user]);
			for (const key of owners.keys()) demux.input(Buffer.of(0x80), key, () => assert.fail("no route is made"));
			assert.equal(demux.strays, strays + owners.size);
		}),
		{ seed: 32, numRuns: 2_000 },
	);
	assert.ok(bound > 1_000, `${bound} addresses were bound`);
});
