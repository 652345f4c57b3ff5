import assert from "node:assert/strict";
import { test } from "node:test";
import { parseYaml } from "./load.ts";
import { relaySchema } from "./relay-schema.ts";
import { fromServiceEnvironment, serviceWarnings } from "./service-environment.ts";

function read(environment: Record<string, string>) {
	return parseYaml("", "defaults", relaySchema, fromServiceEnvironment(environment));
}

const anywhere = (port: number) => [{ host: "", port }];

test("the service's addresses, in the open and in TLS", () => {
	const open = read({ API_SERVER_HOST: "127.0.0.1", API_SERVER_PORT: "8081", SIGNALING_SERVER_PORT: "8766" });
	assert.deepEqual(open.http.address, [{ host: "127.0.0.1", port: 8081 }]);
	assert.deepEqual(open.signaling.address, anywhere(8766));
	const files = { SSL_CERT: "/c.pem", SSL_KEY: "/k.pem" };
	const secure = read({ API_USE_SSL: "true", SIGNALING_USE_SSL: "yes", ...files });
	assert.deepEqual(secure.http.address, []);
	assert.deepEqual(secure.http.tls, { address: anywhere(8080), cert: "/c.pem", key: "/k.pem" });
	assert.deepEqual(secure.signaling.address, []);
	assert.deepEqual(secure.signaling.tls, { address: anywhere(8765), cert: "/c.pem", key: "/k.pem" });
	assert.deepEqual(read({ API_USE_SSL: "false" }).http.address, anywhere(8080));
});

test("the address that viewers reach it by; what is not needed is told; nothing else is read", () => {
	assert.deepEqual(read({ EXTERNAL_IP: "192.0.2.7" }).webrtc.publicHosts, ["192.0.2.7"]);
	assert.match(
		serviceWarnings({ KURENTO_WS_URL: "ws://localhost:8888/kurento" })[0] ?? "",
		/KURENTO_WS_URL: not needed/,
	);
	assert.deepEqual(fromServiceEnvironment({ PATH: "/bin", SSL_CERT: "/c.pem", API_SERVER_PORT: "" }), []);
	assert.throws(() => read({ API_SERVER_PORT: "many" }), /API_SERVER_PORT/);
});
