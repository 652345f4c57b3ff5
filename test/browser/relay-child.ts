import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

interface Ports {
	readonly http: readonly number[];
	readonly rtsp: readonly number[];
}

/** A relay in a process of its own, that can be killed and comes back on the same ports. */
export class RelayChild implements AsyncDisposable {
	readonly #folder = mkdtempSync(join(tmpdir(), "vedette-relay-"));
	#process: ChildProcess | undefined;
	#ports: Ports = { http: [0], rtsp: [0] };

	get httpUrl(): string {
		return `http://127.0.0.1:${this.#ports.http[0]}`;
	}

	get rtspUrl(): string {
		return `rtsp://127.0.0.1:${this.#ports.rtsp[0]}`;
	}

	/** Resolves when the relay listens. Rejects when it does not get that far. */
	async start(): Promise<void> {
		const [http, rtsp] = [this.#ports.http, this.#ports.rtsp].map(([port]) => ({ address: `127.0.0.1:${port}` }));
		const script = fileURLToPath(new URL("./relay-process.ts", import.meta.url));
		const child = spawn(process.execPath, [script, JSON.stringify({ http, rtsp })], {
			stdio: ["ignore", "pipe", "inherit"],
			env: { ...process.env, TMPDIR: this.#folder },
		});
		this.#process = child;
		this.#ports = await new Promise((resolve, reject) => {
			createInterface(child.stdout).once("line", (line) => resolve(JSON.parse(line)));
			child.once("exit", (code) => reject(new Error(`The relay ended with ${code}.`)));
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
