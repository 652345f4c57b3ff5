import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { until } from "../../test/support/until.ts";
import type { Address } from "../config/address.ts";
import { type Connection, TcpServer } from "./tcp-server.ts";

const anyPort: Address = { host: "127.0.0.1", port: 0 };

class Line implements Connection {
	readonly ticks: number[] = [];
	reason = "";
	readonly #socket: Socket;

	constructor(socket: Socket, closed: (line: Line) => void) {
		this.#socket = socket;
		socket.on("close", () => closed(this));
		socket.resume();
	}

	tick(now: number): void {
		this.ticks.push(now);
	}

	end(reason: string): void {
		this.reason = reason;
		this.#socket.destroy();
	}
}

class Lines extends TcpServer<Line> {
	readonly taken: Line[] = [];

	constructor() {
		super(() => 7);
	}

	listen(address: readonly Address[]): Promise<this> {
		return this.open({ address, maxConnections: 1, greetMs: 1000 });
	}

	protected override take(socket: Socket, closed: (line: Line) => void): Line {
		const line = new Line(socket, closed);
		this.taken.push(line);
		return line;
	}

	get here(): readonly Line[] {
		return this.all;
	}
}

test("connections are counted, ticked, and turned away above the limit", { timeout: 10_000 }, async () => {
	await using server = await new Lines().listen([anyPort]);
	const [port] = server.ports;
	const first = connect(port!, "127.0.0.1");
	await until(() => server.connections === 1, "the first one is in");
	const second = connect(port!, "127.0.0.1");
	await once(second, "close");
	assert.deepEqual([server.connections, server.turnedAway], [1, 1]);
	await until(() => server.here[0]!.ticks.length > 0, "a second has passed");
	assert.equal(server.here[0]!.ticks[0], 7);
	first.destroy();
	await until(() => server.connections === 0, "it has left");
	assert.equal(server.here.length, 0);
});

test("closing ends all connections with a reason", { timeout: 10_000 }, async () => {
	const server = await new Lines().listen([anyPort]);
	const client = connect(server.ports[0]!, "127.0.0.1");
	await until(() => server.connections === 1, "it is in");
	const closed = once(client, "close");
	await server.close();
	await closed;
	assert.deepEqual(
		server.taken.map(({ reason }) => reason),
		["the relay is going down"],
	);
});

test("where one port is taken none stays open", { timeout: 10_000 }, async () => {
	await using other = await new Lines().listen([anyPort]);
	const server = new Lines();
	const taken = { ...anyPort, port: other.ports[0]! };
	await assert.rejects(server.listen([anyPort, taken]), { code: "EADDRINUSE" });
	assert.deepEqual(server.ports, []);
});
