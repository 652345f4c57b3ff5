import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { z } from "zod";
import type { robotSchema } from "../../src/robot/config.ts";
import type { NetworkLink } from "./netns.ts";

const vedette = join(import.meta.dirname, "../../bin/vedette");

/** `vedette robot` as it is installed: a process of its own. */
export interface RobotProcess extends AsyncDisposable {
	readonly pid: number;
	/** What it runs: its encoders. */
	children(): readonly number[];
	/** Connections of its machine that stand, by TCP. */
	connections(): number;
	/** What it has logged. */
	text(): string;
}

/** Lines of a file of `/proc` without its heading. */
function lines(file: string): readonly string[] {
	return readFileSync(file, "utf8").trimEnd().split("\n").slice(1);
}

/** The state of a TCP connection that stands, in `/proc/net/tcp`. */
const ESTABLISHED = "01";

/** Starts a robot with these settings, as in robot.yml; at the other end of a link where one is given. */
export function startRobotProcess(settings: z.input<typeof robotSchema>, link?: NetworkLink): RobotProcess {
	const folder = mkdtempSync(join(tmpdir(), "vedette-robot-"));
	const file = join(folder, "robot.yml");
	writeFileSync(file, stringify({ stateDir: folder, ...settings }));
	const args = ["robot", "--config", file];
	const child: ChildProcess = link
		? link.start(vedette, args)
		: spawn(vedette, args, { stdio: ["ignore", "pipe", "pipe"] });
	let text = "";
	for (const output of [child.stdout, child.stderr]) output?.on("data", (data: Buffer) => (text += data));
	const over = once(child, "close");
	const pid = child.pid!;
	return {
		pid,
		children: () => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number),
		connections: () =>
			["tcp", "tcp6"]
				.flatMap((name) => lines(`/proc/${pid}/net/${name}`))
				.filter((line) => line.trim().split(/\s+/)[3] === ESTABLISHED).length,
		text: () => text,
		[Symbol.asyncDispose]: async () => {
			child.kill("SIGTERM");
			const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
			await over;
			clearTimeout(timer);
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
