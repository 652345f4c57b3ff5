import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** How long a process may take to end before it is killed. */
const END_MS = 5000;

/** The processes of the demonstration: each is this program with another command. They end together. */
export class Processes {
	readonly #children: { readonly name: string; readonly child: ChildProcess; output: string }[] = [];
	#ending = false;
	#fail: (reason: string) => void = () => undefined;
	/** The reason why a process ended by itself. Never rejects. */
	readonly failed = new Promise<string>((resolve) => {
		this.#fail = resolve;
	});

	/** Starts `vedette COMMAND …`; `quiet` keeps its output for the reason of a failure. */
	start(command: string, args: readonly string[], quiet: boolean): void {
		const stdio = quiet ? "pipe" : "inherit";
		const program = [...process.execArgv, process.argv[1]!];
		const child = spawn(process.execPath, [...program, command, ...args], { stdio: ["ignore", stdio, stdio] });
		const entry = { name: command, child, output: "" };
		this.#children.push(entry);
		for (const stream of [child.stdout, child.stderr]) {
			stream?.setEncoding("utf8").on("data", (text: string) => {
				entry.output = (entry.output + text).slice(-4000);
			});
		}
		child.on("exit", (code, signal) => {
			if (this.#ending) return;
			this.#fail(`vedette ${command} ended (${signal ?? `exit code ${code}`})\n${entry.output}`.trimEnd());
		});
	}

	/** Ends all, the last first, and waits for them. */
	async end(): Promise<void> {
		this.#ending = true;
		for (const { child } of this.#children.toReversed()) await endChild(child);
	}
}

async function endChild(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const exited = once(child, "exit");
	child.kill("SIGTERM");
	const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
	await exited;
	clearTimeout(timer);
}
