import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peer } from "./peers.ts";

/** The real Mosquitto, closed to everybody but `mymqttuser` with the password `secret`, as in the field. */
export interface Mosquitto extends AsyncDisposable {
	readonly port: number;
	/** With user and password. */
	readonly url: string;
	/** Ends it as a crash would, and starts it again on the same port. */
	restart(downMs: number): Promise<void>;
	/** `mosquitto_pub`. */
	publish(topic: string, message: string, ...options: string[]): void;
	/** `mosquitto_sub`: the payloads that came so far, by topic, newest last. */
	subscribe(topic: string): Promise<Subscription>;
}

export interface Subscription extends Disposable {
	readonly messages: { readonly topic: string; readonly text: string; readonly retained: boolean }[];
}

const USER = "mymqttuser";
const PASSWORD = "secret";

async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	return typeof address === "object" && address ? address.port : 0;
}

async function answers(port: number): Promise<void> {
	for (const end = performance.now() + 10_000; ; ) {
		const socket = connect(port, "127.0.0.1");
		const open = await new Promise((resolve) => {
			socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
		});
		socket.destroy();
		if (open) return;
		if (performance.now() > end) throw new Error("Mosquitto does not answer within 10 s");
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

/** Starts one on a free port of loopback. */
export async function startMosquitto(): Promise<Mosquitto> {
	const folder = mkdtempSync(join(tmpdir(), "vedette-mosquitto-"));
	const port = await freePort();
	const passwords = join(folder, "passwd");
	execFileSync("mosquitto_passwd", ["-b", "-c", passwords, USER, PASSWORD], { stdio: "ignore" });
	const file = join(folder, "mosquitto.conf");
	const user = process.getuid?.() === 0 ? "user root\n" : "";
	writeFileSync(file, `${user}allow_anonymous false\npassword_file ${passwords}\nlistener ${port} 127.0.0.1\n`);
	const begin = async (): Promise<ChildProcess> => {
		const child = spawn(peer("mosquitto") ?? "mosquitto", ["-c", file], { stdio: "ignore" });
		await answers(port);
		return child;
	};
	let child = await begin();
	const end = async (signal: NodeJS.Signals): Promise<void> => {
		const gone = once(child, "exit");
		child.kill(signal);
		await gone;
	};
	const login = ["-h", "127.0.0.1", "-p", `${port}`, "-u", USER, "-P", PASSWORD];
	return {
		port,
		url: `mqtt://${USER}:${PASSWORD}@127.0.0.1:${port}`,
		restart: async (downMs) => {
			await end("SIGKILL");
			await new Promise((resolve) => setTimeout(resolve, downMs));
			child = await begin();
		},
		publish: (topic, message, ...options) => {
			execFileSync("mosquitto_pub", [...login, "-q", "1", "-t", topic, "-m", message, ...options]);
		},
		subscribe: (topic) => subscribe([...login, "-q", "1", "-t", topic]),
		[Symbol.asyncDispose]: async () => {
			await end("SIGTERM");
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

/** Resolves when it has subscribed: its debug lines say so. */
async function subscribe(options: readonly string[]): Promise<Subscription> {
	// Into a pipe it would keep its lines until it has many.
	const program = ["-oL", "mosquitto_sub", ...options, "-d", "-F", "MESSAGE %r %t %p"];
	const child = spawn("stdbuf", program, {
		stdio: ["ignore", "pipe", "inherit"],
	});
	const messages: Subscription["messages"] = [];
	const subscribed = Promise.withResolvers<void>();
	let rest = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		const lines = (rest + text).split("\n");
		rest = lines.pop() ?? "";
		for (const line of lines) {
			if (/SUBACK|^Subscribed/.test(line)) subscribed.resolve();
			const match = /^MESSAGE ([01]) (\S+) (.*)$/.exec(line);
			if (match) messages.push({ topic: match[2]!, text: match[3]!, retained: match[1] === "1" });
		}
	});
	await subscribed.promise;
	return { messages, [Symbol.dispose]: () => child.kill() };
}
