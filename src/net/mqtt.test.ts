import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { keptLog } from "../../test/support/kept-log.ts";
import { MqttConnection } from "./mqtt.ts";

test("who leaves before it has begun to connect is not waited for, and connects no more", {
	timeout: 20_000,
}, async () => {
	const came: Socket[] = [];
	const broker = createServer((socket) => came.push(socket)).listen(0, "127.0.0.1");
	await once(broker, "listening");
	const url = `mqtt://127.0.0.1:${(broker.address() as AddressInfo).port}`;
	const events = { onUp: () => assert.fail(), onDown: () => undefined, onMessage: () => assert.fail() };
	await new MqttConnection({ url, filters: [] }, events, keptLog().log).close();
	assert.equal(came.length, 0);
	broker.close();
});
