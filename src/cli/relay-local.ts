import { parseArgs } from "node:util";
import { renderUnicodeCompact } from "uqr";
import { stateDirOf } from "../config/state-dir.ts";
import { socketIn } from "../control/control.ts";
import type { RobotInfo } from "../control/page-api.ts";
import { type Answer, ask, refusalIn } from "./ask.ts";
import { readRelayConfig, sentenceOf } from "./options.ts";

const HELP = `usage: vedette relay invite NAME [--replace] [--host HOST] [--config FILE] [--set KEY=VALUE]...
       vedette relay revoke NAME [--config FILE]
       vedette relay robots [--config FILE]

Talks to the relay that runs on this machine, as its owner.

  invite      prints the line that lets a robot join: vedette robot join LINE. It is good for 15 minutes, and once
  revoke      ends a robot's right to come, and what it does now
  robots      who has joined, and who is here

  --replace        another robot takes the place of the one of that name
  --host HOST      how robots reach this relay (webrtc.publicHosts, or this machine's address)
  --config FILE, --set KEY=VALUE   as for vedette relay; only stateDir matters
`;

const USAGE = 2;
/** No relay answers. */
const NOBODY = 3;

const options = {
	config: { type: "string" },
	set: { type: "string", multiple: true },
	host: { type: "string" },
	replace: { type: "boolean" },
	help: { type: "boolean", short: "h" },
} as const;

interface Flags {
	readonly host?: string | undefined;
	readonly replace?: boolean | undefined;
}

interface LocalCommand {
	readonly method: string;
	readonly needsName: boolean;
	path(name: string): string;
	body?(name: string, flags: Flags): object;
	/** What people are told. */
	text(answer: Answer, name: string): string;
}

function invitationText({ body }: Answer): string {
	const { line, until } = body as { line: string; until: number };
	const minutes = Math.round((until - Date.now()) / 60_000);
	return `${renderUnicodeCompact(line)}\n\nOn the robot, within ${minutes} minutes:\n\n  vedette robot join ${line}\n`;
}

function robotsText({ body }: Answer): string {
	const { robots } = body as { robots: readonly RobotInfo[] };
	const lines = robots.map(({ name, joined, online, cameras }) => {
		const shown = cameras.map((camera) => `${camera.name} ${camera.state ?? "unknown"}`).join(", ");
		return `${name.padEnd(20)} ${online ? "online" : "offline"}  ${joined ? "joined" : "by user"}  ${shown}\n`;
	});
	return lines.length === 0 ? "no robots\n" : lines.join("");
}

const commands: Readonly<Record<string, LocalCommand>> = {
	invite: {
		method: "POST",
		needsName: true,
		path: () => "/api/robots/invite",
		body: (name, { host, replace }) => ({ name, ...(host && { host }), ...(replace && { replace }) }),
		text: invitationText,
	},
	revoke: {
		method: "DELETE",
		needsName: true,
		path: (name) => `/api/robots/${encodeURIComponent(name)}`,
		text: (_answer, name) => `${name} may not come any more\n`,
	},
	robots: { method: "GET", needsName: false, path: () => "/api/robots", text: robotsText },
};

/** Whether `vedette relay WORD` speaks to a relay that runs, instead of being one. */
export function isLocalCommand(word: string | undefined): word is string {
	return word !== undefined && Object.hasOwn(commands, word);
}

/** Runs one of them. Gives the exit code: 0, 1 where the relay refuses, 2 for wrong usage, 3 where no relay answers. */
export async function runLocal(word: string, args: string[]): Promise<number> {
	const command = commands[word]!;
	let socketPath: string;
	let name: string;
	let flags: Flags;
	try {
		const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
		if (values.help) {
			process.stdout.write(HELP);
			return 0;
		}
		if (positionals.length !== (command.needsName ? 1 : 0))
			throw new Error(`expected ${command.needsName ? "one name" : "no name"}`);
		[name = ""] = positionals;
		flags = values;
		socketPath = socketIn(stateDirOf(readRelayConfig(values.config, values.set ?? []).config.stateDir, process.env));
	} catch (error) {
		process.stderr.write(`vedette relay ${word}: ${sentenceOf(error)}\n`);
		return USAGE;
	}
	try {
		const answer = await ask({ socketPath }, command.method, command.path(name), command.body?.(name, flags));
		const isGood = answer.status < 300;
		if (isGood) process.stdout.write(command.text(answer, name));
		else process.stderr.write(`vedette relay ${word}: ${refusalIn(answer)}\n`);
		return isGood ? 0 : 1;
	} catch (error) {
		process.stderr.write(`vedette relay ${word}: no relay at ${socketPath}: ${sentenceOf(error)}\n`);
		return NOBODY;
	}
}
