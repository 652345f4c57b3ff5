import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parsePathName } from "../media/path-name.ts";
import { formatAddress } from "./address.ts";
import { ConfigError } from "./load.ts";
import { readMediaMtx, type Translation } from "./mediamtx.ts";
import { globalKeys, oldGlobalKeys, oldPathKeys, pathKeys } from "./mediamtx-keys.ts";
import { patternsOf, widerPatternOf } from "./mediamtx-pattern.ts";
import { settingsOf } from "./path-settings.ts";

function read(text: string, overrides: Parameters<typeof readMediaMtx>[2] = []): Translation {
	const translation = readMediaMtx(text, "mediamtx.yml", overrides);
	assert.ok(translation, "it is not taken for MediaMTX's file");
	return translation;
}

function faults(text: string): readonly string[] {
	try {
		read(text);
	} catch (error) {
		if (error instanceof ConfigError) return error.lines;
		throw error;
	}
	return [];
}

/** Which of our addresses are open. */
function open({ config: { http, rtsp, webrtc, api, metrics } }: Translation) {
	const text = (addresses: typeof http.address) => addresses.map(formatAddress).join(" ");
	return [http.address, rtsp.address, rtsp.rtpAddress, webrtc.address, api.address, metrics.address]
		.map(text)
		.join(" | ");
}

const open001 = `
logLevel: info
logDestinations: [stdout]
api: yes
apiAddress: :9997
metrics: yes
metricsAddress: :9998
rtspAddress: :8555
protocols: [tcp, udp]
encryption: "no"
rtpAddress: :8000
rtcpAddress: :8001
paths:
  camera:
    source: publisher
    runOnReady: echo "Camera stream ready"
`;

const closed004 = `
server:
  rtspPort: 8554
  rtmpPort: 1935
  hlsPort: 8888
  webrtcPort: 8889
paths:
  all_others:
    publishUser: mypublisher
    publishPass: secret123
    readUser: myviewer
    readPass: view456
`;

const addresses: readonly (readonly [name: string, text: string, open: string])[] = [
	["one path", open001, ":8889 :8888 | :8555 | :8000 | :8189 | :9997 | :9998"],
	["ports in a group", closed004, ":8889 :8888 | :8554 | :8000 | :8189 |  | "],
	["all off", "rtsp: no\nwebrtc: off\nhls: n\nrtmp: no\nsrt: no\npaths:", " |  |  |  |  | "],
	["no UDP", "rtspTransports: [tcp]", ":8889 :8888 | :8554 |  | :8189 |  | "],
	["one listener for two", "webrtcAddress: :80\nhlsAddress: :80", ":80 | :8554 | :8000 | :8189 |  | "],
	["old switches", "rtspDisable: yes\nhlsDisable: yes", ":8889 |  |  | :8189 |  | "],
	[
		"TLS alone",
		"rtspEncryption: strict\nhlsEncryption: yes\napi: yes\napiEncryption: yes",
		":8889 |  | :8000 | :8189 |  | ",
	],
	["an old name", "webrtcICEUDPMuxAddress: :9", ":8889 :8888 | :8554 | :8000 | :9 |  | "],
];

test("ports are opened as the file says", () => {
	for (const [name, text, wanted] of addresses) assert.equal(open(read(text)), wanted, name);
});

test("forward is pushed on; what cannot be reached is left out with a warning", () => {
	const list =
		"[{ dest: 'rtsp://a/$MTX_PATH' }, { dest: 'whips://b/x/whip', whipBearerToken: t }, { dest: 'rtmp://c/$G1' }]";
	const { config, warnings } = read(`paths: { all_others: { forward: ${list} } }`);
	assert.deepEqual(config.paths.all_others?.forward, [
		{ to: "rtsp://a/$MTX_PATH", when: "always", wake: false, token: "", fingerprint: "" },
		{ to: "whips://b/x/whip", when: "always", wake: false, token: "t", fingerprint: "" },
	]);
	assert.match(warnings.join(), /forward: an address that this version cannot push to/);
});

test("the command line stands over the file", () => {
	const over = { path: ["http", "address"], value: ":1", origin: "--set http.address" };
	assert.match(open(read(open001, [over])), /^:1 \|/);
});

const notMediaMtx: readonly (readonly [name: string, file: string, text: string])[] = [
	["ours by a key", "mediamtx.yml", "http: { address: ':1' }\npaths: { all_others: {} }"],
	["ours by users", "mediamtx.yml", "access: { anonymous: [] }"],
	["ours by name", "vedette.yml", "paths: { camera: { runOnReady: echo } }"],
	["ours by its name, whatever it holds", "/etc/vedette.yml", "paths: { camera: { record: yes } }"],
	["ours by a group", "x.yml", "api: { address: ':1' }"],
	["empty", "vedette.yml", ""],
];

test("MediaMTX's file is known by its keys, or by its name", () => {
	for (const [name, file, text] of notMediaMtx) assert.equal(readMediaMtx(text, file, []), undefined, name);
	for (const text of ["rtspAddress: :1", "api: yes", "paths: { all: { publishUser: u, publishPass: p } }", closed004]) {
		assert.ok(readMediaMtx(text, "relay.yml", []), text);
	}
	assert.ok(readMediaMtx("paths: { camera: }", "/etc/mediamtx.yml", []));
});

const everybody = [{ allow: ["publish", "read", "playback"], paths: ["*"], ips: [] }];

test("a file that says nothing of users is open, and its API is for this machine", () => {
	const { access, paths } = read(open001).config;
	assert.deepEqual(access.users, []);
	assert.deepEqual(access.guests.slice(1), everybody);
	assert.deepEqual(access.guests[0]?.allow, ["api", "metrics"]);
	assert.deepEqual(
		access.guests[0]?.ips.map(({ network }) => network),
		["127.0.0.1", "::1"],
	);
	assert.equal(paths.camera?.runOnAvailable, 'echo "Camera stream ready"');
	assert.equal(settingsOf(paths, parsePathName("other")!), undefined);
});

test("users of paths: publishing and reading apart, and nobody else", () => {
	const { access } = read(closed004).config;
	const rules = access.users.map(({ name, password, allow, paths }) => ({ name, password, allow, paths }));
	assert.deepEqual(rules, [
		{ name: "mypublisher", password: "secret123", allow: ["publish"], paths: ["*"] },
		{ name: "myviewer", password: "view456", allow: ["read", "playback"], paths: ["*"] },
	]);
	assert.deepEqual(
		access.guests.map(({ allow }) => allow),
		[["api", "metrics"]],
	);
});

test("each path has its own users; a password of digits stays what it is", () => {
	const { config, warnings } = read(`
pathDefaults: { readUser: v, readPass: 0123 }
paths:
  open: { readUser: "", readPass: "" }
  "~^cam(.+)$": { publishUser: p, publishPass: yes, publishIPs: [10.0.0.0/8] }
  all: { publishUser: p, publishPass: other }
`);
	const named = (name: string) => config.access.users.find((user) => user.name === name);
	const [viewer, publisher] = [named("v"), named("p")];
	assert.deepEqual([viewer?.password, viewer?.paths], ["0123", ["cam*", "!open", "!cam"]]);
	assert.deepEqual(viewer?.also, [{ allow: ["read", "playback"], paths: ["*", "!open", "!cam*"] }]);
	assert.deepEqual(
		[publisher?.password, publisher?.paths, publisher?.ips[0]?.prefix],
		["yes", ["cam*", "!open", "!cam"], 8],
	);
	assert.deepEqual(
		config.access.guests.slice(1).map(({ allow, paths }) => [allow[0], ...paths]),
		[
			["publish", "open"],
			["read", "open"],
		],
	);
	assert.deepEqual(warnings, [
		"publishUser, readUser p: it has two passwords, and only the first one is good: use two names",
	]);
});

test("names of an entry that cannot be had do not fall to one that lets in more people", () => {
	const protectedOnes = (regex: string) => `paths: { "~${regex}": { publishUser: u, publishPass: p }, all_others: }`;
	const open = (regex: string) => read(protectedOnes(regex)).config.access.guests.at(-1)?.paths;
	assert.deepEqual(open("^cam[0-9]+$"), ["*", "!cam*"]);
	assert.deepEqual(open("cam[0-9]"), ["*", "!*cam*"]);
	assert.deepEqual(open("^(a|b)$"), ["*", "!*"]);
	const sourced = read("paths: { cam: { source: rpiCamera, readUser: u, readPass: p }, all_others: }").config.access;
	assert.deepEqual(sourced.guests.at(-1)?.paths, ["*", "!cam"]);
	assert.match(faults("paths: { all: { readUser: u, readPass: p }, all_others: }").join(), /one entry for these names/);
});

test("authInternalUsers: permissions by path, and what cannot be had lets nobody in", () => {
	const { config, warnings } = read(`
authInternalUsers:
  - user: a
    pass: sha256:j1tsRqDEw9xvq/D7/9tMx6Jh/jMhk3UfjwIB2f1zgMo=
    permissions: [{ action: publish, path: cam }, { action: read, path: cam }, { action: read, path: "~^live/(.+)$" }]
  - { user: "sha256:j1tsRqDEw9xvq/D7/9tMx6Jh/jMhk3UfjwIB2f1zgMo=", pass: x, permissions: [{ action: read }] }
  - { user: any, pass: x, permissions: [{ action: read }] }
  - { user: b, pass: "", permissions: [{ action: read }] }
  - { user: any, permissions: [{ action: read, path: "~^a[0-9]$" }, { action: pprof }] }
`);
	assert.deepEqual(config.access.guests, []);
	assert.deepEqual(
		config.access.users.map(({ name, allow, paths, also }) => ({ name, allow, paths, also })),
		[{ name: "a", allow: ["publish", "read"], paths: ["cam"], also: [{ allow: ["read"], paths: ["live/*"] }] }],
	);
	assert.equal(warnings.length, 4);
});

test("other ways to authenticate let nobody in", () => {
	for (const text of [
		"authMethod: jwt",
		"authMethod: http\nauthHTTPAddress: http://x",
		"externalAuthenticationURL: http://x",
	]) {
		const { config, warnings } = read(text);
		assert.deepEqual([config.access.users, config.access.guests, config.access.anonymous], [[], [], []], text);
		assert.match(warnings.join(), /nobody is let in/);
	}
});

test("settings of paths", () => {
	const { config, warnings } = read(`
pathDefaults: { maxReaders: 5, runOnDemand: x, runOnDemandStartTimeout: 20s, sourceOnDemandCloseAfter: 1m }
paths:
  a: { runOnPublish: one, runOnPublishRestart: yes, runOnNotReady: two, disablePublisherOverride: yes, maxReaders: 0 }
  b: { source: "rtsp://u:p@192.0.2.7/x", rtspTransport: udp, sourceOnDemand: yes, recrod: yes }
  c: { source: rpiCamera, rpiCameraWidth: 640 }
  "~^d[0-9]+$": {}
  stream: {}
  all_others:
`);
	const { a, b, c, all_others } = config.paths;
	assert.deepEqual([a?.runOnAvailable, a?.runOnAvailableRestart, a?.runOnUnavailable], ["one", true, "two"]);
	assert.deepEqual(
		[a?.overridePublisher, b?.overridePublisher, a?.maxReaders, b?.maxReaders],
		[false, true, 10_000, 5],
	);
	assert.deepEqual(
		[b?.source, b?.transport, c, all_others?.maxReaders],
		["rtsp://u:p@192.0.2.7/x", "udp", undefined, 5],
	);
	assert.deepEqual([a?.runOnDemand, a?.startTimeout, a?.idleAfter, a?.sourceOnDemand], ["x", 20_000, 10_000, false]);
	assert.deepEqual([b?.sourceOnDemand, b?.startTimeout, b?.idleAfter], [true, 10_000, 60_000]);
	for (const line of [
		/^paths\.~\^d\[0-9\]\+\$: left out/,
		/^paths\.stream: left out: its name may not begin with "stream"/,
		/^recrod: no such key; did you mean "record"\? \(path b\)$/,
		/^source: .*\(path c\)$/,
	]) {
		assert.equal(warnings.filter((warning) => line.test(warning)).length, 1, `${line}\n${warnings.join("\n")}`);
	}
	assert.equal(warnings.length, 4);
});

test("sources over UDP take packets from anyone, and the relay says so", () => {
	const { config, warnings } = read(`
paths:
  a: { source: "udp+rtp://:9000", rtpSDP: "v=0" }
  b: { source: "udp://:9001" }
  c: { source: "unix+rtp:///x" }
`);
	const { a, b, c } = config.paths;
	assert.deepEqual([a?.sdp, a?.allow.length, b?.source, c], ["v=0", 2, "udp+mpegts://:9001", undefined]);
	assert.match(warnings.join("\n"), /^source udp\+: anyone .* \(paths a, b\)\nsource: left out: .* \(path c\)$/);
});

test("values of the whole relay", () => {
	const { config, warnings } = read(`
logLevel: debug
logStructured: true
webrtcLocalTCPAddress: :8189
webrtcAdditionalHosts: [relay.example.org]
webrtcICEServers2: [{ url: "turn:t:3478", username: u, password: 123 }, { url: "turn:x:1", username: AUTH_SECRET, password: s }]
webrtcAllowOrigins: [https://a.example]
hlsAllowOrigins: []
runOnConnect: echo
pprof: yes
writeQueueSize: 1024
rtspAdress: :1
`);
	assert.equal(config.log.level, "debug");
	assert.equal(config.log.format, "json");
	assert.equal(config.webrtc.tcp, true);
	assert.deepEqual(config.webrtc.publicHosts, ["relay.example.org"]);
	assert.deepEqual(config.webrtc.iceServers, [{ urls: ["turn:t:3478"], username: "u", credential: "123" }]);
	assert.deepEqual(config.http.allowOrigins, ["https://a.example"]);
	assert.equal(config.hooks.runOnConnect, "echo");
	assert.deepEqual(warnings.map((warning) => warning.split(":")[0]).sort(), [
		"pprof",
		"rtspAdress",
		"webrtcICEServers2",
		"writeQueueSize",
	]);
	assert.match(warnings.join("\n"), /rtspAdress: no such key; did you mean "rtspAddress"\?/);
});

test("wrong values are told with their place in the file", () => {
	const secrets = "authInternalUsers: [s3cret]\npathDefaults: { readPass: [s3cret] }\npaths: { a: }";
	assert.deepEqual([faults(secrets).length, /s3cret/.test(faults(secrets).join())], [2, false]);
	assert.deepEqual(faults("api: maybe\nlogDestinations: { a: b }"), [
		'mediamtx.yml:1:6: api: expected yes or no, got "maybe"',
		`mediamtx.yml:2:18: logDestinations: expected a list, got ${JSON.stringify('{"a":"b"}')}`,
	]);
	assert.match(
		faults("logLevel: loud\nrtspAddress: 8554").join("\n"),
		/yml:1:11: log\.level: .*yml:2:14: rtsp\.address/s,
	);
	assert.match(faults("server: { rtspPort: x }\npaths:").join(), /yml:1:21: rtsp\.address/);
	assert.match(
		faults("paths: { a: { publishIPs: [x] , publishUser: u, publishPass: p } }").join(),
		/expected an IP address/,
	);
});

const file = readFileSync(new URL("../../test/support/mediamtx-default.yml", import.meta.url), "utf8");

test("the default file starts, and only doors that this version lacks are told", () => {
	const { config, warnings } = read(file);
	assert.deepEqual(Object.keys(config.paths), ["all_others"]);
	assert.equal(config.paths.all_others?.overridePublisher, true);
	assert.deepEqual(config.access.guests.slice(0, 1), everybody);
	const unexpected = warnings.filter(
		(warning) => !/^(rtmp|srt|hls): this version has no|^moq: there is no/.test(warning),
	);
	assert.deepEqual(unexpected, []);
});

test("the tables have the keys of the default file, and old names lead to them", () => {
	const [top = "", paths = ""] = file.split(/^pathDefaults:$/m);
	const keys = (text: string, indent: string) =>
		[...text.matchAll(new RegExp(`^${indent}(\\w+):`, "gm"))].map(([, key]) => key!);
	for (const key of keys(top, "")) assert.ok(key in globalKeys, key);
	for (const key of keys(paths.split(/^paths:$/m)[0]!, " {2}")) assert.ok(key in pathKeys, key);
	for (const key of Object.values(oldGlobalKeys)) assert.ok(key in globalKeys, key);
	for (const key of Object.values(oldPathKeys)) assert.ok(key in pathKeys, key);
});

test("regular expressions that are patterns of ours", () => {
	const table: readonly (readonly [string, string | undefined])[] = [
		["^live/(.+)$", "live/*"],
		["^live/.*$", "live/*"],
		["^cam.+$", "cam* !cam"],
		["^a(.+)b(.+)$", "a*b* !ab* !a*b"],
		["^(.+)$", "*"],
		["^a\\.b\\-c$", "a.b-c"],
		["cam", "*cam*"],
		["^cam", "cam*"],
		["cam$", "*cam"],
		["^(.*)/x/(.+)$", "*/x/*"],
		["^a[0-9]$", undefined],
		["^a|b$", undefined],
		["^a.c$", undefined],
		["^ab+$", undefined],
		["^a.*?$", undefined],
		["^(a|b)$", undefined],
	];
	for (const [regex, pattern] of table) assert.equal(patternsOf(regex)?.join(" "), pattern, regex);
});

test("a wider pattern fits what the regular expression fits", () => {
	const parts = fc.array(
		fc.constantFrom("a", "b", "/", "\\.", ".*", "(.+)", "[ab]", "a?", "b+", "(a)?", "a|b", "a{2}", "."),
		{
			maxLength: 5,
		},
	);
	fc.assert(
		fc.property(parts, fc.boolean(), fc.stringMatching(/^[ab./-]{1,6}$/), (regex, anchored, text) => {
			const source = anchored ? `^${regex.join("")}$` : regex.join("");
			if (!new RegExp(source).test(text)) return;
			const wider = widerPatternOf(source)
				.replaceAll(/[.\-/]/g, "\\$&")
				.replaceAll("*", ".*");
			assert.match(text, new RegExp(`^${wider}$`), source);
		}),
		{ seed: 6, numRuns: 3000 },
	);
});

test("whatever the patterns let in, the regular expression lets in too", () => {
	const parts = fc.array(fc.constantFrom("a", "b", "/", "\\.", ".*", "(.+)", ".+", "-"), { maxLength: 6 });
	const name = fc.stringMatching(/^[ab.-]{1,4}(\/[ab.-]{1,4})?$/);
	const fits = (pattern: string, text: string) =>
		new RegExp(`^${pattern.replaceAll(/[.\-/]/g, "\\$&").replaceAll("*", ".*")}$`).test(text);
	fc.assert(
		fc.property(parts, name, (regex, text) => {
			const source = `^${regex.join("")}$`;
			const [pattern, ...except] = patternsOf(source) ?? [];
			if (pattern === undefined || !fits(pattern, text) || except.some((one) => fits(one.slice(1), text))) return;
			assert.match(text, new RegExp(source), `${pattern} ${except}`);
		}),
		{ seed: 5, numRuns: 5000 },
	);
});

test("any values under any keys give a configuration or a ConfigError", () => {
	const value = fc.oneof(
		fc.constantFrom(
			"yes",
			"no",
			":8554",
			"",
			"10s",
			"publisher",
			"rtsp://h/p",
			"~^a(.+)$",
			"any",
			"10.0.0.0/8",
			"__proto__",
		),
		fc.jsonValue({ maxDepth: 2 }),
	);
	const paths = fc.dictionary(
		fc.constantFrom("all", "all_others", "~^a(.+)$", "cam", "stream", "~[", "constructor"),
		fc.dictionary(fc.constantFrom(...Object.keys(pathKeys), ...Object.keys(oldPathKeys), "toString"), value),
	);
	const users = fc.array(fc.dictionary(fc.constantFrom("user", "pass", "ips", "permissions"), value));
	const top = fc.constantFrom(...Object.keys(globalKeys), ...Object.keys(oldGlobalKeys), "constructor");
	fc.assert(
		fc.property(fc.dictionary(top, value), fc.option(paths), fc.option(users), (keys, some, list) => {
			const file = { ...keys, ...(some && { paths: some }), ...(list && { authInternalUsers: list }) };
			try {
				readMediaMtx(JSON.stringify(file), "mediamtx.yml", []);
			} catch (error) {
				if (!(error instanceof ConfigError)) throw error;
			}
		}),
		{ seed: 3, numRuns: 500 },
	);
});

const variables: Readonly<Record<string, string>> = {
	MTX_RTSPADDRESS: ":7554",
	MTX_RTMP: "no",
	MTX_PATHS_CAM_SOURCE: "rtsp://192.0.2.7/x",
	MTX_PATHS_MY_CAM_MAXREADERS: "5",
	MTX_PATHS_ALL_OTHERS_OVERRIDEPUBLISHER: "no",
	MTX_PATHDEFAULTS_SRTREADPASSPHRASE: "a-long-passphrase",
	MTX_AUTHINTERNALUSERS_0_USER: "ann",
	MTX_AUTHINTERNALUSERS_0_PASS: "secret",
	MTX_AUTHINTERNALUSERS_0_PERMISSIONS_0_ACTION: "read",
	MTX_PATHS_CAM_FORWARD_0_DEST: "rtsp://h/x",
	MTX_WEBRTCADDITIONALHOSTS: "a.example,b.example",
	MTX_PATH: "a hook's",
	MTX_RTSPADRESS: ":1",
	OTHER: "1",
};

test("MediaMTX's environment stands over its file", () => {
	const text = "rtspAddress: :8555\npaths: { my_cam: { maxReaders: 9 }, all_others: }";
	const { config, warnings } = readMediaMtx(text, "mediamtx.yml", [], variables)!;
	const { rtsp, rtmp, webrtc, access, paths } = config;
	assert.deepEqual(
		[rtsp.address.map(formatAddress), rtmp.address.length, webrtc.publicHosts],
		[[":7554"], 0, ["a.example", "b.example"]],
	);
	assert.deepEqual(Object.keys(paths).sort(), ["all_others", "cam", "my_cam"]);
	assert.deepEqual(
		[paths.cam?.source, paths.my_cam?.maxReaders, paths.all_others?.overridePublisher],
		["rtsp://192.0.2.7/x", 5, false],
	);
	assert.equal(paths.cam?.forward[0]?.to, "rtsp://h/x");
	assert.equal(paths.my_cam?.srtReadPassphrase, "a-long-passphrase");
	assert.deepEqual(
		access.users.map(({ name, allow }) => [name, allow]),
		[["ann", ["read"]]],
	);
	assert.deepEqual(
		warnings.filter((line) => line.startsWith("MTX_")),
		["MTX_RTSPADRESS: no key of MediaMTX has this name"],
	);
});

test("a variable that cannot be read is named, without what is secret", () => {
	const environment = { MTX_API: "maybe" };
	assert.throws(() => readMediaMtx("rtsp: yes", "mediamtx.yml", [], environment), /MTX_API: api: expected yes or no/);
});

test("a certificate that would not be asked for leaves its path out", () => {
	const paths = `paths: { gate: { source: "https://h/x.m3u8", sourceFingerprint: ${"0a".repeat(32)} }, all_others: }`;
	const { config, warnings } = read(paths);
	assert.deepEqual(Object.keys(config.paths), ["all_others"]);
	assert.match(warnings.join(), /source: left out: sourceFingerprint is for rtsps/);
});
