import type { PathSettings } from "../../config/path-schema.ts";
import type { PublisherInfo } from "../../hub/path.ts";
import type { Reader } from "../../hub/reader.ts";
import type { Stream } from "../../hub/stream.ts";
import type { Command } from "./command.ts";
import type { Commands } from "./commands.ts";
import { readerValues, sourceValues, type Values } from "./values.ts";

/** The hooks of a path's settings, the old names as the present ones. */
function hooksOf(settings: PathSettings) {
	const old = settings.runOnAvailable === "";
	return {
		available: old ? settings.runOnReady : settings.runOnAvailable,
		availableAgain: old ? settings.runOnReadyRestart : settings.runOnAvailableRestart,
		unavailable: settings.runOnUnavailable || settings.runOnNotReady,
	};
}

/** Runs the commands of one path: what begins runs while it lasts, what ends is told once. */
export class PathHooks {
	readonly #name: string;
	readonly #settings: PathSettings;
	readonly #commands: Commands;
	readonly #values: Values;
	readonly #init: Command | undefined;
	readonly #readers = new Map<Reader, Command | undefined>();
	#available: Command | undefined;
	#online: Command | undefined;
	#stream: Stream | undefined;
	/** Who fed the stream last. */
	#source: PublisherInfo | undefined;
	#isOnline = false;

	constructor(name: string, settings: PathSettings, commands: Commands, values: Values) {
		this.#name = name;
		this.#settings = settings;
		this.#commands = commands;
		this.#values = values;
		this.#init = this.#run("runOnInit", settings.runOnInit, settings.runOnInitRestart, {});
	}

	published(info: PublisherInfo, stream: Stream): void {
		this.#goOffline();
		if (this.#stream !== stream) this.#endStream();
		const before = this.#stream;
		this.#stream = stream;
		this.#source = info;
		const { runOnOnline, runOnOnlineRestart } = this.#settings;
		if (!before) {
			const { available, availableAgain } = hooksOf(this.#settings);
			this.#available = this.#run("runOnAvailable", available, availableAgain, sourceValues(info));
		}
		this.#isOnline = true;
		this.#online = this.#run("runOnOnline", runOnOnline, runOnOnlineRestart, sourceValues(info));
	}

	/** The publisher is gone. */
	unpublished(): void {
		this.#goOffline();
	}

	/** Passive readers are none of those whom commands are for. */
	joined(reader: Reader): void {
		if (reader.info.passive) return;
		const { runOnRead, runOnReadRestart } = this.#settings;
		this.#readers.set(reader, this.#run("runOnRead", runOnRead, runOnReadRestart, readerValues(reader.info)));
	}

	left(reader: Reader): void {
		void this.#readers.get(reader)?.stop();
		if (this.#readers.delete(reader)) {
			this.#run("runOnUnread", this.#settings.runOnUnread, false, readerValues(reader.info));
		}
	}

	/** What the path's stream is now; undefined for none. */
	sees(stream: Stream | undefined): void {
		if (this.#stream !== stream) this.#endStream();
	}

	/** The path is gone. */
	close(): void {
		this.#goOffline();
		this.#endStream();
		void this.#init?.stop();
	}

	#goOffline(): void {
		if (!this.#isOnline || !this.#source) return;
		this.#isOnline = false;
		void this.#online?.stop();
		this.#online = undefined;
		this.#run("runOnOffline", this.#settings.runOnOffline, false, sourceValues(this.#source));
	}

	#endStream(): void {
		if (!this.#stream || !this.#source) return;
		this.#stream = undefined;
		void this.#available?.stop();
		this.#available = undefined;
		this.#run("runOnUnavailable", hooksOf(this.#settings).unavailable, false, sourceValues(this.#source));
	}

	#run(name: string, command: string, restart: boolean, values: Values): Command | undefined {
		return this.#commands.run({ name, command, restart, path: this.#name, values: { ...this.#values, ...values } });
	}
}
