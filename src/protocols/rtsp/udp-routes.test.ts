import assert from "node:assert/strict";
import { test } from "node:test";
import { type Lane, type RouteSink, UdpRoutes } from "./udp-routes.ts";

/** A sink that notes what it is told, and takes RTP that begins with `type`. */
function sink(type = 0) {
	const said: string[] = [];
	const made: RouteSink = {
		datagram: (lane, bytes) => said.push(`${lane ? "rtcp" : "rtp"} ${bytes[0]}`),
		moved: (lane, port) => said.push(`${lane ? "rtcp" : "rtp"} from ${port}`),
		fits: (bytes) => bytes[0] === type,
	};
	return { ...made, said };
}

const send = (routes: UdpRoutes, lane: Lane, from: string, port: number, first = 0) =>
	routes.datagram(lane, from, port, Uint8Array.of(first));

test("packets are told apart by address and port", () => {
	const routes = new UdpRoutes();
	const [a, b] = [sink(), sink()];
	routes.add("192.0.2.1", [5000, 5001], a);
	routes.add("192.0.2.2", [5000, 5001], b);
	send(routes, 0, "192.0.2.1", 5000, 1);
	send(routes, 1, "192.0.2.1", 5001, 2);
	send(routes, 0, "192.0.2.2", 5000, 3);
	assert.deepEqual(a.said, ["rtp 1", "rtcp 2"]);
	assert.deepEqual(b.said, ["rtp 3"]);
	assert.equal(routes.strays, 0);
});

test("one address cannot have the same ports twice, but again when they are free", () => {
	const routes = new UdpRoutes();
	const first = routes.add("192.0.2.1", [5000, 5001], sink());
	assert.equal(routes.add("192.0.2.1", [5001, 5001], sink()), undefined);
	first?.release();
	first?.release();
	assert.ok(routes.add("192.0.2.1", [5000, 5001], sink()));
});

test("ports that a NAT changed are learnt from the first packet, once", () => {
	const routes = new UdpRoutes();
	const a = sink();
	const route = routes.add("192.0.2.1", [5000, 5001], a);
	send(routes, 0, "192.0.2.1", 6000, 1);
	send(routes, 1, "192.0.2.1", 6007, 2);
	send(routes, 0, "192.0.2.1", 6000, 3);
	assert.deepEqual(a.said, ["rtp from 6000", "rtp 1", "rtcp from 6007", "rtcp 2", "rtp 3"]);
	assert.deepEqual(route?.ports, [6000, 6007]);
	send(routes, 0, "192.0.2.1", 6001);
	assert.equal(routes.strays, 1);
});

test("a port that was heard from as it was announced is not learnt anew", () => {
	const routes = new UdpRoutes();
	const a = sink();
	routes.add("192.0.2.1", [5000, 5001], a);
	send(routes, 0, "192.0.2.1", 5000, 1);
	send(routes, 0, "192.0.2.1", 6000, 2);
	assert.deepEqual(a.said, ["rtp 1"]);
});

test("what fits no track, or two, is dropped and counted", () => {
	const routes = new UdpRoutes();
	const [video, sound] = [sink(96), sink(97)];
	routes.add("192.0.2.1", [5000, 5001], video);
	routes.add("192.0.2.1", [5002, 5003], sound);
	send(routes, 0, "192.0.2.9", 5000, 96);
	send(routes, 1, "192.0.2.1", 6001);
	send(routes, 0, "192.0.2.1", 6000, 98);
	assert.equal(routes.strays, 3);
	send(routes, 0, "192.0.2.1", 6002, 97);
	assert.deepEqual(sound.said, ["rtp from 6002", "rtp 97"]);
	assert.deepEqual(video.said, []);
});

test("nothing is handed on, or kept, after a release", () => {
	const routes = new UdpRoutes();
	const a = sink();
	const route = routes.add("192.0.2.1", [5000, 5001], a);
	send(routes, 0, "192.0.2.1", 6000, 1);
	route?.release();
	a.said.length = 0;
	send(routes, 0, "192.0.2.1", 6000);
	send(routes, 0, "192.0.2.1", 5000);
	assert.deepEqual(a.said, []);
	assert.equal(routes.strays, 2);
});
