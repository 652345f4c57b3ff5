import { parseArgs } from "node:util";
import { loadYaml } from "../config/load.ts";
import { stateDirOf } from "../config/state-dir.ts";
import { robotSchema } from "../robot/config.ts";
import { robotSocket } from "../robot/orders/local-door.ts";
import type { StateReport } from "../wire/robot-messages.ts";
import { ask, refusalIn } from "./ask.ts";
import { sentenceOf } from "./options.ts";

const HELP = `usage: vedette robot pause|resume [CAMERA] [--config robot.yml]
       vedette robot trigger [CAMERA] [--reason TEXT] [--seconds N] [--config robot.yml]
       vedette robot status [--config robot.yml]

Talks to the robot that runs on this machine, as its owner.

  pause       holds the camera still, or all of them, whoever wants to see it; also after a restart
  resume      ends that
  trigger     lets it run for a while, whoever watches
  status      how the cameras stand

  --config FILE    the robot's configuration: its name and state directory matter
  --name NAME      the robot's name, where there is no file (robot)
  --seconds N      how long (as configured)
  --reason TEXT    what happened, for those who watch
`;

const USAGE = 2;
/** No robot answers. */
const NOBODY = 3;

const commands = ["pause", "resume", "trigger", "status"] as const;
type LocalCommand = (typeof commands)[number];

const options = {
	config: { type: "string" },
	name: { type: "string" },
	seconds: { type: "string" },
	reason: { type: "string" },
	help: { type: "boolean", short: "h" },
} as const;

/** Whether `vedette robot WORD` speaks to a robot that runs, instead of being one. */
export function isLocalCommand(word: string | undefined): word is LocalCommand {
	return commands.some((command) => command === word);
}

/** Runs one of them. Gives the exit code: 0, 1 where the robot refuses, 2 for wrong usage, 3 where no robot answers. */
export async function runLocal(command: LocalCommand, args: string[]): Promise<number> {
	let socketPath: string;
	let path: string;
	try {
		const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
		if (values.help) {
			process.stdout.write(HELP);
			return 0;
		}
		if (positionals.length > 1) throw new Error("one camera, please, or none for all of them");
		socketPath = socketOf(values.config, values.name);
		path = pathOf(command, positionals[0], values.reason, values.seconds);
	} catch (error) {
		process.stderr.write(`vedette robot ${command}: ${sentenceOf(error)}\n`);
		return USAGE;
	}
	try {
		const answer = await ask({ socketPath }, command === "status" ? "GET" : "POST", path);
		const isGood = answer.status === 200;
		if (isGood) process.stdout.write(tableOf(answer.body as Readonly<Record<string, StateReport>>));
		else process.stderr.write(`vedette robot ${command}: ${refusalIn(answer)}\n`);
		return isGood ? 0 : 1;
	} catch (error) {
		process.stderr.write(`vedette robot ${command}: no robot at ${socketPath}: ${sentenceOf(error)}\n`);
		return NOBODY;
	}
}

function socketOf(file: string | undefined, name = "robot"): string {
	if (file === undefined) return robotSocket(stateDirOf("", process.env), name);
	const config = loadYaml(file, robotSchema);
	return robotSocket(stateDirOf(config.stateDir, process.env), config.name);
}

function pathOf(command: string, camera: string | undefined, reason: string | undefined, seconds: string | undefined) {
	const query = new URLSearchParams({
		...(reason !== undefined && { name: reason }),
		...(seconds !== undefined && { seconds }),
	});
	return `/${command}${camera === undefined ? "" : `/${encodeURIComponent(camera)}`}?${query}`;
}

function tableOf(cameras: Readonly<Record<string, StateReport>>): string {
	const lines = Object.entries(cameras).map(([name, { state, reason = "", trigger }]) => {
		const rest = trigger ? `, ${trigger.seconds} s more` : "";
		return `${name.padEnd(16)} ${state.padEnd(9)} ${reason}${rest}\n`;
	});
	return lines.join("");
}
