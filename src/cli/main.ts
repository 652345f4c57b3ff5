import { readFileSync } from "node:fs";
import { suggest } from "../config/suggest.ts";
import { commands } from "./commands.ts";

/** The exit code of a wrong command line. */
const USAGE = 2;

/** The version in package.json, which lies two folders above this file in a clone and in the published package alike. */
function version(): string {
	const manifest: { version: string } = JSON.parse(
		readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
	);
	return manifest.version;
}

function help(): string {
	const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
	return [
		"Live video from robots on bad networks, through one public relay, to any player.",
		"",
		"usage: vedette COMMAND [OPTION...]",
		"",
		...rows,
		"",
		"vedette COMMAND --help tells more about a command, vedette --version the version.",
		"",
	].join("\n");
}

function unknown(name: string): number {
	const near = suggest(name, Object.keys(commands));
	const hint = near ? `Did you mean ${near}?` : "vedette --help lists the commands.";
	process.stderr.write(`vedette: there is no command ${JSON.stringify(name)}. ${hint}\n`);
	return USAGE;
}

/** Runs one command line; gives the exit code. */
async function main([name, ...args]: string[]): Promise<number> {
	if (name === "--version" || name === "-v") {
		process.stdout.write(`vedette ${version()}\n`);
		return 0;
	}
	if (name === undefined || name === "--help" || name === "-h" || name === "help") {
		(name === undefined ? process.stderr : process.stdout).write(help());
		return name === undefined ? USAGE : 0;
	}
	const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
	if (!command) return unknown(name);
	const { run } = await command.load();
	return run(args);
}

// A command is over when it says so, whatever threads its libraries still have (libdatachannel's never end).
process.exit(await main(process.argv.slice(2)));
