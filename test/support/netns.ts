import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import type { TestContext } from "node:test";

let made = 0;

/** A link from this machine to a network namespace of the test's own, shaped as the test says. */
export interface NetworkLink extends Disposable {
	/** This machine's address on the link. */
	readonly here: string;
	/** The address within the namespace. */
	readonly there: string;
	/** Starts a program of the pinned Node within the namespace; its output comes by a pipe. */
	node(script: string, args: readonly string[]): ChildProcess;
	/** Starts a program within the namespace; what it says comes by pipes. */
	start(program: string, args: readonly string[]): ChildProcess;
	/** Bytes of IP that left the namespace. What comes in is not told apart from what this machine says to everybody. */
	sent(): number;
	/** The link is down, or up again; both ends know. */
	set(state: "up" | "down"): void;
	/** From now on packets vanish both ways, and nobody is told. */
	cut(): void;
	/** From now on packets from here to a port there vanish, and nobody is told; until the returned function is called. */
	drop(protocol: "udp" | "tcp", port: number): () => void;
}

export interface LinkSettings {
	/** What the link lets through from here to there, in kbit/s; undefined: as much as comes. */
	readonly kbit?: number;
	/** Bytes that wait where the link is full. */
	readonly queueBytes?: number;
	readonly mtu?: number;
}

function ip(...args: string[]): void {
	execFileSync("ip", args, { stdio: "pipe" });
}

/** Says why there can be no namespaces here, skipping the test; under CI that is a failure. */
export function needsNamespaces(t: TestContext): boolean {
	if (process.getuid?.() === 0) return true;
	if (process.env.CI) throw new Error("network namespaces need root");
	t.skip("network namespaces need root");
	return false;
}

/** Makes a namespace and a link to it. Everything goes when it is disposed of. */
export function makeLink({ kbit, queueBytes = 65_536, mtu = 1500 }: LinkSettings): NetworkLink {
	const number = made++;
	const name = `vdt${process.pid}x${number}`;
	const device = `vd${process.pid % 100_000}x${number}`;
	const peer = `${device}p`;
	const net = `198.18.${process.pid % 250}`;
	const first = (number % 60) * 4;
	const [here, there] = [`${net}.${first + 1}`, `${net}.${first + 2}`];
	ip("netns", "add", name);
	ip("link", "add", device, "mtu", `${mtu}`, "type", "veth", "peer", "name", peer, "netns", name);
	ip("addr", "add", `${here}/30`, "dev", device);
	ip("link", "set", device, "up");
	ip("-n", name, "link", "set", "lo", "up");
	ip("-n", name, "addr", "add", `${there}/30`, "dev", peer);
	ip("-n", name, "link", "set", peer, "mtu", `${mtu}`, "up");
	// The table of local addresses is asked after rules of the test's own.
	ip("-n", name, "rule", "add", "pref", "100", "lookup", "local");
	ip("-n", name, "rule", "del", "pref", "0");
	let rules = 0;
	if (kbit !== undefined) shape(device, kbit, queueBytes);
	return {
		here,
		there,
		node: (script, args) =>
			spawn("ip", ["netns", "exec", name, process.execPath, script, ...args], { stdio: ["ignore", "pipe", "inherit"] }),
		start: (program, args) =>
			spawn("ip", ["netns", "exec", name, program, ...args], { stdio: ["ignore", "pipe", "pipe"] }),
		sent: () =>
			sentOctets(execFileSync("ip", ["netns", "exec", name, "cat", "/proc/net/netstat"], { encoding: "utf8" })),
		set: (state) => ip("link", "set", device, state),
		cut: () => {
			const nobody = "02:00:00:00:00:01";
			ip("neigh", "replace", there, "lladdr", nobody, "nud", "permanent", "dev", device);
			ip("-n", name, "neigh", "replace", here, "lladdr", nobody, "nud", "permanent", "dev", peer);
		},
		drop: (protocol, port) => {
			const rule = ["pref", `${++rules}`, "ipproto", protocol, "dport", `${port}`, "blackhole"];
			ip("-n", name, "rule", "add", ...rule);
			return () => ip("-n", name, "rule", "del", ...rule);
		},
		[Symbol.dispose]: () => {
			ip("netns", "del", name);
		},
	};
}

/** `OutOctets` of a namespace's `/proc/net/netstat`: names in one line, values in the next. */
function sentOctets(netstat: string): number {
	const [names = [], values = []] = netstat
		.split("\n")
		.filter((line) => line.startsWith("IpExt:"))
		.map((line) => line.split(" "));
	return Number(values[names.indexOf("OutOctets")]);
}

/** A token bucket: no more than `kbit` kbit/s leave, `queueBytes` wait, the rest is dropped. */
function shape(device: string, kbit: number, queueBytes: number): void {
	const burst = Math.max(3000, Math.ceil(kbit / 8));
	const rate = ["rate", `${kbit}kbit`, "burst", `${burst}`, "limit", `${queueBytes}`];
	execFileSync("tc", ["qdisc", "add", "dev", device, "root", "tbf", ...rate], { stdio: "pipe" });
}
