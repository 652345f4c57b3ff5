import { X509Certificate } from "node:crypto";
import { robotPassword } from "../wire/invitation.ts";
import type { CameraConfig, RobotConfig } from "./config.ts";
import { type Identity, machineHash } from "./identity.ts";
import type { BrokerSettings } from "./orders/mqtt.ts";

/** A robot's configuration with what joining gave: its name, where it publishes, whose orders it takes. */
export interface JoinedConfig {
	readonly config: RobotConfig;
	/** Undefined where the configuration names no broker and the robot has not joined. */
	readonly broker: BrokerSettings | undefined;
}

function login(name: string, password: string): string {
	return `${encodeURIComponent(name)}:${encodeURIComponent(password)}`;
}

/** Fills in what the configuration leaves out. Throws where a camera would have nowhere to publish to. */
export function withIdentity(config: RobotConfig, identity: Identity | undefined): JoinedConfig {
	const { relay, control } = config;
	if (relay !== "" && identity && new URL(relay).host !== identity.relay) {
		throw new Error(`relay is ${relay}, but this robot has joined ${identity.relay}: run vedette robot join for it`);
	}
	if (relay !== "" && !identity) throw new Error(`this robot has not joined ${relay}: run vedette robot join LINE`);
	const name = identity?.name ?? config.name;
	const cameras = config.cameras.map((camera) => {
		if (camera.publish !== "") return camera;
		if (identity) return publishing(camera, identity);
		throw new Error(`camera ${camera.name}: to where? Give publish an address, or join a relay`);
	});
	return { config: { ...config, name, cameras }, broker: brokerOf({ ...config, name }, control.mqtt, identity) };
}

/** The camera publishes to its relay: in TLS, unless it was told to send by UDP or the relay has not said where. */
function publishing(camera: CameraConfig, identity: Identity): CameraConfig {
	const { name, relay, secret, rtspPort, rtspsPort } = identity;
	const fingerprint = fingerprintOf(identity);
	// A certificate that the system does not trust is shown at RTSP's own port alone.
	const canTls = rtspsPort > 0 && (fingerprint === "" || rtspsPort === rtspPort);
	const inTls = canTls && (camera.transport === "tcp" || rtspPort === 0);
	if (!inTls && rtspPort === 0) throw new Error("the relay takes no RTSP: give publish an address");
	const [scheme, port] = inTls ? ["rtsps", rtspsPort] : ["rtsp", rtspPort];
	const { hostname } = new URL(`http://${relay}`);
	const password = robotPassword({ secret, machine: machineHash() });
	const publish = `${scheme}://${login(name, password)}@${hostname}:${port}/${name}/${camera.name}`;
	return { ...camera, publish, fingerprint, secret: true };
}

/** Of the relay's certificate; empty where the system trusts it. */
function fingerprintOf({ certificate }: Identity): string {
	return certificate === "" ? "" : new X509Certificate(certificate).fingerprint256;
}

function brokerOf(
	{ name, control }: RobotConfig,
	url: string,
	identity: Identity | undefined,
): BrokerSettings | undefined {
	const { prefix, topic, poll } = control;
	if (url !== "") return { url, prefix, topic, robot: name, joined: false };
	if (!identity || poll !== "") return undefined;
	const password = robotPassword({ secret: identity.secret, machine: machineHash() });
	const own = { url: `wss://${login(name, password)}@${identity.relay}/mqtt`, prefix: identity.prefix, topic: "" };
	const fingerprint = fingerprintOf(identity);
	return { ...own, robot: name, joined: true, ...(fingerprint !== "" && { fingerprint }) };
}
