import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePathName } from "../../media/path-name.ts";
import { type ConnectionState, connectionItem, noTraffic, sessionItem } from "./items.ts";

const connection: ConnectionState = {
	id: "connection",
	created: 0,
	remoteAddress: "[2001:db8::1]:5004",
	bytesRead: 10,
	bytesWritten: 20,
	userAgent: "player",
	session: {
		id: "session",
		created: 1000,
		state: "read",
		path: parsePathName("camera")!,
		query: "token=secret&x=1",
		user: "ann",
		transport: "udp",
		traffic: noTraffic,
	},
};

test("a session is told without the secrets of its address", () => {
	const item = sessionItem(connection);
	assert.deepEqual(
		[item?.query, item?.path, item?.transport, item?.conns],
		["token=…&x=1", "camera", "UDP", ["connection"]],
	);
	assert.equal(JSON.stringify(item).includes("secret"), false);
});

test("a connection names its session, if it has one", () => {
	const { session, remoteAddr, created } = connectionItem(connection);
	assert.deepEqual([session, remoteAddr, created], ["session", "[2001:db8::1]:5004", "1970-01-01T00:00:00.000Z"]);
	const idle = { ...connection, session: undefined };
	assert.deepEqual([connectionItem(idle).session, sessionItem(idle)], [null, undefined]);
});
