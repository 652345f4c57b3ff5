import type { RequestOptions } from "node:http";
import { parseArgs } from "node:util";
import { takeLogin } from "../access/url-login.ts";
import { stateDirOf } from "../config/state-dir.ts";
import { socketIn } from "../control/control.ts";
import type { StreamInfo } from "../control/page-api.ts";
import { ask, refusalIn } from "./ask.ts";
import { readRelayConfig, sentenceOf } from "./options.ts";
import { type Health, statusText } from "./status-text.ts";

const HELP = `usage: vedette status [--config FILE] [--set KEY=VALUE]... [--json]
       vedette status --url http://HOST:8080 [--user NAME:PASSWORD] [--json]

Shows a running relay's streams: the relay of this machine that uses the same state directory, or another one.

  --config FILE, --set KEY=VALUE   as for vedette relay; only stateDir matters
  --url URL                        the HTTP address of another relay
  --user NAME:PASSWORD             who asks there; VEDETTE_USER in the environment keeps it out of sight
  --json                           for programs
`;

const USAGE = 2;
/** No relay answers. */
const NOBODY = 3;

const options = {
	config: { type: "string" },
	set: { type: "string", multiple: true },
	url: { type: "string" },
	user: { type: "string" },
	json: { type: "boolean" },
	help: { type: "boolean", short: "h" },
} as const;

/** What the relay answers to a question. Rejects where nobody answers, or the answer is not 200. */
async function answerTo(target: RequestOptions, path: string): Promise<unknown> {
	const answer = await ask(target, "GET", path);
	if (answer.status !== 200) throw new Error(`the relay answers ${answer.status}: ${refusalIn(answer)}`);
	return answer.body;
}

function remote(text: string, user: string | undefined): RequestOptions {
	const login = takeLogin(text);
	const { protocol, hostname, port } = login.url;
	if (protocol !== "http:") throw new Error(`expected an address that begins with http://, got ${text}`);
	const auth = user ?? (login.user ? `${login.user}:${login.password}` : undefined);
	return { hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port: port || 80, ...(auth !== undefined && { auth }) };
}

/** `vedette status`: shows what a running relay does. Gives the exit code: 0, or 3 where no relay answers. */
export async function run(args: string[]): Promise<number> {
	let target: RequestOptions;
	let json: boolean;
	try {
		const { values } = parseArgs({ args, options });
		if (values.help) {
			process.stdout.write(HELP);
			return 0;
		}
		json = values.json === true;
		const user = values.user ?? process.env.VEDETTE_USER;
		const local = () =>
			socketIn(stateDirOf(readRelayConfig(values.config, values.set ?? []).config.stateDir, process.env));
		target = values.url === undefined ? { socketPath: local() } : remote(values.url, user);
	} catch (error) {
		process.stderr.write(`vedette status: ${sentenceOf(error)}\n`);
		return USAGE;
	}
	try {
		const health = (await answerTo(target, "/health")) as Health;
		const { now, streams } = (await answerTo(target, "/api/streams")) as {
			now: number;
			streams: readonly StreamInfo[];
		};
		const text = json ? `${JSON.stringify({ health, now, streams }, null, "\t")}\n` : statusText(health, streams, now);
		process.stdout.write(text);
		return 0;
	} catch (error) {
		const place = target.socketPath ?? `${target.hostname}:${target.port}`;
		process.stderr.write(`vedette status: no relay at ${place}: ${sentenceOf(error)}\n`);
		return NOBODY;
	}
}
