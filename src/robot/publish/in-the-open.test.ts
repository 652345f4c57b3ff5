import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { keptLog } from "../../../test/support/kept-log.ts";
import { h264Track } from "../../../test/support/tracks.ts";
import { type CameraConfig, robotSchema } from "../config.ts";
import { publisherFor } from "./by-address.ts";
import { seenOfControl, seenOnTheWay } from "./in-the-open.ts";

function cameraWith(settings: object): CameraConfig {
	return robotSchema.parse({ cameras: [settings] }).cameras[0]!;
}

const seen: readonly (readonly [address: string, seen: boolean])[] = [
	["rtmp://relay.example.org/camera?user=u&pass=secret", true],
	["rtmps://relay.example.org/camera?user=u&pass=secret", false],
	["rtmp://relay.example.org/live/camera", false],
	["http://u:secret@relay.example.org/camera/whip", true],
	["http://relay.example.org/camera/whip", false],
	["https://u:secret@relay.example.org/camera/whip", false],
	["srt://relay.example.org:8890?streamid=publish:camera:u:secret", true],
	["srt://relay.example.org:8890?streamid=publish:camera", false],
	["rtsp://u:secret@relay.example.org/camera", false],
	["rtmp://127.0.0.1/camera?user=u&pass=secret", false],
	["http://u:secret@[::1]:8080/camera/whip", false],
	["http://u:secret@localhost:8080/camera/whip", false],
];

const control: readonly (readonly [address: string, seen: boolean])[] = [
	["", false],
	["mqtt://u:secret@broker.example.org", true],
	["ws://u:secret@relay.example.org/mqtt", true],
	["http://u:secret@relay.example.org", true],
	["mqtts://u:secret@broker.example.org", false],
	["wss://u:secret@relay.example.org/mqtt", false],
	["https://u:secret@relay.example.org", false],
	["mqtt://broker.example.org", false],
	["mqtt://u:secret@localhost", false],
];

test("a login that can be read on the way is told", () => {
	for (const [publish, told] of seen) assert.equal(seenOnTheWay(cameraWith({ publish })) !== undefined, told, publish);
	const publish = "http://relay.example.org/camera/whip";
	assert.match(seenOnTheWay(cameraWith({ publish, token: "t" }))!, /the login leaves in the open/);
	for (const [url, told] of control) assert.equal(seenOfControl(url) !== undefined, told, url);
});

/** A server of RTSP that asks for the password in the open, and keeps what it is sent. */
async function openBasic() {
	const heard: string[] = [];
	const server = createServer((socket) => {
		socket.on("error", () => undefined);
		socket.on("data", (bytes) => {
			heard.push(String(bytes));
			const sequence = /CSeq: *(\d+)/i.exec(String(bytes))?.[1];
			socket.write(`RTSP/1.0 401 Unauthorized\r\nCSeq: ${sequence}\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n`);
		});
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	return { heard, port, [Symbol.dispose]: () => void server.close() };
}

test("a robot's own secret is never sent in the open, a password that somebody wrote is: told once", async () => {
	using server = await openBasic();
	const { lines, log } = keptLog();
	const camera = cameraWith({ publish: `rtsp://robot1:secret@127.0.0.1:${server.port}/robot1/front` });
	const attempt = (one: CameraConfig) => {
		const publish = publisherFor(one, log);
		const options = {
			transport: "tcp",
			signal: AbortSignal.timeout(5000),
			onKeyFrameRequest: () => undefined,
		} as const;
		return () => publish(one.publish, [h264Track()], options);
	};
	await assert.rejects(attempt({ ...camera, secret: true }), /401: there is no login for it, or none but in the open/);
	assert.doesNotMatch(server.heard.join(""), /Authorization/i);
	assert.equal(lines.length, 0);
	const written = attempt(camera);
	await assert.rejects(written, /401: wrong user or password/);
	await assert.rejects(written, /401: wrong user or password/);
	assert.match(server.heard.join(""), new RegExp(`Authorization: Basic ${btoa("robot1:secret")}`));
	assert.equal(lines.filter(({ msg }) => msg.includes("in the open (Basic)")).length, 1);
});
