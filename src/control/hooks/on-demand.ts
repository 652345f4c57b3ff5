import type { PathSettings } from "../../config/path-schema.ts";
import type { Driver, DriverOffer, DriverReports, StartOrder } from "../../hub/demand/driver.ts";
import type { Command } from "./command.ts";
import type { Commands } from "./commands.ts";
import { safeQuery, type Values } from "./values.ts";

/** A command that ended well after this was what published, and not what told somebody else to. */
const PUBLISHED_MS = 5000;

/** Runs a path's `runOnDemand` while somebody wants the path, and `runOnUnDemand` when nobody does any more. */
class CommandDriver implements Driver {
	readonly #name: string;
	readonly #settings: PathSettings;
	readonly #commands: Commands;
	readonly #values: Values;
	readonly #reports: DriverReports;
	#isAwake = false;
	#running: Command | undefined;
	/** The one before ends first: they would be in each other's way. */
	#before: Promise<unknown> = Promise.resolve();
	#query = "";

	constructor(name: string, settings: PathSettings, commands: Commands, values: Values, reports: DriverReports) {
		this.#name = name;
		this.#settings = settings;
		this.#commands = commands;
		this.#values = values;
		this.#reports = reports;
	}

	start({ query }: StartOrder): void {
		if (this.#running) return;
		this.#isAwake = true;
		this.#query = query;
		this.#before = this.#before.then(() => this.#isAwake && !this.#running && this.#run());
	}

	stop(): void {
		if (!this.#isAwake) return;
		this.#end();
		this.#commands.run({ ...this.#told, name: "runOnUnDemand", command: this.#settings.runOnUnDemand, restart: false });
	}

	close(): void {
		this.#end();
	}

	get #told(): { readonly path: string; readonly values: Values } {
		return { path: this.#name, values: { ...this.#values, MTX_QUERY: safeQuery(this.#query) } };
	}

	#end(): void {
		this.#isAwake = false;
		const running = this.#running;
		this.#running = undefined;
		if (running) this.#before = running.stop();
	}

	#run(): void {
		const { runOnDemand: command, runOnDemandRestart: restart } = this.#settings;
		const running = this.#commands.run({ ...this.#told, name: "runOnDemand", command, restart });
		if (!running) {
			this.#reports.said("error", "the command cannot be run");
			return;
		}
		this.#running = running;
		const began = performance.now();
		void running.ended.then((outcome) => {
			if (this.#running !== running) return;
			this.#running = undefined;
			if (outcome !== "code 0") this.#reports.said("error", `the command has ended: ${outcome}`);
			else if (performance.now() - began > PUBLISHED_MS) this.#reports.said("idle");
		});
	}
}

/** A driver that runs commands; undefined where the path's settings name none. */
export function commandDriver(
	name: string,
	settings: PathSettings,
	commands: Commands,
	values: Values,
): DriverOffer | undefined {
	if (settings.runOnDemand === "" || settings.source !== "publisher") return undefined;
	return {
		kind: "command",
		askAgain: settings.startTimeout,
		open: (reports) => new CommandDriver(name, settings, commands, values, reports),
	};
}
