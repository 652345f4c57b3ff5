import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import type { Millis } from "../../media/time.ts";
import { failureOf } from "../../net/server-refusal.ts";
import { Caller } from "./caller.ts";
import { Keys } from "./crypto.ts";
import type { SessionSettings } from "./link.ts";
import { Session } from "./session.ts";
import { parseSrtUrl } from "./url.ts";

const TICK_MS = 10;
const RECEIVE_BYTES = 4 * 1024 * 1024;
/** An attempt that has come to nothing by then has failed. */
const OPEN_MS = 10_000;

/** What a client is to do. */
export interface SrtClientOptions {
	readonly url: string;
	/** Ends the attempt, and the connection. */
	readonly signal: AbortSignal;
	readonly now: () => Millis;
	/** The next message of the stream. */
	readonly onData: (payload: Uint8Array) => void;
}

/** A connection to another SRT listener. */
export interface SrtClient {
	readonly session: Session;
	/** Resolves with the reason for the end. */
	readonly closed: Promise<string>;
}

/** Calls an SRT listener. Rejects with its reason where it does not let us in, and where `signal` aborts before. */
export async function openSrtClient({ url, signal, now, onData }: SrtClientOptions): Promise<SrtClient> {
	const address = parseSrtUrl(url);
	const found = await lookup(address.host);
	signal.throwIfAborted();
	const socket = createSocket(found.family === 6 ? "udp6" : "udp4");
	const opened = Promise.withResolvers<SrtClient>();
	const over = Promise.withResolvers<string>();
	let session: Session | undefined;
	let isOpen = false;
	let isOver = false;
	const send = (head: Buffer, payload?: Uint8Array): void => {
		if (!isOpen) return;
		// The head is written anew for each packet, while the socket has not sent this one yet.
		const own = Buffer.from(head);
		socket.send(payload ? [own, payload] : own, () => {});
	};
	const end = (reason: string, status?: number): void => {
		clearInterval(timer);
		signal.removeEventListener("abort", abort);
		if (!isOver) socket.close();
		isOver = true;
		isOpen = false;
		opened.reject(failureOf(reason, status));
		over.resolve(reason);
	};
	const abort = (): void => {
		session?.close(now());
		const { reason } = signal;
		end(reason instanceof Error ? reason.message : `${reason}`);
	};
	const connected = (settings: SessionSettings): void => {
		session = new Session(settings, { send, data: onData, closed: end }, now());
		opened.resolve({ session, closed: over.promise });
	};
	const { streamId, latency, passphrase, keyBytes } = address;
	const keys = passphrase === "" ? undefined : Keys.create(passphrase, keyBytes);
	const numbers = { socketId: randomInt(1, 0x4000_0000), initialSequence: randomInt(0x7fff_ffff) };
	const caller = new Caller({ ...numbers, streamId, latency, keys }, { send, connected, refused: end }, now());
	const began = now();
	const tick = (): void => {
		(session ?? caller).tick(now());
		if (!session && now() - began > OPEN_MS) end(`no answer for ${OPEN_MS / 1000} s`);
	};
	const timer = setInterval(tick, TICK_MS);
	signal.addEventListener("abort", abort, { once: true });
	socket.on("error", (error) => end(error.message));
	socket.on("message", (bytes) => (session ?? caller).datagram(bytes, now()));
	socket.connect(address.port, found.address, () => {
		isOpen = true;
		socket.setRecvBufferSize(RECEIVE_BYTES);
		caller.tick(now());
	});
	return opened.promise;
}
