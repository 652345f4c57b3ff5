/** What a command's module exports: it runs until it is done or told to end, and gives the exit code. */
interface CommandModule {
	run(args: string[]): Promise<number>;
}

export interface Command {
	/** One line for `vedette --help`. */
	readonly summary: string;
	/** Loads the module only when the command is used: a robot needs nothing of the relay. */
	load(): Promise<CommandModule>;
}

/** The commands by name, in the order of the help. */
export const commands: Readonly<Record<string, Command>> = {};
