import assert from "node:assert/strict";
import { test } from "node:test";
import { parseYaml } from "./load.ts";
import { relaySchema } from "./relay-schema.ts";

const read = (forward: string, path = "cam") =>
	parseYaml(`paths: { "${path}": { forward: ${forward} } }`, "test.yml", relaySchema).paths[path]!.forward;

const preset = { when: "always", wake: false, token: "", fingerprint: "" };
const digits = "0a".repeat(32);

test("forward: addresses alone, or with more", () => {
	const addresses = ["rtsp://h/x", "rtsps://h/x", "rtmp://h/a/b", "rtmps://h/a/b", "srt://h:1?streamid=publish:x"];
	const whip = ["whip://h/x/whip", "whips://h/x/whip", "http://u:p@h/x/whip", "https://h/x/whip?token=1"];
	for (const to of [...addresses, ...whip]) assert.deepEqual(read(`["${to}"]`), [{ ...preset, to }]);
	const [one, two] = read(`[{ to: "rtsps://h/x", fingerprint: ${digits} }, { to: "srt://h:1", when: readers }]`);
	assert.deepEqual(one, { ...preset, to: "rtsps://h/x", fingerprint: digits });
	assert.deepEqual(two, { ...preset, to: "srt://h:1", when: "readers" });
	assert.equal(read('[{ to: "rtsp://h/x", wake: true }]')[0]!.wake, true);
});

const faults: readonly (readonly [forward: string, message: RegExp, path?: string])[] = [
	['["https://h/x"]', /expected an address/],
	['["ftp://h/x"]', /expected an address/],
	['[{ to: "rtsp://h/x", when: never }]', /expected an address|expected one of/],
	['[{ to: "rtsp://h/x", when: readers, wake: true }]', /expected false with when: readers|expected an address/],
	[`[{ to: "https://h/x/whip", fingerprint: ${digits} }]`, /expected none here|expected an address/],
	['[{ to: "rtsp://h/x", wake: true }]', /only a path with a name of its own can be kept awake/, "robot1/*"],
];

test("forward: what makes no sense is told, without the address, which may hold a password", () => {
	for (const [forward, message, path] of faults) assert.throws(() => read(forward, path), message, forward);
	assert.throws(
		() => read('["ftp://u:hunter2@h/x"]'),
		(error: Error) => !error.message.includes("hunter2"),
	);
});
