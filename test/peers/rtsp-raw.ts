import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Headers, headerOf, type Response, writeRequest } from "../../src/protocols/rtsp/message.ts";
import { StreamParser } from "../../src/protocols/rtsp/stream-parser.ts";

interface RawPacket {
	readonly channel: number;
	readonly bytes: Buffer;
	readonly at: number;
}

/** An RTSP connection without a will of its own: requests are sent as the test says. */
export interface RawConnection extends Disposable {
	readonly socket: Socket;
	/** Interleaved packets in the order of their arrival. */
	readonly packets: readonly RawPacket[];
	/** Whether the server closed the connection. */
	readonly over: boolean;
	/** Sends a request, with the session once there is one, and waits for its answer. */
	ask(method: string, url: string, headers?: Headers): Promise<Response>;
}

export async function rawConnect(url: string): Promise<RawConnection> {
	const { hostname, port } = new URL(url);
	const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ""));
	await once(socket, "connect");
	const packets: RawPacket[] = [];
	let answered: (response: Response) => void = () => undefined;
	let session: string | undefined;
	let over = false;
	let sequence = 0;
	const parser = new StreamParser({
		packet: (channel, buffer, offset, length) =>
			packets.push({ channel, bytes: Buffer.from(buffer.subarray(offset, offset + length)), at: performance.now() }),
		message: (message) => {
			if (message.kind === "response") answered(message);
		},
	});
	socket.on("data", (chunk) => parser.push(chunk));
	socket.on("error", () => undefined);
	socket.on("close", () => {
		over = true;
	});
	return {
		socket,
		packets,
		get over() {
			return over;
		},
		async ask(method, target, headers = []) {
			const own: [string, string][] = [["CSeq", `${++sequence}`]];
			if (session) own.push(["Session", session]);
			const answer = new Promise<Response>((resolve) => {
				answered = resolve;
			});
			socket.write(writeRequest(method, target, [...own, ...headers]));
			const response = await answer;
			session ??= headerOf(response, "session")?.split(";")[0];
			return response;
		},
		[Symbol.dispose]: () => socket.destroy(),
	};
}
