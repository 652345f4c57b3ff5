import { Access } from "../access/access.ts";
import { type FirstUsers, firstUsers } from "../access/first-start.ts";
import { settingsOf } from "../config/path-settings.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import { makeStateDir, stateDirOf } from "../config/state-dir.ts";
import { openControl } from "../control/control.ts";
import { Hub } from "../hub/hub.ts";
import type { Clock } from "../hub/stream.ts";
import { Pool } from "../net/pool.ts";
import { Sender } from "../net/sender/sender.ts";
import type { Log } from "../observe/log.ts";
import { RtspServer } from "../protocols/rtsp/server.ts";
import { UdpPorts } from "../protocols/rtsp/udp-ports.ts";
import { pullIntoPath as pullWhep } from "../protocols/webrtc/pull.ts";
import { logHub } from "./hub-log.ts";
import { type Pulls, startSources } from "./sources.ts";

/** A relay that runs. */
export interface Relay {
	readonly hub: Hub;
	/** The ports that were opened, also where port 0 was asked for. */
	readonly ports: RelayPorts;
	/** What the first start made, to be shown once; undefined at every other start. */
	readonly fresh: FirstUsers["fresh"];
	/** Ends everybody and closes everything, in the reverse order. */
	stop(): Promise<void>;
}

export interface RelayPorts {
	readonly rtsp: readonly number[];
	readonly http: readonly number[];
	readonly api: readonly number[];
	readonly metrics: readonly number[];
}

const clock: Clock = {
	now: () => performance.now(),
	unix: () => Date.now(),
	after: (ms, call) => {
		const timer = setTimeout(call, ms);
		return () => clearTimeout(timer);
	},
};

/** Builds every part and starts them in order. Rejects where a port is taken or the state directory cannot be used. */
export async function startRelay(config: RelayConfig, log: Log): Promise<Relay> {
	await using parts = new AsyncDisposableStack();
	const stateDir = stateDirOf(config.stateDir, process.env);
	makeStateDir(stateDir);
	const { access, fresh } = openAccess(config, stateDir, log);
	const pool = new Pool(config.limits.cacheSize);
	const hub = new Hub({
		pool,
		clock,
		maxPaths: config.limits.maxPaths,
		settings: (name) => settingsOf(config.paths, name),
	});
	const sender = openSender(config, pool, log);
	parts.defer(() => sender.close());
	parts.defer(() => hub.close("the relay is going down"));
	parts.defer(logHub(hub, log.child({ room: "hub" })));
	const rtsp = parts.use(await openRtsp(config, hub, access, log));
	const pulls: Pulls = {
		whep: (path, url, _transport, signal, onLive) => pullWhep(hub, path, url, signal, onLive),
		wheps: (path, url, _transport, signal, onLive) => pullWhep(hub, path, url, signal, onLive),
	};
	parts.defer(startSources(config.paths, pulls, log.child({ room: "sources" })));
	const control = parts.use(
		await openControl({
			config,
			hub,
			access,
			log: log.child({ room: "http" }),
			stateDir,
			webrtc: undefined,
			sessions: {},
		}),
	);
	const running = parts.move();
	const { all: http, api, metrics } = control.ports;
	return { hub, ports: { rtsp: rtsp.ports, http, api, metrics }, fresh, stop: () => running.disposeAsync() };
}

function openSender(config: RelayConfig, pool: Pool, log: Log): Sender {
	const own = log.child({ room: "sender" });
	return Sender.create({ pool, threads: config.threads, log: (message) => own.warn(message) });
}

/** RTSP with its UDP ports; without them where the configuration names none. */
async function openRtsp(config: RelayConfig, hub: Hub, access: Access, log: Log): Promise<RtspServer> {
	const { sessionTimeout, requestTimeout, rtpAddress, rtcpAddress } = config.rtsp;
	const udp = rtpAddress[0] && rtcpAddress[0] ? await UdpPorts.open(rtpAddress[0], rtcpAddress[0]) : undefined;
	const context = { hub, access, log: log.child({ room: "rtsp" }), udp, sessionTimeout, requestTimeout };
	return RtspServer.listen(context, config.rtsp);
}

/** Closed unless opened: without users in the configuration the first start makes some. */
function openAccess(config: RelayConfig, stateDir: string, log: Log): { access: Access; fresh: FirstUsers["fresh"] } {
	const { users: configured, anonymous } = config.access;
	const closed = configured.length === 0 && anonymous.length === 0;
	const { users, fresh } = closed ? firstUsers(stateDir) : { users: configured, fresh: undefined };
	return { access: new Access({ ...config.access, users, stateDir, log: log.child({ room: "access" }) }), fresh };
}
