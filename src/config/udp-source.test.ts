import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, parseYaml } from "./load.ts";
import { relaySchema } from "./relay-schema.ts";
import { parseUdpSource, type UdpSource } from "./udp-source.ts";

const plain: UdpSource = {
	kind: "rtp",
	host: "",
	port: 9000,
	multicast: false,
	loopback: false,
	interface: "",
	sender: "",
};

const good: readonly (readonly [string, Partial<UdpSource>])[] = [
	["udp+rtp://:9000", {}],
	["udp+rtp://0.0.0.0:9000", {}],
	["udp+rtp://[::]:9000", {}],
	["udp+rtp://192.0.2.1:9000/", { host: "192.0.2.1" }],
	["udp+rtp://127.0.0.1:9000", { host: "127.0.0.1", loopback: true }],
	["udp+rtp://[::1]:9000", { host: "::1", loopback: true }],
	["udp+mpegts://localhost:9000", { kind: "mpegts", host: "localhost", loopback: true }],
	[
		"udp+mpegts://239.1.1.1:5004?interface=eth0",
		{ kind: "mpegts", host: "239.1.1.1", port: 5004, multicast: true, interface: "eth0" },
	],
	["udp+rtp://[ff15::1]:9000?source=2001:db8::1", { host: "ff15::1", multicast: true, sender: "2001:db8::1" }],
];

for (const [text, wanted] of good) {
	test(`a source by UDP: ${text}`, () => assert.deepEqual(parseUdpSource(text), { ...plain, ...wanted }));
}

for (const text of [
	"udp+rtp://",
	"udp+rtp://:0",
	"udp+rtp://:70000",
	"udp+rtp://example.org:9000",
	"udp://:9000",
	"udp+rtp://300.1.1.1:5",
]) {
	test(`no source by UDP: ${text}`, () => assert.equal(parseUdpSource(text), undefined));
}

function faults(path: string): readonly string[] {
	try {
		parseYaml(`paths:\n  camera: ${path}\n`, "f", relaySchema);
		return [];
	} catch (error) {
		assert.ok(error instanceof ConfigError);
		return error.lines;
	}
}

test("whoever may send to a UDP port is named", () => {
	assert.deepEqual(faults('{ source: "udp+rtp://127.0.0.1:9000" }'), []);
	assert.deepEqual(faults('{ source: "udp+rtp://:9000", allow: ["192.0.2.0/24"] }'), []);
	assert.deepEqual(faults('{ source: "udp+mpegts://:9000", allow: [any] }'), []);
	assert.match(faults('{ source: "udp+rtp://:9000" }').join(), /f:2:.*camera\.allow: .*senders.*any/);
	assert.match(faults('{ source: "udp+rtp://:9000", allow: [everybody] }').join(), /allow.*an IP address.*any/);
	assert.match(faults('{ source: "udp+rtp://example.org:9000", allow: [any] }').join(), /camera\.source/);
});

test("anybody is every address", () => {
	const { paths } = parseYaml('paths: { a: { source: "udp+rtp://:9000", allow: [any] } }', "f", relaySchema);
	assert.deepEqual(paths.a?.allow, [
		{ network: "0.0.0.0", prefix: 0, family: "ipv4" },
		{ network: "::", prefix: 0, family: "ipv6" },
	]);
});
