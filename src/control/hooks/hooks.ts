import type { FoundSettings } from "../../config/path-settings.ts";
import type { RelayConfig } from "../../config/relay-schema.ts";
import type { DriverOffer } from "../../hub/demand/driver.ts";
import type { Hub, HubEvent } from "../../hub/hub.ts";
import type { Path } from "../../hub/path.ts";
import { type PathName, parsePathName } from "../../media/path-name.ts";
import type { Log } from "../../observe/log.ts";
import { Commands } from "./commands.ts";
import { commandDriver } from "./on-demand.ts";
import { PathHooks } from "./path-hooks.ts";
import { pathValues, type Values } from "./values.ts";

type Settings = Pick<RelayConfig, "paths" | "hooks">;

/** Runs the commands of the configuration when something happens (docs/hooks.md). */
export class Hooks {
	readonly #settings: Settings;
	readonly #hub: Hub;
	readonly #commands: Commands;
	readonly #paths = new Map<string, PathHooks>();
	readonly #unlisten: () => void;
	#rtspPort = 0;

	constructor(settings: Settings, hub: Hub, log: Log) {
		this.#settings = settings;
		this.#hub = hub;
		this.#commands = new Commands(settings.hooks.maxCommands, log);
		this.#unlisten = hub.listen((event) => this.#on(event));
	}

	/** The ports are open: paths with a name of their own begin. */
	start(rtspPort: number): void {
		this.#rtspPort = rtspPort;
		for (const [name, settings] of Object.entries(this.#settings.paths)) {
			if (!this.#isNamed(name)) continue;
			if (settings.runOnInit !== "") this.#open(name, name);
			const path = parsePathName(name);
			const driver = path && this.#driver(path, { key: name, settings });
			if (driver) this.#hub.demand.drive(path, driver);
		}
		this.#hub.demand.findWith((path, found) => this.#driver(path, found));
	}

	/** A client has connected; the returned function is to be called when it has gone. */
	connected(type: string, id: string): () => void {
		const { runOnConnect, runOnConnectRestart, runOnDisconnect } = this.#settings.hooks;
		const values: Values = { MTX_CONN_TYPE: type, MTX_CONN_ID: id, RTSP_PORT: String(this.#rtspPort) };
		const connect = { name: "runOnConnect", command: runOnConnect, restart: runOnConnectRestart, values };
		const command = this.#commands.run(connect);
		return () => {
			void command?.stop();
			this.#commands.run({ name: "runOnDisconnect", command: runOnDisconnect, restart: false, values });
		};
	}

	/** Ends all commands: those that tell of an end may take 2 s, the others 3 s after they were asked. */
	async close(): Promise<void> {
		this.#unlisten();
		for (const path of this.#paths.values()) path.close();
		await this.#commands.close();
	}

	#driver(name: PathName, { key, settings }: FoundSettings): DriverOffer | undefined {
		return commandDriver(name, settings, this.#commands, pathValues(name, key, this.#rtspPort));
	}

	#isNamed(key: string): boolean {
		return key !== "all_others" && !key.includes("*");
	}

	#open(name: string, confName: string): PathHooks {
		const known = this.#paths.get(name);
		if (known) return known;
		const settings = this.#settings.paths[confName]!;
		const fresh = new PathHooks(name, settings, this.#commands, pathValues(name, confName, this.#rtspPort));
		this.#paths.set(name, fresh);
		return fresh;
	}

	#on(event: HubEvent): void {
		const { path } = event;
		const hooks = this.#open(path.name, path.confName);
		switch (event.at) {
			case "published":
				hooks.published(event.publication.info, event.publication.stream);
				return;
			case "unpublished":
				hooks.unpublished();
				break;
			case "joined":
				hooks.joined(event.reader);
				return;
			case "left":
				hooks.left(event.reader);
				break;
			default:
				event satisfies never;
		}
		// The hub tells before it lets go of the stream and the path.
		setImmediate(() => this.#look(path));
	}

	#look({ name, confName }: Path): void {
		const hooks = this.#paths.get(name);
		const stream = this.#hub.path(name)?.stream;
		hooks?.sees(stream);
		if (stream || !hooks || this.#isNamed(confName)) return;
		this.#paths.delete(name);
		hooks.close();
	}
}
