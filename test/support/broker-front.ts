import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** The protocol level of MQTT 5 in CONNECT (section 3.1.2.2); 4 is MQTT 3.1.1. */
const MQTT_5 = 5;

/** What stands in front of a broker. */
export interface BrokerFront extends AsyncDisposable {
	readonly port: number;
	/** The protocol levels that were asked for. */
	readonly asked: number[];
	/** Ends all connections, and lets nobody through before `restore`. */
	cut(): void;
	restore(): void;
}

/**
 * Passes all on to the broker on `port`. With `no5` it is a broker of the time before MQTT 5: who asks for that gets these
 * bytes, and the connection ends.
 */
export async function brokerFront(port: number, no5?: Buffer): Promise<BrokerFront> {
	const asked: number[] = [];
	const sockets = new Set<Socket>();
	const keep = (socket: Socket): Socket => {
		sockets.add(socket);
		return socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
	};
	let isCut = false;
	const end = (): void => {
		for (const socket of sockets) socket.destroy();
	};
	const server = createServer((client) => {
		if (isCut) {
			client.destroy();
			return;
		}
		keep(client).once("data", (hello) => {
			const level = hello[hello.indexOf("MQTT") + 4]!;
			asked.push(level);
			if (level === MQTT_5 && no5) {
				client.end(no5);
				return;
			}
			const broker = keep(connect(port, "127.0.0.1"));
			broker.write(hello);
			client.pipe(broker).pipe(client);
		});
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	return {
		port: typeof address === "object" && address ? address.port : 0,
		asked,
		cut: () => {
			isCut = true;
			end();
		},
		restore: () => {
			isCut = false;
		},
		[Symbol.asyncDispose]: async () => {
			const closed = new Promise((resolve) => server.close(resolve));
			end();
			await closed;
		},
	};
}
