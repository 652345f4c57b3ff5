import type { RequestListener } from "node:http";
import type { Socket } from "node:net";

/** So many requests of one connection may be open at once. Browsers and proxies wait for each answer. */
const MOST_OPEN = 64;

/** Ends connections that ask on and on without waiting for answers: Node would keep all of what they asked, and some answers take a minute. */
export function boundPipelining(listener: RequestListener): RequestListener {
	const open = new WeakMap<Socket, number>();
	return (request, response) => {
		const { socket } = request;
		const count = (open.get(socket) ?? 0) + 1;
		if (count > MOST_OPEN) {
			socket.destroy();
			return;
		}
		open.set(socket, count);
		response.once("close", () => open.set(socket, (open.get(socket) ?? 1) - 1));
		listener(request, response);
	};
}
