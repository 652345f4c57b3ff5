import { join } from "node:path";
import { Access } from "../access/access.ts";
import { type FirstUsers, firstUsers } from "../access/first-start.ts";
import { settingsOf } from "../config/path-settings.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import { makeStateDir, stateDirOf } from "../config/state-dir.ts";
import { withStreamSources } from "../config/streams.ts";
import { type Control, openControl } from "../control/control.ts";
import { openDatabase } from "../control/database.ts";
import { SqliteHolds } from "../control/holds.ts";
import { Hooks } from "../control/hooks/hooks.ts";
import { systemClock } from "../hub/clock.ts";
import { Fans } from "../hub/fans.ts";
import { Hub } from "../hub/hub.ts";
import type { PathName } from "../media/path-name.ts";
import { Pool } from "../net/pool.ts";
import { Sender } from "../net/sender/sender.ts";
import type { SenderStream } from "../net/sender/stream.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { pullIntoPath as pullHls } from "../protocols/hls/pull.ts";
import { HlsServer } from "../protocols/hls/server.ts";
import { pullIntoPath as pullRtmp } from "../protocols/rtmp/pull.ts";
import { pullIntoPath as pullRtsp } from "../protocols/rtsp/pull.ts";
import { UdpPorts } from "../protocols/rtsp/udp-ports.ts";
import { pullIntoPath as pullSrt } from "../protocols/srt/pull.ts";
import { WebRtcServer, webRtcUnavailable } from "../protocols/webrtc/server.ts";
import { LiveSockets } from "../protocols/websocket/server.ts";
import { Forwards } from "./forwards.ts";
import { framedSource } from "./framed-sources.ts";
import { describeHls } from "./hls-metrics.ts";
import { logDemand, logHub } from "./hub-log.ts";
import { describeParts } from "./metrics.ts";
import { describeRobots, openRobots, type RobotsPart } from "./robots.ts";
import { describeRtmp, openRtmp, type RtmpServers } from "./rtmp.ts";
import { describeRtsp, openRtsp, type RtspServers } from "./rtsp.ts";
import { type Pulls, startSources } from "./sources.ts";
import { describeSrt, openSrt, type SrtServers } from "./srt.ts";
import { type WebTls, webTls } from "./tls.ts";
import { describeTranscoder, FfmpegTranscoder } from "./transcoder.ts";
import { udpSources } from "./udp-sources.ts";

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

interface RelayPorts {
	readonly rtsp: readonly number[];
	readonly rtsps: readonly number[];
	/** RTP and RTCP; undefined where RTSP has no UDP. */
	readonly rtp: readonly [number, number] | undefined;
	readonly rtmp: readonly number[];
	readonly rtmps: readonly number[];
	readonly srt: readonly number[];
	/** UDP, and TCP with the same number. */
	readonly webrtc: readonly number[];
	/** Of the embedded broker. */
	readonly mqtt: readonly number[];
	readonly http: readonly number[];
	readonly signaling: readonly number[];
	readonly api: readonly number[];
	readonly metrics: readonly number[];
}

/** What every protocol's server is given. */
interface House {
	readonly config: RelayConfig;
	readonly stateDir: string;
	readonly hub: Hub;
	readonly fans: Fans<SenderStream>;
	readonly access: Access;
	readonly hooks: Hooks;
	readonly log: Log;
}

/** The servers that the HTTP server leads to. */
interface ForPages {
	readonly robots: RobotsPart;
	readonly tls: WebTls;
	readonly webrtc: WebRtcServer | undefined;
	readonly live: LiveSockets;
	readonly hls: HlsServer;
	readonly forwards: Forwards;
}

/** Builds every part and starts them in order. Rejects where a port is taken or the state directory cannot be used. */
export async function startRelay(given: RelayConfig, log: Log): Promise<Relay> {
	const config = withStreamSources(given);
	await using parts = new AsyncDisposableStack();
	const stateDir = stateDirOf(config.stateDir, process.env);
	makeStateDir(stateDir);
	const { access, fresh } = openAccess(config, stateDir, log);
	const pool = new Pool(config.limits.cacheSize);
	const sender = openSender(config, pool, log);
	parts.defer(() => sender.close());
	const { maxPaths } = config.limits;
	const transcoder = await FfmpegTranscoder.open(config.audio, log.child({ room: "audio" }));
	const database = parts.adopt(openDatabase(stateDir), (open) => open.close());
	const holds = new SqliteHolds(database);
	const hub = new Hub({
		pool,
		clock: systemClock,
		maxPaths,
		holds,
		transcoder,
		settings: (name) => settingsOf(config.paths, name),
	});
	const hooks = new Hooks(config, hub, log.child({ room: "hooks" }));
	parts.defer(() => hooks.close());
	parts.defer(() => hub.close("the relay is going down"));
	parts.defer(logHub(hub, log.child({ room: "hub" })));
	parts.defer(logDemand(hub, log.child({ room: "demand" })));
	const fans = new Fans((ring) => sender.open(ring));
	const house: House = { config, stateDir, hub, fans, access, hooks, log };
	const udp = parts.adopt(await openUdpPorts(config), (ports) => ports?.close());
	const tls = webTls(config, stateDir);
	const rtsp = parts.use(await openRtsp(house, udp, tls.material));
	const rtmp = parts.use(await openRtmp(house));
	const srt = parts.use(await openSrt(house));
	const webrtc = parts.adopt(await openWebRtc(house), (server) => server?.close());
	const live = parts.use(new LiveSockets(hub));
	const hls = parts.use(new HlsServer(hub, config.hls.closeAfter));
	const forwards = parts.use(new Forwards(hub, config.paths, log.child({ room: "forwards" })));
	const robotPorts = () => ({
		http: control.ports.all[0] ?? 0,
		rtsp: rtsp.plain.ports[0] ?? 0,
		rtsps: rtsp.plain.ports[0] ?? rtsp.tls.ports[0] ?? 0,
	});
	const robots = await openRobots({ ...house, database }, tls, robotPorts);
	parts.defer(() => robots.mqtt?.[Symbol.asyncDispose]());
	const pushed = udpSources(hub, config.paths, log.child({ room: "sources" }));
	const describeMore = (metrics: Metrics): void => {
		describeParts(metrics, pool, rtsp.plain, webrtc, pushed);
		describeRtsp(metrics, rtsp);
		describeRtmp(metrics, rtmp);
		describeSrt(metrics, srt);
		describeTranscoder(metrics, transcoder);
		forwards.describe(metrics);
		describeHls(metrics, hls);
		if (robots.mqtt) describeRobots(metrics, robots.mqtt);
	};
	const control = parts.use(
		await openWeb(house, rtsp, rtmp, srt, { robots, tls, webrtc, live, hls, forwards }, describeMore),
	);
	parts.defer(startSources(hub, config.paths, pullsInto(house, pushed.pulls), log.child({ room: "sources" })));
	hooks.start(rtsp.plain.ports[0] ?? 0);
	const running = parts.move();
	const { all: http, signaling, api, metrics } = control.ports;
	const media = {
		...{ rtsp: rtsp.plain.ports, rtsps: rtsp.tls.ports, rtp: udp?.ports },
		...{ rtmp: rtmp.plain.ports, rtmps: rtmp.tls?.ports ?? [] },
	};
	const ports = {
		...media,
		srt: srt.ports,
		webrtc: webrtc?.ports ?? [],
		mqtt: robots.mqtt?.ports ?? [],
		http,
		signaling,
		api,
		metrics,
	};
	return { hub, ports, fresh, stop: () => running.disposeAsync() };
}

/** Closed unless opened: without users in the configuration the first start makes some. */
function openAccess(config: RelayConfig, stateDir: string, log: Log): { access: Access; fresh: FirstUsers["fresh"] } {
	const { users: configured, anonymous, guests } = config.access;
	const closed = configured.length === 0 && anonymous.length === 0 && guests.length === 0;
	const { users, fresh } = closed ? firstUsers(stateDir) : { users: configured, fresh: undefined };
	return { access: new Access({ ...config.access, users, stateDir, log: log.child({ room: "access" }) }), fresh };
}

function openSender({ threads }: RelayConfig, pool: Pool, log: Log): Sender {
	const own = log.child({ room: "sender" });
	return Sender.create({ pool, threads, log: (message) => own.warn(message) });
}

/** RTP and RTCP of RTSP; none where the configuration names none. */
async function openUdpPorts({ rtsp }: RelayConfig): Promise<UdpPorts | undefined> {
	const [rtp, rtcp] = [rtsp.rtpAddress[0], rtsp.rtcpAddress[0]];
	return rtp && rtcp ? UdpPorts.open(rtp, rtcp) : undefined;
}

async function openWebRtc({ config, stateDir, hub, fans, log }: House): Promise<WebRtcServer | undefined> {
	const own = log.child({ room: "webrtc" });
	const reason = webRtcUnavailable();
	if (config.webrtc.address.length === 0) return undefined;
	if (reason !== undefined) {
		own.warn({ reason }, "there is no WebRTC on this machine");
		return undefined;
	}
	const certificateFile = join(stateDir, "webrtc.pem");
	return WebRtcServer.listen({ hub, fans, log: own, certificateFile }, config.webrtc);
}

function openWeb(
	{ config, stateDir, hub, access, log }: House,
	rtsp: RtspServers,
	rtmp: RtmpServers,
	srt: SrtServers,
	{ robots: { mqtt, robots }, tls, webrtc, live, hls, forwards }: ForPages,
	describeMore: (metrics: Metrics) => void,
): Promise<Control> {
	const sessions = {
		rtspconns: rtsp.plain.connectionSource,
		rtspsessions: rtsp.plain.sessionSource,
		rtspsconns: rtsp.tls.connectionSource,
		rtspssessions: rtsp.tls.sessionSource,
		rtmpconns: rtmp.plain,
		...(rtmp.tls && { rtmpsconns: rtmp.tls }),
		srtconns: srt,
		...(webrtc && { webrtcsessions: webrtc }),
		hlssessions: hls.viewers,
		websocketsessions: live,
	};
	const rtspPort = rtsp.plain.ports[0];
	const own = log.child({ room: "http" });
	const doors = { robots, mqtt, tls: () => tls.material.context, webrtc, live, hls, forwards, rtspPort, sessions };
	return openControl({ config, hub, access, log: own, stateDir, ...doors, describeMore });
}

function pullsInto(house: House, pushed: Pulls): Pulls {
	const { hub, config } = house;
	const fingerprintOf = (path: PathName): string => config.paths[path]?.sourceFingerprint ?? "";
	const rtsp: Pulls[string] = (path, url, transport, signal, onLive) =>
		pullRtsp(hub, path, { url, transport, fingerprint: fingerprintOf(path) }, signal, onLive);
	// A relay that pulls nothing by WHEP does without libdatachannel's memory.
	const whep: Pulls[string] = async (path, url, _transport, signal, onLive) => {
		const { pullIntoPath } = await import("../protocols/webrtc/pull.ts");
		return pullIntoPath(hub, path, url, signal, onLive);
	};
	const rtmp: Pulls[string] = (path, url, _transport, signal, onLive) =>
		pullRtmp(hub, path, { url, maxMessage: config.rtmp.maxMessage, fingerprint: fingerprintOf(path) }, signal, onLive);
	const hls = framedSource(pullHls, house);
	return {
		http: hls,
		https: hls,
		rtmp,
		rtmps: rtmp,
		rtsp,
		rtsps: rtsp,
		srt: framedSource(pullSrt, house),
		whep,
		wheps: whep,
		...pushed,
	};
}
