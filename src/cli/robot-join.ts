import { parseArgs } from "node:util";
import { loadYaml } from "../config/load.ts";
import { makeStateDir, stateDirOf } from "../config/state-dir.ts";
import { robotSchema } from "../robot/config.ts";
import { writeIdentity } from "../robot/identity.ts";
import { join } from "../robot/join.ts";
import { type Invitation, parseInvitation } from "../wire/invitation.ts";
import { sentenceOf } from "./options.ts";

const HELP = `usage: vedette robot join LINE [--config robot.yml | --state-dir FOLDER]

Joins a relay with the line that vedette relay invite prints, and keeps what it is from then on: its own secret, the
relay's address and certificate. Then vedette robot --config robot.yml needs no addresses any more.

  --config FILE        the robot's configuration: its state directory matters
  --state-dir FOLDER   where the identity is kept, where there is no file
`;

const USAGE = 2;

const options = {
	config: { type: "string" },
	"state-dir": { type: "string" },
	help: { type: "boolean", short: "h" },
} as const;

/** `vedette robot join`. Gives the exit code: 0, 1 where it could not join, 2 for wrong usage. */
export async function runJoin(args: string[]): Promise<number> {
	let invitation: Invitation | undefined;
	let stateDir: string;
	try {
		const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
		if (values.help) {
			process.stdout.write(HELP);
			return 0;
		}
		invitation = positionals.length === 1 ? parseInvitation(positionals[0]!) : undefined;
		if (!invitation) throw new Error("expected the line that vedette relay invite prints: vedette://HOST:PORT/…");
		stateDir = folderOf(values.config, values["state-dir"]);
	} catch (error) {
		return failed(error, USAGE);
	}
	try {
		// An invitation is good once: whether its fruit can be kept is seen before.
		makeStateDir(stateDir);
		const identity = await join(invitation);
		writeIdentity(stateDir, identity);
		process.stdout.write(
			`Joined ${identity.relay} as ${identity.name}. Now start it (again, where it runs): vedette robot --config robot.yml\n`,
		);
		return 0;
	} catch (error) {
		return failed(error, 1);
	}
}

function failed(error: unknown, code: number): number {
	process.stderr.write(`vedette robot join: ${sentenceOf(error)}\n`);
	return code;
}

function folderOf(file: string | undefined, folder: string | undefined): string {
	const configured = file === undefined ? "" : loadYaml(file, robotSchema).stateDir;
	return stateDirOf(folder ?? configured, process.env);
}
