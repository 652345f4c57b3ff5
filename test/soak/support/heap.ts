import { pause } from "../../../bench/support/clock.ts";

const TRIES = 50;
const TRY_AGAIN_MS = 100;

/** What the inspector answers, of what is asked here. */
interface Reply {
	readonly id: number;
	readonly result?: { readonly usedSize?: number; readonly backingStorageSize?: number };
}

/** Runs `start` so that processes that it starts can be asked by `heldBytes`, at this port. */
export async function inspectable<T>(port: number, start: () => Promise<T>): Promise<T> {
	const before = process.env.NODE_OPTIONS;
	process.env.NODE_OPTIONS = `${before ?? ""} --inspect-port=127.0.0.1:${port}`;
	try {
		return await start();
	} finally {
		if (before === undefined) delete process.env.NODE_OPTIONS;
		else process.env.NODE_OPTIONS = before;
	}
}

/** Bytes of JavaScript and of its buffers that a process really holds: its garbage is collected first. */
export async function heldBytes(pid: number, port: number): Promise<number> {
	process.kill(pid, "SIGUSR1");
	const socket = new WebSocket(await debuggerAt(port));
	try {
		await new Promise((resolve, reject) => {
			socket.onopen = resolve;
			socket.onerror = reject;
		});
		await ask(socket, 1, "HeapProfiler.collectGarbage");
		const { result } = await ask(socket, 2, "Runtime.getHeapUsage");
		return (result?.usedSize ?? 0) + (result?.backingStorageSize ?? 0);
	} finally {
		socket.close();
	}
}

/** The inspector's address, as soon as it listens. */
async function debuggerAt(port: number): Promise<string> {
	for (let tries = 1; ; tries++) {
		try {
			const response = await fetch(`http://127.0.0.1:${port}/json`);
			const [target] = (await response.json()) as { webSocketDebuggerUrl: string }[];
			if (target) return target.webSocketDebuggerUrl;
		} catch (error) {
			if (tries >= TRIES) throw error;
		}
		await pause(TRY_AGAIN_MS);
	}
}

function ask(socket: WebSocket, id: number, method: string): Promise<Reply> {
	return new Promise((resolve) => {
		socket.onmessage = ({ data }) => {
			const reply = JSON.parse(String(data)) as Reply;
			if (reply.id === id) resolve(reply);
		};
		socket.send(JSON.stringify({ id, method }));
	});
}
