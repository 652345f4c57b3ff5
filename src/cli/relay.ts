import { parseArgs } from "node:util";
import { openActions } from "../access/actions.ts";
import { ConfigError } from "../config/load.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import { type Relay, startRelay } from "../relay/relay.ts";
import { runMqttAcl } from "./mqtt-acl.ts";
import { openLog, readRelayConfig, sentenceOf } from "./options.ts";
import { isLocalCommand, runLocal } from "./relay-local.ts";
import { startError } from "./start-error.ts";

const HELP = `usage: vedette relay [--config FILE] [--set KEY=VALUE]... [--open]
       vedette relay invite|revoke|robots ...       (see vedette relay invite --help)
       vedette relay mqtt-acl ...                   (see vedette relay mqtt-acl --help)

Takes streams in, fans them out, and knows who may do what. Without a file every setting has its default.

  --config FILE     a file like vedette.example.yml, or a mediamtx.yml
  --set KEY=VALUE   one setting, over the file and the environment: --set http.address=:8081
  --open            everybody may publish, watch and control without a name; for closed networks
`;

/** The exit code of a wrong command line or configuration. */
const USAGE = 2;

const options = {
	config: { type: "string" },
	set: { type: "string", multiple: true },
	open: { type: "boolean" },
	help: { type: "boolean", short: "h" },
} as const;

interface Order {
	readonly config: RelayConfig;
	/** What people should know of how the file was read. */
	readonly warnings: readonly string[];
	/** Opened by the command line. */
	readonly open: boolean;
}

function read(args: string[]): Order | number {
	try {
		const { values } = parseArgs({ args, options });
		if (values.help) {
			process.stdout.write(HELP);
			return 0;
		}
		const { config, warnings } = readRelayConfig(values.config, values.set ?? []);
		if (!values.open) return { config, warnings, open: false };
		const access = { ...config.access, anonymous: [...openActions] };
		return { config: { ...config, access }, warnings, open: true };
	} catch (error) {
		const lines = error instanceof ConfigError ? error.lines : [`${sentenceOf(error)}\n\n${HELP}`];
		process.stderr.write(`${lines.map((line) => `vedette relay: ${line}`).join("\n")}\n`);
		return USAGE;
	}
}

/** What a new relay tells once: its users, and what can be done now. */
function welcome({ adminPassword, publishKey }: NonNullable<Relay["fresh"]>, ports: Relay["ports"]): string {
	const [http] = ports.http;
	const [rtsp] = ports.rtsp;
	const ways = [
		...(http ? [`In a browser      http://HOST:${http}/ (as admin)`] : []),
		...(http && ports.mqtt.length > 0 ? ["A robot joins     vedette relay invite NAME"] : []),
		...(rtsp ? [`Anybody else      publishes to rtsp://publisher:${publishKey}@HOST:${rtsp}/PATH`] : []),
	];
	return `
  This relay is new, so it made two users. Their passwords are shown this once:

    user admin        password ${adminPassword}        may do everything
    user publisher    password ${publishKey}   may publish

${ways.map((way) => `  ${way}\n`).join("")}
`;
}

/** Resolves when somebody presses Ctrl-C or the system wants the relay to end; once more ends it at once. */
function endSignal(): Promise<NodeJS.Signals> {
	return new Promise((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM"] as const) {
			process.once(signal, () => {
				process.once(signal, () => process.exit(1));
				resolve(signal);
			});
		}
	});
}

/** What people from anywhere may do without a name, on some path at least. */
function everybodyMay({ access }: RelayConfig): readonly string[] {
	const guests = access.guests.filter(({ ips }) => ips.length === 0).flatMap(({ allow }) => allow);
	return [...new Set([...access.anonymous, ...guests])];
}

/** `vedette relay`: runs until it is told to end. Gives the exit code. */
export async function run(args: string[]): Promise<number> {
	if (args[0] === "mqtt-acl") return runMqttAcl(args.slice(1));
	if (isLocalCommand(args[0])) return runLocal(args[0], args.slice(1));
	const order = read(args);
	if (typeof order === "number") return order;
	const { config, warnings, open } = order;
	const log = openLog(config.log, "relay");
	if (!log) return 1;
	for (const warning of warnings) log.warn(warning);
	process.on("uncaughtExceptionMonitor", (error) => log.fatal({ err: error }, "the relay breaks down"));
	const ended = endSignal();
	let relay: Relay;
	try {
		relay = await startRelay(config, log);
	} catch (error) {
		const reason = startError(error, config);
		log.error({ reason }, "the relay cannot start");
		process.stderr.write(`vedette relay: ${reason}\n`);
		return 1;
	}
	if (relay.fresh) process.stdout.write(welcome(relay.fresh, relay.ports));
	const anonymous = everybodyMay(config);
	if (anonymous.length > 0) log.warn({ anonymous }, `everybody may use this relay${open ? " (--open)" : ""}`);
	log.info(relay.ports, "the relay is running");
	log.info({ signal: await ended }, "the relay is going down");
	await relay.stop();
	return 0;
}
