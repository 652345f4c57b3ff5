import { Access } from "../access/access.ts";
import { type FirstUsers, firstUsers } from "../access/first-start.ts";
import { settingsOf } from "../config/path-settings.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import { makeStateDir, stateDirOf } from "../config/state-dir.ts";
import { Hub } from "../hub/hub.ts";
import type { Clock } from "../hub/stream.ts";
import { Pool } from "../net/pool.ts";
import type { Log } from "../observe/log.ts";
import { RtspServer } from "../protocols/rtsp/server.ts";
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
	parts.defer(() => hub.close("the relay is going down"));
	parts.defer(logHub(hub, log.child({ room: "hub" })));
	const { sessionTimeout, requestTimeout } = config.rtsp;
	const rtsp = parts.use(
		await RtspServer.listen(
			{ hub, access, log: log.child({ room: "rtsp" }), sessionTimeout, requestTimeout },
			config.rtsp,
		),
	);
	const pulls: Pulls = {
		whep: (path, url, _transport, signal, onLive) => pullWhep(hub, path, url, signal, onLive),
		wheps: (path, url, _transport, signal, onLive) => pullWhep(hub, path, url, signal, onLive),
	};
	parts.defer(startSources(config.paths, pulls, log.child({ room: "sources" })));
	const running = parts.move();
	return { hub, ports: { rtsp: rtsp.ports }, fresh, stop: () => running.disposeAsync() };
}

/** Closed unless opened: without users in the configuration the first start makes some. */
function openAccess(config: RelayConfig, stateDir: string, log: Log): { access: Access; fresh: FirstUsers["fresh"] } {
	const { users: configured, anonymous } = config.access;
	const closed = configured.length === 0 && anonymous.length === 0;
	const { users, fresh } = closed ? firstUsers(stateDir) : { users: configured, fresh: undefined };
	return { access: new Access({ ...config.access, users, stateDir, log: log.child({ room: "access" }) }), fresh };
}
