import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { createLog } from "../../observe/log.ts";
import { type LocalDesk, LocalDoor } from "./local-door.ts";

const log = createLog({ level: "silent", file: "", format: "json" });

function ask(port: number, method: string, path: string, headers: Record<string, string> = {}): Promise<number> {
	const { promise, resolve, reject } = Promise.withResolvers<number>();
	const outgoing = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
		response.resume();
		resolve(response.statusCode ?? 0);
	});
	outgoing.on("error", reject).end();
	return promise;
}

test("the door on loopback: triggers alone, of no web page, and of nothing that is no address", async () => {
	const pulled: unknown[] = [];
	const desk: LocalDesk = {
		trigger: (...what) => pulled.push(what),
		pause: () => assert.fail("paused"),
		status: () => ({}),
	};
	await using door = await LocalDoor.open(desk, undefined, [{ host: "127.0.0.1", port: 0 }], log);
	const [port = 0] = door.ports;
	for (const path of ["//", "//[", "http://", "http://[/trigger"])
		assert.equal(await ask(port, "POST", path), 400, path);
	assert.equal(await ask(port, "POST", "/trigger/front", { origin: "http://127.0.0.1:1" }), 403);
	assert.equal(await ask(port, "POST", "/trigger/front", { origin: "null" }), 403);
	assert.equal(await ask(port, "GET", "/trigger/front"), 405);
	for (const path of ["/pause", "/resume/front", "/status", "/constructor"])
		assert.equal(await ask(port, "POST", path), 404, path);
	assert.equal(await ask(port, "POST", "/trigger?seconds=0"), 400);
	assert.equal(await ask(port, "POST", "/trigger?seconds=1e9"), 400);
	assert.deepEqual(pulled, []);
	assert.equal(await ask(port, "POST", `/trigger/front?name=${"x".repeat(100)}&seconds=5`), 200);
	assert.deepEqual(pulled, [["front", "x".repeat(64), 5]]);
});
