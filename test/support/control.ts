import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Access } from "../../src/access/access.ts";
import { parseYaml } from "../../src/config/load.ts";
import { settingsOf } from "../../src/config/path-settings.ts";
import { relaySchema } from "../../src/config/relay-schema.ts";
import { type Control, type ControlOptions, openControl } from "../../src/control/control.ts";
import { Registry } from "../../src/control/robots/registry.ts";
import { Robots } from "../../src/control/robots/robots.ts";
import { systemClock } from "../../src/hub/clock.ts";
import { Hub } from "../../src/hub/hub.ts";
import type { Publication } from "../../src/hub/path.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import { Pool } from "../../src/net/pool.ts";
import { createLog } from "../../src/observe/log.ts";
import { writeRtpHeader } from "../../src/wire/rtp.ts";
import { h264Track, PARAMETER_SETS } from "./tracks.ts";

/** A control room on free ports of loopback, with a hub that tests feed by hand. */
export interface TestControl extends AsyncDisposable {
	readonly hub: Hub;
	readonly control: Control;
	readonly stateDir: string;
	/** Lines of the log. */
	readonly lines: string[];
	/** Address of the role's first listener, without a slash at its end. */
	url(role?: "all" | "api" | "metrics"): string;
}

const defaults = `
http: { address: "127.0.0.1:0" }
signaling: { address: "127.0.0.1:0" }
api: { address: "127.0.0.1:0" }
metrics: { address: "127.0.0.1:0" }
`;

/** The users of the tests: `admin:a`, `viewer:v` (reads robot1/*), `robot1:r` (publishes robot1/*). */
export const users = `[
	{ name: admin, password: a, allow: [publish, read, playback, api, metrics, control, admin], token: administrators-token },
	{ name: viewer, password: v, allow: [read], paths: ["robot1/*"] },
	{ name: robot1, password: r, allow: [publish], paths: ["robot1/*"] },
]`.replaceAll("\n", " ");

function makeFolder(): string {
	const stateDir = mkdtempSync(join(tmpdir(), "vedette-control-"));
	const page = join(stateDir, "page");
	mkdirSync(join(page, "assets"), { recursive: true });
	writeFileSync(join(page, "index.html"), "<!doctype html><title>page</title>");
	writeFileSync(join(page, "vedette-player.js"), "export {};");
	writeFileSync(join(page, "assets", "x-1234.js"), "1;");
	return stateDir;
}

/** Starts a control room. `yaml` stands over the tests' own configuration, by top-level keys. */
export async function startControl(yaml: string, options: Partial<ControlOptions> = {}): Promise<TestControl> {
	const keys = new Set([...yaml.matchAll(/^(\w+):/gm)].map(([, key]) => key));
	const kept = defaults.split("\n").filter((line) => !keys.has(line.split(":")[0]!));
	const config = parseYaml(`${kept.join("\n")}\n${yaml}`, "test.yml", relaySchema);
	const stateDir = makeFolder();
	const lines: string[] = [];
	const log = createLog(
		{ level: "info", file: "", format: "json" },
		{ write: (line: string) => void lines.push(line) },
	);
	const settings = (name: Parameters<typeof settingsOf>[1]) => settingsOf(config.paths, name);
	const hub = new Hub({ pool: new Pool(16 * 1024 * 1024), clock: systemClock, maxPaths: 100, settings });
	const access = new Access({ ...config.access, log });
	const registry = new Registry(new DatabaseSync(":memory:"), access);
	const info = (): never => {
		throw new Error("nobody joins here");
	};
	const control = await openControl({
		config,
		robots: new Robots(hub, registry, undefined, info, log),
		hub,
		access,
		log,
		stateDir,
		webrtc: undefined,
		sessions: {},
		pageDir: join(stateDir, "page"),
		...options,
	});
	return {
		hub,
		control,
		stateDir,
		lines,
		url: (role = "all") => `http://127.0.0.1:${control.ports[role][0]}`,
		[Symbol.asyncDispose]: async () => {
			await control.close();
			hub.close("the test is over");
			rmSync(stateDir, { recursive: true });
		},
	};
}

const track = h264Track(PARAMETER_SETS);

/** Publishes an H.264 stream of which `feed` sends pictures, the first one a key frame. */
export function publishTo(hub: Hub, name: string): { publication: Publication; feed(pictures: number): void } {
	const info = { type: "rtspSession", id: `id-${name}`, remoteAddress: "192.0.2.7:5000", identity: "user robot1" };
	const publication = hub.publish(parsePathName(name)!, [track], info, { onEnd: () => undefined });
	let sequence = 0;
	let timestamp = 0;
	const feed = (pictures: number) => {
		for (let n = 0; n < pictures; n++) {
			const packet = Buffer.alloc(112, 0x55);
			writeRtpHeader(packet, 0, 96, true, sequence, timestamp, 7);
			packet[12] = sequence === 0 ? 0x65 : 0x41;
			publication.packet(0, packet, 0, packet.length);
			sequence++;
			timestamp += 3000;
		}
	};
	return { publication, feed };
}

/** A request with everything under the test's control, the Host header and the raw path too. */
export function raw(
	url: string,
	options: { method?: string; path?: string; headers?: Record<string, string>; body?: string; socketPath?: string },
): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: string }> {
	return new Promise((resolve, reject) => {
		const { hostname, port } = new URL(url);
		const { body, ...rest } = options;
		const place = options.socketPath === undefined ? { hostname, port } : {};
		const outgoing = request({ ...place, ...rest }, (response) => {
			let text = "";
			response.setEncoding("utf8");
			response.on("data", (chunk: string) => {
				text += chunk;
			});
			response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
		});
		outgoing.on("error", reject);
		outgoing.end(body);
	});
}
