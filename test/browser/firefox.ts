import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** An answer or an event of WebDriver BiDi (W3C); only what is read here. */
interface Message {
	readonly id?: number;
	readonly type: string;
	readonly result?: Record<string, unknown>;
	readonly message?: string;
}

interface Waiting {
	resolve(result: Record<string, unknown>): void;
	reject(error: Error): void;
}

const PREFERENCES = [
	// Candidates with the machine's addresses instead of names under .local, which nobody resolves here.
	["media.peerconnection.ice.obfuscate_host_addresses", false],
	["media.gmp-manager.url", ""],
	["datareporting.policy.dataSubmissionEnabled", false],
	["app.update.enabled", false],
	["network.captive-portal-service.enabled", false],
	["network.connectivity-service.enabled", false],
] as const;

/** Firefox as Debian has it, driven over WebDriver BiDi: it needs neither geckodriver nor a patched build. */
export class Firefox implements AsyncDisposable {
	readonly #process: ChildProcess;
	readonly #socket: WebSocket;
	readonly #profile: string;
	readonly #waiting = new Map<number, Waiting>();
	#lastId = 0;
	#context = "";

	constructor(process: ChildProcess, socket: WebSocket, profile: string) {
		this.#process = process;
		this.#socket = socket;
		this.#profile = profile;
		socket.onmessage = ({ data }) => this.#hear(JSON.parse(String(data)));
		socket.onclose = () => {
			for (const { reject } of this.#waiting.values()) reject(new Error("Firefox went away."));
		};
	}

	/** Starts a browser with a profile of its own. Rejects where Firefox does not offer its remote interface. */
	static async launch(program: string): Promise<Firefox> {
		const profile = mkdtempSync(join(tmpdir(), "vedette-firefox-"));
		const lines = PREFERENCES.map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
		writeFileSync(join(profile, "user.js"), lines.join("\n"));
		const process = spawn(
			program,
			["--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", profile],
			{
				stdio: ["ignore", "ignore", "pipe"],
			},
		);
		const socket = new WebSocket(`${await addressOf(process)}/session`);
		await new Promise((resolve, reject) => {
			socket.onopen = resolve;
			socket.onerror = () => reject(new Error("Firefox does not take the connection."));
		});
		const firefox = new Firefox(process, socket, profile);
		await firefox.#command("session.new", { capabilities: {} });
		const { contexts } = await firefox.#command("browsingContext.getTree", {});
		firefox.#context = (contexts as { context: string }[])[0]?.context ?? "";
		return firefox;
	}

	/** Loads a page and waits until it is there. */
	async open(url: string): Promise<void> {
		await this.#command("browsingContext.navigate", { context: this.#context, url, wait: "complete" });
	}

	/** The value of an expression in the page, a promise's when it is fulfilled; through JSON. Rejects when it throws. */
	async evaluate<T>(expression: string): Promise<T> {
		const answer = await this.#command("script.evaluate", {
			expression: `(async () => JSON.stringify(await (${expression})))()`,
			target: { context: this.#context },
			awaitPromise: true,
		});
		if (answer.type !== "success") throw new Error(JSON.stringify(answer.exceptionDetails));
		const { value } = answer.result as { value?: string };
		return JSON.parse(value ?? "null");
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#socket.close();
		const exited = this.#process.exitCode === null ? once(this.#process, "exit") : undefined;
		this.#process.kill("SIGTERM");
		await exited;
		rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
	}

	#command(method: string, params: object): Promise<Record<string, unknown>> {
		const id = ++this.#lastId;
		this.#socket.send(JSON.stringify({ id, method, params }));
		return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
	}

	#hear({ id, type, result, message }: Message): void {
		const waiting = id === undefined ? undefined : this.#waiting.get(id);
		if (!waiting || id === undefined) return;
		this.#waiting.delete(id);
		if (type === "success") waiting.resolve(result ?? {});
		else waiting.reject(new Error(message ?? "Firefox refused a command."));
	}
}

function addressOf({ stderr }: ChildProcess): Promise<string> {
	return new Promise((resolve, reject) => {
		if (!stderr) return reject(new Error("Firefox has no standard error."));
		// Read to the end, whatever it says later: a full pipe would stop it.
		const lines = createInterface(stderr);
		lines.on("line", (line) => {
			const [, address] = /WebDriver BiDi listening on (ws:\/\/\S+)/.exec(line) ?? [];
			if (address) resolve(address);
		});
		lines.on("close", () => reject(new Error("Firefox ended before it could be driven.")));
	});
}
