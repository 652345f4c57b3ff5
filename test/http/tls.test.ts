import assert from "node:assert/strict";
import { request } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { WebSocket } from "ws";
import { loadCertificate } from "../../src/net/certificate.ts";
import { startControl } from "../support/control.ts";
import { makeFolder } from "../support/folder.ts";

function health(port: number | undefined): Promise<number | undefined> {
	return new Promise((resolve, reject) => {
		const options = { host: "127.0.0.1", port, path: "/health", rejectUnauthorized: false, agent: false };
		const asking = request(options, (response) => resolve(response.resume().statusCode));
		asking.on("error", reject).end();
	});
}

/** What signaling answers to a ping. */
function ping(url: string): Promise<string> {
	return new Promise((resolve, reject) => {
		const socket = new WebSocket(url, { rejectUnauthorized: false });
		socket.on("open", () => socket.send('{"type":"ping"}')).on("error", reject);
		socket.on("message", (data) => {
			socket.close();
			resolve(String(data));
		});
	});
}

test("the web server and signaling on addresses for TLS alone, with a certificate from files", async () => {
	using folder = makeFolder();
	const file = join(folder.path, "tls.pem");
	loadCertificate(file, Date.now());
	const tls = `{ address: "127.0.0.1:0", cert: ${file}, key: ${file} }`;
	const yaml = `http: { address: "", tls: ${tls} }\nsignaling: { address: "", tls: ${tls} }`;
	await using room = await startControl(yaml);
	const { all, signaling } = room.control.ports;
	assert.equal(await health(all[0]), 200);
	assert.equal(await ping(`wss://127.0.0.1:${all[0]}/signaling`), '{"type":"pong"}');
	assert.equal(await ping(`wss://127.0.0.1:${signaling[0]}/`), '{"type":"pong"}');
	await assert.rejects(fetch(`http://127.0.0.1:${all[0]}/health`));
});
