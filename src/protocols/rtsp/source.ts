import { randomBytes } from "node:crypto";
import type { Hub } from "../../hub/hub.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import { type Backoff, backoffMs, sleep } from "../../net/backoff.ts";
import type { Log } from "../../observe/log.ts";
import { openRtspClient, type RtspClient } from "./client.ts";
import { Ingest } from "./ingest.ts";
import type { Transport } from "./transport.ts";
import { parseAddress } from "./url.ts";

const BACKOFF: Backoff = { firstMs: 500, mostMs: 10_000 };
/** An attempt that has come to nothing by then has failed. */
const OPEN_MS = 10_000;
/** A server that sends nothing for so long is left. */
const SILENCE_MS = 10_000;
/** A connection that stood this long was a good one: its end is the first failure again. */
const GOOD_AFTER_MS = 10_000;
const TICK_MS = 1000;

export interface SourceOptions {
	readonly hub: Hub;
	readonly path: PathName;
	/** May hold credentials. */
	readonly url: string;
	readonly transport: Transport["lower"];
	readonly log: Log;
}

/** Pulls a stream from another RTSP server into a path, for ever. */
export class RtspSource {
	readonly #options: SourceOptions;
	readonly #abort = new AbortController();
	readonly #done: Promise<void>;

	/** Throws a TypeError where the URL makes no sense. */
	constructor(options: SourceOptions) {
		parseAddress(options.url);
		this.#options = options;
		this.#done = this.#run();
	}

	/** Ends the connection; the path is free when it resolves. */
	async stop(): Promise<void> {
		this.#abort.abort(new Error("the source was stopped"));
		await this.#done;
	}

	async #run(): Promise<void> {
		const { signal } = this.#abort;
		const { log, path, hub } = this.#options;
		for (let failures = 0; !signal.aborted; ) {
			const since = hub.clock.now();
			const reason = await this.#connection();
			if (signal.aborted) return;
			failures = hub.clock.now() - since >= GOOD_AFTER_MS ? 1 : failures + 1;
			const waitMs = backoffMs(BACKOFF, failures, Math.random());
			log.warn({ path, reason, waitMs }, "nothing is pulled; trying again");
			await sleep(waitMs, signal);
		}
	}

	/** One connection from its beginning to its end; gives the reason of the end. */
	async #connection(): Promise<string> {
		const { url, transport } = this.#options;
		const attempt = new AbortController();
		const stop = (): void => attempt.abort(this.#abort.signal.reason);
		const timer = setTimeout(() => attempt.abort(new Error(`no answer for ${OPEN_MS / 1000} s`)), OPEN_MS);
		this.#abort.signal.addEventListener("abort", stop, { once: true });
		let ingest: Ingest | undefined;
		const sink = {
			packet: (track: number, bytes: Uint8Array, offset: number, length: number) =>
				ingest?.packet(track, bytes, offset, length),
			datagram: (track: number, bytes: Uint8Array) => ingest?.datagram(track, bytes),
			rtcp: (track: number, bytes: Uint8Array) => ingest?.rtcp(track, bytes),
		};
		try {
			const client = await openRtspClient({ url, transport, sink, signal: attempt.signal });
			clearTimeout(timer);
			ingest = this.#publish(client);
			return await this.#watch(client, ingest);
		} catch (error) {
			return error instanceof Error ? error.message : `${error}`;
		} finally {
			clearTimeout(timer);
			this.#abort.signal.removeEventListener("abort", stop);
			ingest?.close("the source is gone");
		}
	}

	#publish(client: RtspClient): Ingest {
		const { hub, path, url, log } = this.#options;
		const { host, port } = parseAddress(url);
		const info = {
			type: "rtspSource",
			id: randomBytes(12).toString("hex"),
			remoteAddress: `${host}:${port}`,
			identity: `source ${path}`,
		};
		const feedback = { rtcp: (track: number, packet: Uint8Array) => client.sendRtcp(track, packet) };
		try {
			const ingest = new Ingest(hub, path, client.tracks, info, feedback, (reason) => client.close(reason));
			log.info({ path, remote: info.remoteAddress }, "pulling");
			return ingest;
		} catch (error) {
			client.close();
			throw error;
		}
	}

	/** Waits for the end, with reports in between and an eye on silence. */
	async #watch(client: RtspClient, ingest: Ingest): Promise<string> {
		const { clock } = this.#options.hub;
		const tick = (now: Millis): void => {
			ingest.tick(now);
			if (now - ingest.lastPacket > SILENCE_MS) client.close(`no packet for ${SILENCE_MS / 1000} s`);
		};
		const timer = setInterval(() => tick(clock.now()), TICK_MS);
		try {
			return await client.closed;
		} finally {
			clearInterval(timer);
		}
	}
}
