import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";

/** A proxy between a browser and a relay's HTTP, as companies have them: it may know nothing of WebSocket. */
export class Gate implements AsyncDisposable {
	/** Whether WebSockets pass. */
	upgrades = true;
	readonly #server: Server;
	readonly #target: URL;

	private constructor(server: Server, target: URL) {
		this.#server = server;
		this.#target = target;
		server.on("request", (incoming, outgoing) => {
			const { method, url, headers } = incoming;
			const onward = request(new URL(url ?? "/", target), { method, headers }, (answer) => {
				outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
				answer.pipe(outgoing);
			});
			onward.on("error", () => outgoing.destroy());
			outgoing.on("close", () => onward.destroy());
			incoming.pipe(onward);
		});
		server.on("upgrade", (incoming, socket, head) => this.#upgrade(incoming, socket, head));
	}

	/** A proxy to `target`, on a free port of loopback. */
	static async open(target: string): Promise<Gate> {
		const server = createServer();
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		return new Gate(server, new URL(target));
	}

	get url(): string {
		const address = this.#server.address();
		return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
	}

	#upgrade({ method, url, rawHeaders }: IncomingMessage, socket: Duplex, head: Buffer): void {
		socket.on("error", () => undefined);
		if (!this.upgrades) {
			socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
			return;
		}
		const onward = connect(Number(this.#target.port), this.#target.hostname);
		const lines = rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join("");
		onward.write(`${method} ${url} HTTP/1.1\r\n${lines}\r\n`);
		onward.write(head);
		onward.on("error", () => socket.destroy());
		socket.on("close", () => onward.destroy());
		socket.pipe(onward).pipe(socket);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#server.closeAllConnections();
		this.#server.close();
		await once(this.#server, "close");
	}
}
