import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { peer } from "./peers.ts";
import { freeTcpPort } from "./ports.ts";

/** The programs `mosquitto_pub` and `mosquitto_sub`, as one user of a broker. */
export interface MosquittoClient {
	/** `mosquitto_pub`. Rejects, with what it said, where that fails. */
	publish(topic: string, message: string, ...options: string[]): Promise<void>;
	/** `mosquitto_pub` of one message after the other, as fast as it can. */
	publishAll(topic: string, messages: readonly string[]): Promise<void>;
	/** `mosquitto_sub`: the payloads that came so far, by topic, newest last. */
	subscribe(topic: string): Promise<Subscription>;
}

/** The real Mosquitto, closed to everybody but `mymqttuser` with the password `secret`, as in the field. */
export interface Mosquitto extends AsyncDisposable, MosquittoClient {
	readonly port: number;
	/** With user and password. */
	readonly url: string;
	/** Ends it as a crash would, and starts it again on the same port. */
	restart(downMs: number): Promise<void>;
	/** Ends it as a crash would; `restart` begins it again. */
	kill(): Promise<void>;
}

export interface Subscription extends Disposable {
	readonly messages: { readonly topic: string; readonly text: string; readonly retained: boolean }[];
}

const USER = "mymqttuser";
const PASSWORD = "secret";

async function answers(host: string, port: number): Promise<void> {
	for (const end = performance.now() + 10_000; ; ) {
		const socket = connect(port, host);
		const open = await new Promise((resolve) => {
			socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
		});
		socket.destroy();
		if (open) return;
		if (performance.now() > end) throw new Error("Mosquitto does not answer within 10 s");
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

export interface MosquittoOptions {
	/** Where it listens; loopback where it is left out. */
	readonly host?: string;
	/** Its certificate: nothing but TLS is spoken then. */
	readonly tls?: { readonly cert: string; readonly key: string };
	/** Further lines of its configuration. */
	readonly lines?: readonly string[];
	/** Further users and their passwords. */
	readonly users?: Readonly<Record<string, string>>;
}

/** Starts one on a free port. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
	const { host = "127.0.0.1", tls, lines = [], users = {} } = options;
	const folder = mkdtempSync(join(tmpdir(), "vedette-mosquitto-"));
	const port = await freeTcpPort(host);
	const passwords = join(folder, "passwd");
	execFileSync("mosquitto_passwd", ["-b", "-c", passwords, USER, PASSWORD], { stdio: "ignore" });
	const file = join(folder, "mosquitto.conf");
	for (const [name, password] of Object.entries(users)) {
		execFileSync("mosquitto_passwd", ["-b", passwords, name, password], { stdio: "ignore" });
	}
	const settings = [
		...(process.getuid?.() === 0 ? ["user root"] : []),
		...["allow_anonymous false", `password_file ${passwords}`, `listener ${port} ${host}`],
		...(tls ? [`certfile ${tls.cert}`, `keyfile ${tls.key}`] : []),
		...lines,
	];
	writeFileSync(file, `${settings.join("\n")}\n`);
	const begin = async (): Promise<ChildProcess> => {
		const child = spawn(peer("mosquitto") ?? "mosquitto", ["-c", file], { stdio: "ignore" });
		await answers(host, port);
		return child;
	};
	let child = await begin();
	const end = async (signal: NodeJS.Signals): Promise<void> => {
		if (child.exitCode !== null || child.signalCode !== null) return;
		const gone = once(child, "exit");
		child.kill(signal);
		await gone;
	};
	const secure = tls ? ["--cafile", tls.cert] : [];
	const login = ["-h", host, "-p", `${port}`, ...secure, "-u", USER, "-P", PASSWORD];
	return {
		port,
		url: `${tls ? "mqtts" : "mqtt"}://${USER}:${PASSWORD}@${host}:${port}`,
		kill: () => end("SIGKILL"),
		restart: async (downMs) => {
			await end("SIGKILL");
			await new Promise((resolve) => setTimeout(resolve, downMs));
			child = await begin();
		},
		...mosquittoClient(login),
		[Symbol.asyncDispose]: async () => {
			await end("SIGTERM");
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

/** The programs with these options: host, port, user, version … */
export function mosquittoClient(login: readonly string[]): MosquittoClient {
	const publish = async (input: string, topic: string, ...options: string[]): Promise<void> => {
		const pub = promisify(execFile)("mosquitto_pub", [...login, "-q", "1", "-t", topic, ...options]);
		// It may be over before it is told that nothing more comes.
		pub.child.stdin?.on("error", () => undefined).end(input);
		await pub;
	};
	return {
		publish: (topic, message, ...options) => publish("", topic, "-m", message, ...options),
		publishAll: (topic, messages) => publish(`${messages.join("\n")}\n`, topic, "-l"),
		subscribe: (topic) => subscribe([...login, "-q", "1", "-t", topic]),
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
