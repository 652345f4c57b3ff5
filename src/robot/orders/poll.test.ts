import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createLog } from "../../observe/log.ts";
import type { Wanted } from "../../wire/robot-messages.ts";
import { Polling } from "./poll.ts";
import type { Station } from "./station.ts";

const log = createLog({ level: "silent", file: "", format: "json" });

/** A relay that answers each question as the next of these does. */
async function relay(answers: ((request: IncomingMessage, response: ServerResponse) => void)[]) {
	const asked: IncomingMessage[] = [];
	const server = createServer((request, response) => {
		asked.push(request);
		// With nothing more to say the question is kept.
		answers.shift()?.(request, response);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	return {
		asked,
		url: `http://robot1:p%40ss@127.0.0.1:${port}/base/`,
		[Symbol.dispose]: () => {
			server.closeAllConnections();
			server.close();
		},
	};
}

const says = (status: number, body: string, headers: object) => (_: IncomingMessage, response: ServerResponse) => {
	response.writeHead(status, { ...headers }).end(body);
};

test("polling: asks with what it knows, and tells what is new", { timeout: 20_000 }, async () => {
	using server = await relay([
		says(200, '{"want":"start","maxBitrate":900}', { etag: '"1"' }),
		says(304, "", { etag: '"1"' }),
		says(200, '{"want":"stop"}', { etag: '"2"' }),
	]);
	const told: Wanted[] = [];
	const heard: boolean[] = [];
	const { promise, resolve } = Promise.withResolvers<void>();
	const polling = new Polling(
		{ url: server.url, robot: "robot1" },
		[{ name: "front" } as Station],
		{
			onWanted: (_station, wanted) => {
				told.push(wanted);
				if (wanted.do === "stop") resolve();
			},
			onHeard: (_station, one) => heard.push(one),
		},
		log,
	);
	await promise;
	await polling.stop();
	assert.deepEqual(told, [{ do: "start", maxBitrate: 900 }, { do: "stop" }]);
	assert.deepEqual(heard, [true, true, true]);
	const [first, second] = server.asked;
	assert.equal(first?.url, "/base/control/robot1/front");
	assert.equal(first?.headers.authorization, `Basic ${Buffer.from("robot1:p@ss").toString("base64")}`);
	assert.match(String(first?.headers.prefer), /^wait=\d+$/);
	assert.equal(second?.headers["if-none-match"], '"1"');
});

test("polling: an answer that is none is no answer, and it asks again", { timeout: 20_000 }, async () => {
	using server = await relay([says(500, "", {}), says(200, "hello", {}), says(200, "stop", {})]);
	const heard: boolean[] = [];
	const { promise, resolve } = Promise.withResolvers<Wanted>();
	const events = {
		onWanted: (_: Station, wanted: Wanted) => resolve(wanted),
		onHeard: (_: Station, one: boolean) => heard.push(one),
	};
	const polling = new Polling({ url: server.url, robot: "robot1" }, [{ name: "front" } as Station], events, log);
	assert.deepEqual(await promise, { do: "stop" });
	await polling.stop();
	assert.deepEqual(heard, [false, false, true]);
});

test("polling: a server that answers the same at once, or with too much, is not asked without a pause", {
	timeout: 20_000,
}, async () => {
	const same = says(200, "start", { etag: '"1"' });
	using server = await relay([...Array(100).fill(same)]);
	const events = { onWanted: () => undefined, onHeard: () => undefined };
	const polling = new Polling({ url: server.url, robot: "robot1" }, [{ name: "front" } as Station], events, log);
	await new Promise((resolve) => setTimeout(resolve, 1000));
	await polling.stop();
	assert.ok(server.asked.length <= 3, `asked ${server.asked.length} times in a second`);
	using large = await relay([says(200, `{"want":"start","x":"${"x".repeat(10_000)}"}`, {})]);
	const { promise, resolve } = Promise.withResolvers<boolean>();
	const other = { onWanted: () => undefined, onHeard: (_: Station, heard: boolean) => resolve(heard) };
	const second = new Polling({ url: large.url, robot: "robot1" }, [{ name: "front" } as Station], other, log);
	assert.equal(await promise, false);
	await second.stop();
});
