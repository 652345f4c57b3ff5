import assert from "node:assert/strict";
import { test } from "node:test";
import { parseYaml } from "../config/load.ts";
import { relaySchema } from "../config/relay-schema.ts";
import { startError } from "./start-error.ts";

test("a setting with port 0 is not blamed for another's port on 0.0.0.0", () => {
	const text = "http: { address: '0.0.0.0:0' }\nrtsp: { address: '0.0.0.0:8555' }";
	const error = new Error("listen EADDRINUSE: address already in use 0.0.0.0:8555");
	assert.match(startError(error, parseYaml(text, "v.yml", relaySchema)), /^rtsp\.address 0\.0\.0\.0:8555: /);
	const other = new Error("listen EADDRINUSE: address already in use 0.0.0.0:4444");
	assert.equal(startError(other, parseYaml(text, "v.yml", relaySchema)), other.message);
});
