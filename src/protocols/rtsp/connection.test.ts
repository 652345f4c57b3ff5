import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { h264Track } from "../../../test/support/tracks.ts";
import { until } from "../../../test/support/until.ts";
import { Access } from "../../access/access.ts";
import { pathSettings } from "../../config/path-schema.ts";
import { systemClock } from "../../hub/clock.ts";
import { Fans } from "../../hub/fans.ts";
import { Hub } from "../../hub/hub.ts";
import { parsePathName } from "../../media/path-name.ts";
import { Pool } from "../../net/pool.ts";
import { createLog } from "../../observe/log.ts";
import { RtspConnection } from "./connection.ts";
import { UdpPorts } from "./udp-ports.ts";

const path = parsePathName("camera")!;
test("a client that leaves while it waits for pictures leaves no ports in use", { timeout: 10_000 }, async () => {
	const settings = pathSettings.parse({});
	const pool = new Pool(8 * 1024 * 1024);
	const hub = new Hub({ pool, clock: systemClock, maxPaths: 10, settings: () => ({ key: "all_others", settings }) });
	const limits = { loginTime: 1000, failureDelay: 0, failures: 100, failurePause: 1 };
	const access = new Access({ anonymous: ["read"], users: [], ...limits });
	const log = createLog({ level: "silent", file: "", format: "json" });
	const loopback = { host: "127.0.0.1", port: 0 };
	const udp = await UdpPorts.open(loopback, loopback);
	const fans = new Fans<never>(() => assert.fail("nothing is to be sent"));
	const timeouts = { sessionTimeout: 60_000, requestTimeout: 10_000 };
	const refused = () => undefined;
	const context = { hub, access, log, refused, fans, udp, scheme: "rtsp" as const, ...timeouts };
	const gone = Promise.withResolvers<RtspConnection>();
	const server = createServer((socket) => new RtspConnection(context, socket, gone.resolve)).listen(0, "127.0.0.1");
	const orders: string[] = [];
	const driver = { start: () => void orders.push("start"), stop: () => void orders.push("stop") };
	hub.demand.drive(path, { kind: "command", open: () => driver });
	try {
		await once(server, "listening");
		const { port } = server.address() as { port: number };
		const client = connect(port, "127.0.0.1");
		const transport = "Transport: RTP/AVP;unicast;client_port=5000-5001";
		client.write(`SETUP rtsp://127.0.0.1/camera/trackID=0 RTSP/1.0\r\nCSeq: 1\r\n${transport}\r\n\r\n`);
		await until(() => orders.length > 0, "the camera was told to start");
		client.destroy();
		await gone.promise;
		hub.publish(path, [h264Track()], { type: "test", id: "", remoteAddress: "", identity: "" }, { onEnd: () => {} });
		await hub.wanted(path, { type: "test", user: "", remoteAddress: "" });
		await new Promise(setImmediate);
		const sink = { datagram: () => {}, moved: () => {}, fits: () => true };
		assert.ok(udp.routes.add("127.0.0.1", [5000, 5001], sink), "another client can have the ports");
	} finally {
		server.close();
		hub.close("the test is over");
		await udp.close();
	}
});
