import { basename } from "node:path";
import { checked, type Override, parseSource, type Source } from "./load.ts";
import { translateAccess } from "./mediamtx-access.ts";
import { Draft, type Given, isGiven, Keys, own, plain } from "./mediamtx-draft.ts";
import { withEnvironment } from "./mediamtx-environment.ts";
import { globalKeys, oldGlobalKeys, oldPathKeys, pathKeys, serverKeys } from "./mediamtx-keys.ts";
import { translatePaths } from "./mediamtx-paths.ts";
import { type RelayConfig, relaySchema } from "./relay-schema.ts";
import { fieldsOf, schemaAt } from "./schema-tree.ts";
import { suggest } from "./suggest.ts";

/** A relay's configuration, and what people should know of how it was read. */
export interface Translation {
	readonly config: RelayConfig;
	/** `KEY: a sentence`, one for each key. */
	readonly warnings: readonly string[];
}

const ours = fieldsOf(relaySchema)!;
const ourPathKeys = fieldsOf(schemaAt(relaySchema, ["paths", "x"])!)!;

function hasTheirPathKeys(paths: unknown): boolean {
	if (!isGiven(paths)) return false;
	const keys = Object.values(paths).flatMap((path) => (isGiven(path) ? Object.keys(path) : []));
	return keys.some((key) => !Object.hasOwn(ourPathKeys, key) && Object.hasOwn({ ...pathKeys, ...oldPathKeys }, key));
}

/**
 * Whether a file is MediaMTX's: by a key that only MediaMTX has, or by its name where no key is only ours. A file that is
 * called ours is ours: a slip in it must not make a relay open, as MediaMTX's are.
 */
function isTheirs(data: unknown, file: string): boolean {
	if (!isGiven(data) || /vedette/i.test(basename(file))) return false;
	const isOurs = ([key, value]: [string, unknown]): boolean =>
		Object.hasOwn(ours, key) && key !== "paths" && (isGiven(value) || !Object.hasOwn(globalKeys, key));
	const entries = Object.entries(data);
	if (entries.some(isOurs)) return false;
	if (/^(mediamtx|rtsp-simple-server)\.ya?ml$/.test(basename(file))) return true;
	const theirs = (key: string): boolean => key !== "paths" && Object.hasOwn({ ...globalKeys, ...oldGlobalKeys }, key);
	return entries.some(([key]) => theirs(key)) || hasTheirPathKeys(data.paths);
}

const opposite: Readonly<Record<string, string>> = { yes: "no", no: "yes" };

/** Old names replaced by the present ones, and the ports of `server` by addresses. */
function renamed(draft: Draft, given: Given): Given {
	const present: Record<string, unknown> = {};
	for (const [key, value] of Object.entries(isGiven(given.server) ? given.server : {})) {
		const name = own(serverKeys, key);
		if (name === undefined)
			draft.warn(`server.${key}`, `no such key; known here: ${Object.keys(serverKeys).join(", ")}`);
		else present[name] = `:${plain(value)}`;
	}
	for (const [key, value] of Object.entries(given)) {
		const name = own(oldGlobalKeys, key) ?? key;
		if (name !== key && Object.hasOwn(given, name)) continue;
		present[name] = key.endsWith("Disable") ? (own(opposite, plain(value)) ?? value) : value;
	}
	return present;
}

/** Where in the file the value of a present name stands. */
function placeOf(given: Given, key: string): readonly string[] {
	if (Object.hasOwn(given, key)) return [key];
	const old = Object.keys(given).find((one) => own(oldGlobalKeys, one) === key);
	if (old !== undefined) return [old];
	const port = Object.keys(serverKeys).find((one) => serverKeys[one] === key);
	return port !== undefined && isGiven(given.server) && Object.hasOwn(given.server, port) ? ["server", port] : [];
}

interface Door {
	/** MediaMTX's switch. */
	readonly key: string;
	readonly isOn: boolean;
	readonly address: string;
	readonly preset: string;
	/** Our setting. */
	readonly to: readonly string[];
}

/** Doors with an address of their own. */
const doors: readonly Door[] = [
	{ key: "rtsp", isOn: true, address: "rtspAddress", preset: ":8554", to: ["rtsp", "address"] },
	{ key: "webrtc", isOn: true, address: "webrtcLocalUDPAddress", preset: ":8189", to: ["webrtc", "address"] },
	{ key: "rtmp", isOn: true, address: "rtmpAddress", preset: ":1935", to: ["rtmp", "address"] },
	{ key: "srt", isOn: true, address: "srtAddress", preset: ":8890", to: ["srt", "address"] },
	{ key: "api", isOn: false, address: "apiAddress", preset: ":9997", to: ["api", "address"] },
	{ key: "metrics", isOn: false, address: "metricsAddress", preset: ":9998", to: ["metrics", "address"] },
];

/** Of which of MediaMTX's doors there is none here. */
const absent = {
	rtmp: "this version has no RTMP: the port stays closed",
	srt: "this version has no SRT: the port stays closed",
	moq: "there is no Media over QUIC: the port stays closed",
	playback: "there is no playback of recordings: the port stays closed",
	pprof: "there is no pprof: the port stays closed",
} as const;

const noTls = "the relay has no TLS of its own yet: the port stays closed rather than open without it";

/** Whether a door asks for TLS alone. */
function needsTls(keys: Keys, key: string): boolean {
	const asked = plain(keys.raw(`${key}Encryption`));
	return asked === "yes" || asked === "strict";
}

/** The door with TLS beside the open one. */
function translateTls(draft: Draft, keys: Keys, key: string, to: readonly string[], on: boolean): void {
	const preset = globalKeys[`${key}sAddress`] ?? "";
	const parts = { address: keys.text(`${key}sAddress`, preset), cert: `${key}ServerCert`, key: `${key}ServerKey` };
	draft.set([...to, "address"], on ? parts.address : "", keys.at(`${key}sAddress`));
	for (const part of ["cert", "key"] as const) {
		const file = keys.text(parts[part], globalKeys[parts[part]]);
		if (on) draft.set([...to, part], file, keys.at(parts[part]));
	}
}

function translateDoor(draft: Draft, keys: Keys, { key, isOn, address, preset, to }: Door): void {
	const on = keys.flag(key, isOn);
	const where = keys.text(address, preset);
	if (!draft.knows(to)) {
		if (on && (keys.has(key) || keys.has(address))) draft.warn(key, absent[key as keyof typeof absent]);
		return;
	}
	const secret = on && key !== "webrtc" && needsTls(keys, key);
	const optional = on && plain(keys.raw(`${key}Encryption`)) === "optional";
	const tls = [to[0]!, "tls"];
	if (draft.knows([...tls, "address"])) translateTls(draft, keys, key, tls, secret || optional);
	else if (secret) draft.warn(`${key}Encryption`, noTls);
	else if (optional) draft.warn(`${key}Encryption`, "there is no TLS here yet: only the open port is there");
	draft.set(to, on && !secret ? where : "", keys.at(keys.has(address) ? address : key));
}

/** The pages of WebRTC and HLS are listeners of the same web server. */
function translateHttp(draft: Draft, keys: Keys): void {
	const listeners: string[] = [];
	for (const [key, preset] of [
		["webrtc", ":8889"],
		["hls", ":8888"],
	] as const) {
		const address = keys.text(`${key}Address`, preset);
		if (!keys.flag(key, true)) continue;
		if (needsTls(keys, key)) draft.warn(`${key}Encryption`, noTls);
		else if (!listeners.includes(address)) listeners.push(address);
	}
	draft.set(["http", "address"], listeners, keys.at(keys.has("webrtcAddress") ? "webrtcAddress" : "hlsAddress"));
	const union = (name: string, preset: readonly string[]): string[] => [
		...new Set(["webrtc", "hls"].flatMap((key) => keys.list(`${key}${name}`, preset))),
	];
	draft.set(["http", "allowOrigins"], union("AllowOrigins", ["*"]), keys.at("webrtcAllowOrigins"));
	draft.set(["http", "trustedProxies"], union("TrustedProxies", []), keys.at("webrtcTrustedProxies"));
}

function translateRtsp(draft: Draft, keys: Keys): void {
	const transports = keys.list("rtspTransports", ["udp", "multicast", "tcp"]);
	const udp = transports.includes("udp") && keys.flag("rtsp", true);
	for (const [key, preset] of [
		["rtpAddress", ":8000"],
		["rtcpAddress", ":8001"],
	] as const) {
		const address = keys.text(key, preset);
		draft.set(["rtsp", key], udp ? address : "", keys.at(key));
	}
	if (!transports.includes("tcp")) draft.warn("rtspTransports", "players may use TCP all the same");
	else if (transports.includes("multicast") && keys.holds("rtspTransports") && transports.length < 3) {
		draft.warn("rtspTransports", "there is no multicast");
	}
	const methods = keys.list("rtspAuthMethods", ["basic"]);
	if (methods.length > 0 && !methods.includes("basic")) {
		draft.warn("rtspAuthMethods", "Basic is offered beside Digest");
	}
}

function iceServerOf(draft: Draft, given: unknown): object | undefined {
	if (typeof given === "string") {
		const [scheme = "", ...rest] = given.split(":");
		if (rest.length < 3) return { urls: given };
		return { urls: `${scheme}:${rest.slice(2).join(":")}`, username: rest[0], credential: rest[1] };
	}
	if (!isGiven(given)) return undefined;
	const { url, username, password } = given;
	if (username === "AUTH_SECRET") {
		draft.warn(
			"webrtcICEServers2",
			"passwords made from a shared secret are not supported yet: such servers are left out",
		);
		return undefined;
	}
	const login = plain(username) === "" ? {} : { username: String(username), credential: plain(password) };
	return { urls: String(url ?? ""), ...login };
}

function translateWebRtc(draft: Draft, keys: Keys): void {
	const tcp = keys.text("webrtcLocalTCPAddress");
	draft.set(["webrtc", "tcp"], tcp !== "", keys.at("webrtcLocalTCPAddress"));
	const port = (address: string): string => address.slice(address.lastIndexOf(":"));
	if (tcp !== "" && port(tcp) !== port(keys.text("webrtcLocalUDPAddress", ":8189"))) {
		draft.warn("webrtcLocalTCPAddress", "TCP is served on the port number of webrtcLocalUDPAddress");
	}
	const hosts = keys.list("webrtcAdditionalHosts");
	if (hosts.length > 0) draft.set(["webrtc", "publicHosts"], hosts, keys.at("webrtcAdditionalHosts"));
	const servers = keys.raw("webrtcICEServers2");
	if (Array.isArray(servers)) {
		const ours = servers.flatMap((one: unknown) => iceServerOf(draft, one) ?? []);
		draft.set(["webrtc", "iceServers"], ours, keys.at("webrtcICEServers2"));
	}
	if (keys.has("webrtcHandshakeTimeout")) {
		draft.set(["webrtc", "handshakeTimeout"], keys.text("webrtcHandshakeTimeout"), keys.at("webrtcHandshakeTimeout"));
	}
}

function translateLog(draft: Draft, keys: Keys): void {
	if (keys.has("logLevel")) draft.set(["log", "level"], keys.text("logLevel"), keys.at("logLevel"));
	const to = keys.list("logDestinations", ["stdout"]);
	const file = keys.text("logFile", "mediamtx.log");
	if (to.includes("file")) draft.set(["log", "file"], file, keys.at("logFile"));
	if (to.includes("syslog")) draft.warn("logDestinations", "there is no syslog: the log goes to the standard output");
	if (keys.flag("logStructured", false)) draft.set(["log", "format"], "json", keys.at("logStructured"));
}

function translateHooks(draft: Draft, keys: Keys): void {
	for (const key of ["runOnConnect", "runOnDisconnect"]) {
		if (keys.has(key)) draft.set(["hooks", key], keys.text(key), keys.at(key));
	}
	const again = keys.flag("runOnConnectRestart", false);
	if (again) draft.set(["hooks", "runOnConnectRestart"], again, keys.at("runOnConnectRestart"));
}

/** Names keys that nothing was made of, if they ask for something. */
function warnOfRest(draft: Draft, keys: Keys, present: Given): void {
	for (const [key, value] of Object.entries(present)) {
		if (keys.read.has(key) || key === "paths" || key === "pathDefaults" || key === "server") continue;
		const preset = own(globalKeys, key);
		if (preset === undefined) {
			const likely = suggest(key, Object.keys(globalKeys));
			draft.warn(key, `no such key${likely === undefined ? "" : `; did you mean "${likely}"?`}`);
		} else if (Object.hasOwn(absent, key)) {
			if (plain(value) === "yes") draft.warn(key, absent[key as keyof typeof absent]);
		} else if (plain(value) !== preset) draft.warn(key, "has no meaning here");
	}
}

/** Translates the file's content into ours. */
function translate(given: Given, source: Source): { readonly source: Source; readonly warnings: readonly string[] } {
	const draft = new Draft(relaySchema, source);
	const present = renamed(draft, given);
	const keys = new Keys(draft, present, (key) => placeOf(given, key));
	for (const door of doors) translateDoor(draft, keys, door);
	// It knows no MQTT: a broker of that machine may have the port.
	draft.set(["mqtt", "broker"], "", ["mqtt"]);
	draft.set(["signaling", "address"], "", ["signaling"]);
	translateHttp(draft, keys);
	translateRtsp(draft, keys);
	translateWebRtc(draft, keys);
	translateLog(draft, keys);
	translateHooks(draft, keys);
	translateAccess(draft, keys, translatePaths(draft, present));
	warnOfRest(draft, keys, present);
	return { source: draft.finish(), warnings: draft.warnings };
}

/**
 * Reads the text of a mediamtx.yml as our configuration; undefined where it is a file of our own. Every value is read as
 * text first, so that `yes` is yes and a password of digits stays what it is. Variables of `environment` with MediaMTX's
 * names stand over the file. Throws a `ConfigError`.
 */
export function readMediaMtx(
	text: string,
	file: string,
	overrides: readonly Override[],
	environment: NodeJS.ProcessEnv = {},
): Translation | undefined {
	const read = parseSource(text, file, "failsafe");
	if (!isTheirs(read.data, file) || !isGiven(read.data)) return undefined;
	const { source, unknown } = withEnvironment(read, environment);
	const { source: translated, warnings } = translate(source.data as Given, source);
	const strays = unknown.map((name) => `${name}: no key of MediaMTX has this name`);
	return { config: checked(translated, relaySchema, overrides), warnings: [...warnings, ...strays] };
}
