import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SecureContext } from "node:tls";
import { fileURLToPath } from "node:url";
import type { Access } from "../access/access.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import type { Hub } from "../hub/hub.ts";
import type { Log } from "../observe/log.ts";
import { Metrics } from "../observe/metrics.ts";
import { describeDemand } from "./demand-metrics.ts";
import type { ForwardSource, HlsDoor, LiveDoor, MqttDoor, SessionSource, WebRtcDoor } from "./http/room.ts";
import { type HttpServer, startHttp } from "./http/server.ts";
import { withViewerLimit } from "./http/viewer-limit.ts";
import { Ledger } from "./ledger.ts";
import { describeLikeMediaMtx } from "./mediamtx-metrics.ts";
import { describeMetrics } from "./metrics.ts";
import { Polling } from "./polling.ts";
import type { Robots } from "./robots/robots.ts";
import { describeSessions } from "./session-metrics.ts";
import { Thumbnails } from "./thumbnails.ts";

export interface ControlOptions {
	readonly config: Pick<
		RelayConfig,
		"http" | "webrtc" | "signaling" | "streams" | "api" | "metrics" | "paths" | "access"
	>;
	readonly hub: Hub;
	readonly access: Access;
	readonly log: Log;
	/** Absolute; the socket for the command line is made there. Undefined for none. */
	readonly stateDir: string | undefined;
	/** Undefined where there is no WebRTC. */
	readonly webrtc: WebRtcDoor | undefined;
	readonly robots: Robots;
	/** For TLS at the addresses of the web server; undefined for none. */
	readonly tls?: (() => SecureContext) | undefined;
	/** Undefined where there is no MQTT. */
	readonly mqtt?: MqttDoor | undefined;
	/** Undefined where there is no WebSocket. */
	readonly live?: LiveDoor | undefined;
	/** Undefined where there is no HLS. */
	readonly hls?: HlsDoor | undefined;
	/** Undefined where nothing is pushed on. */
	readonly forwards?: ForwardSource | undefined;
	/** Where RTSP is served; undefined for nowhere. */
	readonly rtspPort?: number | undefined;
	/** By MediaMTX's name: `rtspconns`, `rtspsessions`, `webrtcsessions`. */
	readonly sessions: Readonly<Record<string, SessionSource>>;
	/** Adds metrics that only other rooms can read. */
	readonly describeMore?: ((metrics: Metrics) => void) | undefined;
	/** Folder of the built page; left out, the one of this package. */
	readonly pageDir?: string;
}

export interface Control extends AsyncDisposable {
	readonly ports: HttpServer["ports"];
	close(): Promise<void>;
}

/** The file in the state directory by which the command line talks to a running relay. */
const SOCKET = "vedette.sock";

/** Path of the socket of the relay that uses this state directory. */
export function socketIn(stateDir: string): string {
	return join(stateDir, SOCKET);
}

function packageVersion(): string {
	const manifest: { version: string } = JSON.parse(
		readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
	);
	return manifest.version;
}

/** Opens everything that people and programs ask the relay by. Rejects where an address cannot be listened on. */
export async function openControl(options: ControlOptions): Promise<Control> {
	const { config, hub, access, log, stateDir, webrtc, sessions } = options;
	const ledger = new Ledger(hub);
	const metrics = new Metrics();
	const polling = new Polling(hub);
	describeMetrics(metrics, hub, ledger);
	describeDemand(metrics, hub.demand);
	if (sessions.webrtcsessions) describeSessions(metrics, sessions.webrtcsessions);
	describeLikeMediaMtx(metrics, hub, ledger, sessions);
	options.describeMore?.(metrics);
	const room = {
		config,
		hub,
		access,
		ledger,
		metrics,
		log,
		webrtc: webrtc && withViewerLimit(webrtc, config.streams),
		mqtt: options.mqtt,
		live: options.live,
		hls: options.hls,
		forwards: options.forwards,
		rtspPort: options.rtspPort,
		sessions,
		robots: options.robots,
		polling,
		thumbnails: new Thumbnails(),
		version: packageVersion(),
		pageDir: options.pageDir ?? fileURLToPath(new URL("../../dist/web/", import.meta.url)),
		startedAt: Date.now(),
	};
	const addresses = {
		http: config.http.address,
		https: config.http.tls,
		tls: options.tls,
		signaling: config.signaling,
		api: config.api.address,
		metrics: config.metrics.address,
		socket: stateDir === undefined ? undefined : socketIn(stateDir),
		loginTime: config.access.loginTime,
	};
	try {
		const server = await startHttp(room, addresses);
		const close = async () => {
			ledger.close();
			polling[Symbol.dispose]();
			await server.close();
		};
		return { ports: server.ports, close, [Symbol.asyncDispose]: close };
	} catch (error) {
		ledger.close();
		throw error;
	}
}
