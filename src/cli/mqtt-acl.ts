import { parseArgs } from "node:util";
import { stateDirOf } from "../config/state-dir.ts";
import { socketIn } from "../control/control.ts";
import { mosquittoAcl } from "../control/mqtt/mosquitto-acl.ts";
import type { RobotInfo } from "../control/page-api.ts";
import { ask } from "./ask.ts";
import { readRelayConfig, sentenceOf } from "./options.ts";

const HELP = `usage: vedette relay mqtt-acl [--config FILE] [--set KEY=VALUE]...

Prints the users and rights that Mosquitto needs, where it is the broker of this relay and its robots. Robots are the
users that may publish, and those that the relay knows, where it runs on this machine.
`;

const USAGE = 2;

const options = {
	config: { type: "string" },
	set: { type: "string", multiple: true },
	help: { type: "boolean", short: "h" },
} as const;

/** The robots that a relay on this machine knows; none where it does not run. */
async function knownRobots(socketPath: string): Promise<readonly string[]> {
	try {
		const { status, body } = await ask({ socketPath }, "GET", "/api/robots");
		return status < 300 ? (body as { robots: readonly RobotInfo[] }).robots.map(({ name }) => name) : [];
	} catch {
		process.stderr.write(
			"vedette relay mqtt-acl: no relay runs here: only the robots of the configuration are known\n",
		);
		return [];
	}
}

/** `vedette relay mqtt-acl`. Gives the exit code. */
export async function runMqttAcl(args: string[]): Promise<number> {
	try {
		const { values } = parseArgs({ args, options });
		if (values.help) {
			process.stdout.write(HELP);
			return 0;
		}
		const { config } = readRelayConfig(values.config, values.set ?? []);
		const robots = await knownRobots(socketIn(stateDirOf(config.stateDir, process.env)));
		const { mqtt, access } = config;
		process.stdout.write(mosquittoAcl({ mqtt, users: access.users, robots }));
		return 0;
	} catch (error) {
		process.stderr.write(`vedette relay mqtt-acl: ${sentenceOf(error)}\n`);
		return USAGE;
	}
}
