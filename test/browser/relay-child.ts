import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { NetworkLink } from "../support/netns.ts";

interface Ports {
	readonly http: readonly number[];
	readonly rtsp: readonly number[];
	readonly webrtc: readonly number[];
	readonly mqtt: readonly number[];
}

const script = fileURLToPath(new URL("./relay-process.ts", import.meta.url));

/** A relay in a process of its own, that can be killed and comes back on the same ports. */
export class RelayChild implements AsyncDisposable {
	readonly #folder = mkdtempSync(join(tmpdir(), "vedette-relay-"));
	#process: ChildProcess | undefined;
	#ports: Ports = { http: [0], rtsp: [0], webrtc: [0], mqtt: [0] };
	readonly #link: NetworkLink | undefined;
	readonly #settings: Record<string, object>;

	/** On loopback, or at the other end of a link; `settings` as in vedette.yml. */
	constructor(link?: NetworkLink, settings: Record<string, object> = {}) {
		this.#link = link;
		this.#settings = settings;
	}

	get mqttUrl(): string {
		return `mqtt://${this.#host}:${this.#ports.mqtt[0]}`;
	}

	get httpUrl(): string {
		return `http://${this.#host}:${this.#ports.http[0]}`;
	}

	get rtspUrl(): string {
		return `rtsp://${this.#host}:${this.#ports.rtsp[0]}`;
	}

	/** The port of WebRTC, UDP and TCP. */
	get webrtcPort(): number {
		return this.#ports.webrtc[0] ?? 0;
	}

	get #host(): string {
		return this.#link?.there ?? "127.0.0.1";
	}

	/** Resolves when the relay listens. Rejects when it does not get that far. */
	async start(): Promise<void> {
		const { http, rtsp, webrtc, mqtt } = this.#ports;
		const at = ([port = 0]: readonly number[]) => ({ address: `${this.#host}:${port}` });
		const places = { http: at(http), rtsp: at(rtsp), webrtc: at(webrtc), mqtt: at(mqtt) };
		const settings = JSON.stringify({ ...this.#settings, ...places });
		const args = [settings, join(this.#folder, "state")];
		const child = this.#link ? this.#link.node(script, args) : this.#spawn(args);
		this.#process = child;
		this.#ports = await new Promise((resolve, reject) => {
			createInterface(child.stdout!).once("line", (line) => resolve(JSON.parse(line)));
			child.once("exit", (code) => reject(new Error(`The relay ended with ${code}.`)));
		});
	}

	#spawn(args: readonly string[]): ChildProcess {
		return spawn(process.execPath, [script, ...args], {
			stdio: ["ignore", "pipe", "inherit"],
			env: { ...process.env, TMPDIR: this.#folder },
		});
	}

	/** Ends it at once: it can say goodbye to nobody. */
	async kill(): Promise<void> {
		const child = this.#process;
		if (!child || child.exitCode !== null || child.signalCode !== null) return;
		const exited = once(child, "exit");
		child.kill("SIGKILL");
		await exited;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.kill();
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
