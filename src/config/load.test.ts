import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { ConfigError, loadYaml, parseYaml } from "./load.ts";
import { relaySchema } from "./relay-schema.ts";

function faults(text: string): readonly string[] {
	try {
		parseYaml(text, "v.yml", relaySchema);
	} catch (error) {
		if (error instanceof ConfigError) return error.lines;
		throw error;
	}
	return [];
}

test("values are read with their units", () => {
	const config = parseYaml(
		`http: { address: [":1", "[::1]:2"], trustedProxies: [10.0.0.0/8] }
rtsp:
paths:
  robot1/*: { behind: 500 ms, cacheSize: 1 MiB }
  camera:
`,
		"v.yml",
		relaySchema,
	);
	assert.deepEqual(config.http.address, [
		{ host: "", port: 1 },
		{ host: "::1", port: 2 },
	]);
	assert.deepEqual(config.rtsp.address, [{ host: "", port: 8554 }]);
	assert.equal(config.paths["robot1/*"]?.behind, 500);
	assert.equal(config.paths["robot1/*"]?.cacheSize, 1_048_576);
	assert.equal(config.paths.camera?.behind, 1000);
	assert.equal(config.paths.all_others, undefined);
});

test("every fault is told, with line, column, what is expected and what was likely meant", () => {
	const text = `http:
  addres: ":8080"
rtsp: { address: 8554 }
log: { level: inof }
threads: many
webrtc:
  tcp: yes
access:
  users:
    - { name: "a b", password: "sha256:xx", allow: [red] }
paths:
  /camera: {}
  cam:
    behind: 5
    maxTracks: 1000
`;
	const wanted: readonly (readonly [string, RegExp])[] = [
		["2:3: http.addres", /unknown key "addres"; did you mean "address"\?$/],
		["3:18: rtsp.address", /expected an address like ":8080", or a list of them, got 8554$/],
		["4:15: log.level", /expected one of .*, got "inof"; did you mean "info"\?$/],
		["5:10: threads", /expected "auto" or a number from 0 to 256, got "many"$/],
		["7:8: webrtc.tcp", /expected true or false, got "yes"$/],
		["10:15: access.users.0.name", /expected a name without spaces/],
		["10:32: access.users.0.password", /expected a password in plain, sha256:BASE64/],
		["10:53: access.users.0.allow.0", /did you mean "read"\?$/],
		["12:3: paths./camera", /may not begin or end with \//],
		["14:13: paths.cam.behind", /expected a time with its unit, .*, got 5$/],
		["15:16: paths.cam.maxTracks", /expected at most 16, got 1000$/],
	];
	const found = faults(text);
	assert.equal(found.length, wanted.length, found.join("\n"));
	wanted.forEach(([where, what], at) => {
		assert.ok(found[at]!.startsWith(`v.yml:${where}: `), `${found[at]} does not begin with ${where}`);
		assert.match(found[at]!, what);
	});
});

test("topics are topics, and whose they are is a path", () => {
	const given = (key: string, value: string) => faults(`mqtt:\n  ${key}: ${value}`);
	for (const prefix of ["a/#", "'+'", "a/", "''", "a b"])
		assert.match(given("prefix", prefix).join(), /2:11: mqtt.prefix/);
	for (const root of ["a/#", "a/"]) assert.match(given("discovery", root).join(), /2:14: mqtt.discovery/);
	assert.match(given("topics", "{ 'robot/+': cam }").join(), /expected a topic without/);
	assert.match(given("topics", "{ robot/stream: /cam }").join(), /mqtt.topics.robot\/stream: the path may not begin/);
	assert.deepEqual(faults("mqtt: { prefix: a/b, discovery: '', topics: { robot/stream: live/stream } }"), []);
	assert.match(faults("streams: { A: { path: x y } }").join(), /v\.yml:1:23: streams\.A\.path: the path may hold only/);
});

test("RTP has one address with an even port, RTCP the port after it", () => {
	const given = (rtp: string, rtcp: string) => faults(`rtsp:\n  rtpAddress: ${rtp}\n  rtcpAddress: ${rtcp}`);
	for (const [rtp, rtcp] of [
		["':9000'", "':9001'"],
		["'127.0.0.1:0'", "'127.0.0.1:0'"],
		["':9000'", "':0'"],
		["''", "':9001'"],
		["':9000'", "''"],
	] as const) {
		assert.deepEqual(given(rtp, rtcp), [], `${rtp} ${rtcp}`);
	}
	const wanted: readonly (readonly [string, string, RegExp])[] = [
		["':9001'", "':9002'", /^v\.yml:2:15: rtsp\.rtpAddress: expected an even port, got 9001; RTCP has/],
		["':9000'", "':9003'", /^v\.yml:3:16: rtsp\.rtcpAddress: expected port 9001, the one after RTP's, got 9003$/],
		["':0'", "':9001'", /^v\.yml:3:16: rtsp\.rtcpAddress: expected port 0, as RTP's is, got 9001$/],
		["[':9000', ':9002']", "':9001'", /^v\.yml:2:15: rtsp\.rtpAddress: expected an address like ":8080"/],
	];
	for (const [rtp, rtcp, fault] of wanted) assert.match(given(rtp, rtcp).join("\n"), fault);
});

test("a password never appears in a message", () => {
	const found = faults("access: { users: [{ name: a, password: 'sha256:hunter2', token: short1, allow: [read] }] }");
	assert.equal(found.length, 2);
	assert.doesNotMatch(found.join(), /hunter2|short1/);
});

test("what is not YAML, or not a file", () => {
	assert.match(faults("http:\n  address: [::1]:80")[0]!, /^v\.yml:2:17: /);
	assert.match(faults("a: 1\na: 2").join(), /v\.yml:2:1: .*unique/);
	assert.match(faults("just text").join(), /v\.yml:1:1: expected keys and values, got "just text"/);
	assert.match(faults("paths: { __proto__: {} }").join(), /v\.yml:1:10: __proto__/);
	assert.match(faults("threads: 1\n[a]: b").join(), /v\.yml:2:1: a key must be a word/);
	assert.match(faults("? {a: b}\n: c").join(), /v\.yml:1:3: a key must be a word/);
	const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghij".replaceAll(/./g, (c) => {
		const last = String.fromCharCode(c.charCodeAt(0) - 1);
		return `${c}: &${c} [${`*${last},`.repeat(9)}]\n`;
	})}`;
	assert.match(faults(bomb).join(), /alias/i);
	assert.throws(() => loadYaml("/nowhere/v.yml", relaySchema), /\/nowhere\/v\.yml: no such file/);
});

test("a file is read", () => {
	const folder = mkdtempSync(join(tmpdir(), "vedette-config-"));
	const file = join(folder, "v.yml");
	writeFileSync(file, "threads: 3\n");
	assert.equal(loadYaml(file, relaySchema).threads, 3);
	rmSync(folder, { recursive: true });
});

test("two users of one name are refused", () => {
	const user = "{ name: a, password: b, allow: [read] }";
	assert.match(faults(`access: { users: [${user}, ${user}] }`).join(), /two users have the same name/);
});

test("any text gives a configuration or a ConfigError", () => {
	const word = fc.constantFrom(
		"http",
		"paths",
		"address",
		":",
		" ",
		"\n",
		"  ",
		"[",
		"]",
		"{",
		"}",
		"-",
		'"',
		"&a",
		"*a",
		"1",
	);
	fc.assert(
		fc.property(fc.array(word, { maxLength: 30 }), (words) => {
			faults(words.join(""));
		}),
		{ seed: 4, numRuns: 2000 },
	);
});
