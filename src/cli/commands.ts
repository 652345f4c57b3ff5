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
export const commands: Readonly<Record<string, Command>> = {
	relay: { summary: "take streams in and fan them out", load: () => import("./relay.ts") },
	robot: { summary: "capture, encode and publish this machine's cameras", load: () => import("./robot.ts") },
	demo: { summary: "a relay and a robot with a test camera, on this machine", load: () => import("./demo.ts") },
	status: { summary: "what a running relay does", load: () => import("./status.ts") },
};
