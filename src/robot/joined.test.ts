import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder } from "../../test/support/folder.ts";
import { loadCertificate } from "../net/certificate.ts";
import { type CameraConfig, robotSchema } from "./config.ts";
import type { Identity } from "./identity.ts";
import { withIdentity } from "./joined.ts";
import { seenOnTheWay } from "./publish/in-the-open.ts";

const certificate = makeCertificate();
const { fingerprint256 } = new X509Certificate(certificate);
const base = { name: "robot1", secret: "s".repeat(43), prefix: "vedette", relay: "relay.example.org:8080" };
const pinned: Identity = { ...base, certificate, rtspPort: 8554, rtspsPort: 8554 };
const trusted: Identity = { ...pinned, certificate: "" };

function makeCertificate(): string {
	using folder = makeFolder();
	const file = join(folder.path, "tls.pem");
	loadCertificate(file, Date.now());
	return new X509Certificate(readFileSync(file)).toString();
}

function joined(identity: Identity | undefined, camera: object = {}) {
	return withIdentity(robotSchema.parse({ cameras: [{ name: "front", ...camera }] }), identity);
}

const ways: readonly (readonly [name: string, Identity, camera: object, address: string, fingerprint: string])[] = [
	["by the certificate of joining", pinned, {}, "rtsps://relay.example.org:8554", fingerprint256],
	["by a certificate that the system trusts", trusted, {}, "rtsps://relay.example.org:8554", ""],
	["an IPv6 address", { ...pinned, relay: "[2001:db8::1]:8080" }, {}, "rtsps://[2001:db8::1]:8554", fingerprint256],
	["only RTSPS", { ...trusted, rtspPort: 0, rtspsPort: 8322 }, {}, "rtsps://relay.example.org:8322", ""],
	["only RTSPS, with a certificate that is not trusted", { ...pinned, rtspPort: 0, rtspsPort: 8322 }, {}, "", ""],
	[
		"only RTSPS, and UDP was asked for",
		{ ...trusted, rtspPort: 0 },
		{ transport: "udp" },
		"rtsps://relay.example.org:8554",
		"",
	],
	["told of no TLS", { ...pinned, rtspsPort: 0 }, {}, "rtsp://relay.example.org:8554", fingerprint256],
	["another certificate there", { ...pinned, rtspsPort: 8322 }, {}, "rtsp://relay.example.org:8554", fingerprint256],
	["UDP was asked for", pinned, { transport: "udp" }, "rtsp://relay.example.org:8554", fingerprint256],
];

for (const [name, identity, settings, address, fingerprint] of ways) {
	test(`where a robot that joined publishes: ${name}`, () => {
		if (address === "") {
			assert.throws(() => joined(identity, settings), /the relay takes no RTSP by the certificate of joining/);
			return;
		}
		const camera = joined(identity, settings).config.cameras[0] as CameraConfig;
		const { protocol, host, username, password, pathname } = new URL(camera.publish);
		assert.equal(`${protocol}//${host}`, address);
		assert.deepEqual([username, pathname, camera.fingerprint], ["robot1", "/robot1/front", fingerprint]);
		assert.match(decodeURIComponent(password), /^s{43}\.[0-9a-f]{64}$/);
		assert.equal(camera.secret, true);
		assert.equal(seenOnTheWay(camera) === undefined, protocol === "rtsps:", "what is seen on the way is told");
	});
}

test("an address of a camera's own wins, and its password is nobody's secret", () => {
	const publish = "rtsp://user:password@relay.example.org/camera";
	const [camera] = joined(pinned, { publish }).config.cameras;
	assert.deepEqual([camera?.publish, camera?.fingerprint, camera?.secret], [publish, "", undefined]);
	assert.throws(() => joined(undefined), /to where\? Give publish an address, or join a relay/);
});

test("the relay that the configuration names is the one that was joined, however its port is written", () => {
	const at = (relay: string, identity: Identity | undefined) => () =>
		withIdentity(robotSchema.parse({ relay, cameras: [{}] }), identity);
	assert.doesNotThrow(at("https://relay.example.org:8080", pinned));
	const usual = { ...pinned, relay: "relay.example.org:443" };
	for (const relay of ["https://relay.example.org", "https://Relay.example.org:443/"]) {
		assert.doesNotThrow(at(relay, usual), relay);
	}
	assert.throws(at("https://relay.example.org", pinned), /but this robot has joined relay\.example\.org:8080/);
	assert.throws(at("https://relay.example.org", undefined), /has not joined/);
});

test("orders come from the relay of joining, by the same certificate", () => {
	const { broker } = joined(pinned);
	assert.deepEqual([broker?.fingerprint, broker?.joined], [fingerprint256, true]);
	assert.match(broker?.url ?? "", /^wss:\/\/robot1:[^@]*@relay\.example\.org:8080\/mqtt$/);
	assert.equal(joined(trusted).broker?.fingerprint, undefined);
	assert.equal(joined(undefined, { publish: "rtsp://h/p" }).broker, undefined);
});
