import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePathName } from "../media/path-name.ts";
import { parseYaml } from "./load.ts";
import { fromArguments, fromEnvironment } from "./overrides.ts";
import { settingsOf } from "./path-settings.ts";
import { relaySchema } from "./relay-schema.ts";
import { suggest } from "./suggest.ts";

function load(text: string, settings: readonly string[], environment: NodeJS.ProcessEnv = {}) {
	const overrides = [...fromEnvironment(environment, relaySchema), ...fromArguments(settings, relaySchema)];
	return parseYaml(text, "v.yml", relaySchema, overrides);
}

test("--set stands over the environment, the environment over the file", () => {
	const environment = { VEDETTE_HTTP_ADDRESS: ":2", VEDETTE_RTSP_RTP_ADDRESS: "[::1]:8000", VEDETTE_THREADS: "2" };
	const config = load("http: { address: ':1' }\nthreads: 1", ["http.address=:3", "webrtc.tcp=false"], environment);
	assert.deepEqual(config.http.address, [{ host: "", port: 3 }]);
	assert.deepEqual(config.rtsp.rtpAddress, [{ host: "::1", port: 8000 }]);
	assert.equal(config.threads, 2);
	assert.equal(config.webrtc.tcp, false);
});

test("lists and users can be given as YAML, paths by their names", () => {
	const config = load("", [
		"access.anonymous=[read, publish]",
		"access.users=[{ name: a, password: b, allow: [read] }]",
		"http.address=[':1', ':2']",
		"paths.robot1/front.v2.behind=2 s",
		"log.file=123",
	]);
	assert.deepEqual(config.access.anonymous, ["read", "publish"]);
	assert.equal(config.access.users[0]?.name, "a");
	assert.equal(config.http.address.length, 2);
	assert.equal(config.paths["robot1/front.v2"]?.behind, 2000);
	assert.equal(config.log.file, "123");
});

test("faults name the argument or the variable", () => {
	assert.throws(() => load("", ["http.addres=:1"]), /^ConfigError: --set http\.addres: .*did you mean "address"/);
	assert.throws(() => load("", ["http"]), /expected KEY=VALUE/);
	assert.throws(() => load("", ["threads=x"]), /^ConfigError: --set threads: threads: expected "auto"/);
	assert.throws(() => load("", [], { VEDETTE_THREADS: "x" }), /VEDETTE_THREADS: threads: expected "auto"/);
	assert.throws(
		() => load("", [], { VEDETTE_HTTP_ADRESS: ":1" }),
		/VEDETTE_HTTP_ADRESS: .*did you mean VEDETTE_HTTP_ADDRESS/,
	);
	assert.throws(() => load("", ["threads=[1"]), /neither text that fits nor YAML/);
	assert.doesNotThrow(() => load("", [], { VEDETTE_NO_NATIVE: "1", PATH: "x" }));
});

test("suggestions", () => {
	assert.equal(suggest("adress", ["address", "level"]), "address");
	assert.equal(suggest("max_readers", ["maxReaders", "maxTracks"]), "maxReaders");
	assert.equal(suggest("zzz", ["address", "level"]), undefined);
	assert.equal(suggest("x".repeat(10_000), ["address"]), undefined);
});

test("a path's settings: by name, by pattern, all others, none", () => {
	const { paths } = load("paths: { all_others: {}, robot1/*: {}, robot1/front: {}, a.c: {} }", []);
	const key = (name: string) => settingsOf(paths, parsePathName(name)!)?.key;
	assert.equal(key("robot1/front"), "robot1/front");
	assert.equal(key("robot1/rear/2"), "robot1/*");
	assert.equal(key("robot12/x"), "all_others");
	assert.equal(key("abc"), "all_others");
	const closed = load("paths: { camera: {} }", []).paths;
	assert.equal(settingsOf(closed, parsePathName("other")!), undefined);
});
