import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { PublishersHandlers } from "../../../bench/publishers.ts";
import type { ReadersHandlers } from "../../../bench/readers.ts";
import { PATH, publish, readers, viewers } from "../../../bench/support/bench.ts";
import type { Child } from "../../../bench/support/child.ts";
import { pause } from "../../../bench/support/clock.ts";
import { freePorts } from "../../../bench/support/ports.ts";
import { type Server, vedette } from "../../../bench/support/server.ts";
import { usual } from "../../../bench/support/stream.ts";
import type { ViewersHandlers } from "../../../bench/viewers.ts";
import { native } from "../../../src/net/native.ts";
import { skipFor } from "../../support/peers.ts";
import { heldBytes, inspectable } from "./heap.ts";

const able = native && process.platform === "linux";
/** Why these tests do not run here; false where they do. */
export const skip = skipFor(able ? undefined : "the load generators need Linux and koffi");

/** What comes last may still be on its way when it is counted. */
const SETTLE_MS = 150;
/** Sockets and files that may be there for a moment, or for good, without being a leak. */
const SLACK_FILES = 4;
const CLOSED_WITHIN_MS = 8000;

/** A relay in a process of its own, with a publisher, an RTSP reader and a WebRTC viewer who behave. */
export class Healthy implements AsyncDisposable {
	readonly server: Server;
	readonly #publisher: Child<PublishersHandlers>;
	readonly #readers: Child<ReadersHandlers>;
	readonly #viewers: Child<ViewersHandlers>;
	readonly #files: number;
	readonly #inspectorPort: number;

	private constructor(
		server: Server,
		inspectorPort: number,
		publisher: Child<PublishersHandlers>,
		readers: Child<ReadersHandlers>,
		viewers: Child<ViewersHandlers>,
	) {
		this.server = server;
		this.#inspectorPort = inspectorPort;
		this.#publisher = publisher;
		this.#readers = readers;
		this.#viewers = viewers;
		this.#files = openFiles(server.pid);
	}

	static async start(): Promise<Healthy> {
		const [inspectorPort = 0] = await freePorts(1);
		const server = await inspectable(inspectorPort, () => vedette().start());
		const publisher = await publish(server, usual);
		const [reader, viewer] = [readers(), viewers()];
		await reader.ask("start", { port: server.rtspPort, path: PATH, count: 1, transport: "tcp", listen: true });
		await viewer.ask("start", { url: server.whep(PATH) ?? "", count: 1, listen: true });
		// The inspector has files of its own: they are there from the start.
		await heldBytes(server.pid, inspectorPort);
		return new Healthy(server, inspectorPort, publisher, reader, viewer);
	}

	/** Runs something hostile and fails where those who behave noticed it: by loss, by silence, by an end. */
	async undisturbed<T>(hostile: () => Promise<T>): Promise<T> {
		await this.#readers.ask("report", null);
		await this.#viewers.ask("report", null);
		const before = await this.#publisher.ask("sent", null);
		const result = await hostile();
		const sent = (await this.#publisher.ask("sent", null)) - before;
		await pause(SETTLE_MS);
		const [read, watched] = [await this.#readers.ask("report", null), await this.#viewers.ask("report", null)];
		assert.deepEqual({ rtsp: read.lost, webrtc: watched.lost, ended: watched.ended }, { rtsp: 0, webrtc: 0, ended: 0 });
		assert.ok(read.packets >= sent, `the RTSP reader got ${read.packets} of ${sent} packets`);
		assert.ok(watched.packets >= sent, `the WebRTC viewer got ${watched.packets} of ${sent} packets`);
		return result;
	}

	/** Megabytes of JavaScript and its buffers that the relay holds, without garbage. */
	async heldMb(): Promise<number> {
		return (await heldBytes(this.server.pid, this.#inspectorPort)) / 1e6;
	}

	/** Fails where the relay has not closed all sockets that were opened since the start, after a while. */
	async nothingLeft(): Promise<void> {
		const until = performance.now() + CLOSED_WITHIN_MS;
		while (openFiles(this.server.pid) > this.#files + SLACK_FILES && performance.now() < until) await pause(50);
		const files = openFiles(this.server.pid);
		assert.ok(files <= this.#files + SLACK_FILES, `${files} open files, ${this.#files} at the start`);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const child of [this.#viewers, this.#readers, this.#publisher]) await child[Symbol.asyncDispose]();
		await this.server[Symbol.asyncDispose]();
	}
}

function openFiles(pid: number): number {
	return readdirSync(`/proc/${pid}/fd`).length;
}
