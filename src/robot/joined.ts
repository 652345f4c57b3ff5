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

/** Fills in what the configuration leaves out. Throws where a camera would have nowhere to publish to. */
export function withIdentity(config: RobotConfig, identity: Identity | undefined): JoinedConfig {
	checkRelay(config.relay, identity);
	const name = identity?.name ?? config.name;
	const cameras = config.cameras.map((camera) => {
		if (camera.publish !== "") return camera;
		if (identity) return publishing(camera, identity);
		throw new Error(`camera ${camera.name}: to where? Give publish an address, or join a relay`);
	});
	const all = { ...config, name, cameras };
	return { config: all, broker: brokerOf(all, identity) };
}

/** Throws where the configuration names another relay than the one that was joined. */
function checkRelay(relay: string, identity: Identity | undefined): void {
	if (relay === "") return;
	if (!identity) throw new Error(`this robot has not joined ${relay}: run vedette robot join LINE`);
	if (hostOf(relay) === hostOf(`https://${identity.relay}`)) return;
	throw new Error(`relay is ${relay}, but this robot has joined ${identity.relay}: run vedette robot join for it`);
}

/** Of an HTTP address, with its port also where that is the usual one. */
function hostOf(address: string): string {
	const { protocol, hostname, port } = new URL(address);
	return `${hostname}:${port || (protocol === "http:" ? 80 : 443)}`;
}

/** The camera publishes to its relay: in TLS, unless it was told to send by UDP or the relay has not said where. */
function publishing(camera: CameraConfig, identity: Identity): CameraConfig {
	const { name, relay, rtspPort, rtspsPort } = identity;
	const fingerprint = fingerprintOf(identity);
	// A certificate that the system does not trust is shown at RTSP's own port alone.
	const canTls = rtspsPort > 0 && (fingerprint === "" || rtspsPort === rtspPort);
	const inTls = canTls && (camera.transport === "tcp" || rtspPort === 0);
	if (!inTls && rtspPort === 0) {
		throw new Error("the relay takes no RTSP by the certificate of joining: give publish an address");
	}
	const [scheme, port] = inTls ? ["rtsps", rtspsPort] : ["rtsp", rtspPort];
	const { hostname } = new URL(`https://${relay}`);
	const publish = `${scheme}://${loginOf(identity)}@${hostname}:${port}/${name}/${camera.name}`;
	return { ...camera, publish, fingerprint, secret: true };
}

function brokerOf({ name, control }: RobotConfig, identity: Identity | undefined): BrokerSettings | undefined {
	const { mqtt, prefix, topic, poll } = control;
	if (mqtt !== "") return { url: mqtt, prefix, topic, robot: name, joined: false };
	if (!identity || poll !== "") return undefined;
	const url = `wss://${loginOf(identity)}@${identity.relay}/mqtt`;
	const fingerprint = fingerprintOf(identity);
	const own = { url, prefix: identity.prefix, topic: "", robot: name, joined: true };
	return { ...own, ...(fingerprint !== "" && { fingerprint }) };
}

/** For an address. */
function loginOf({ name, secret }: Identity): string {
	return `${encodeURIComponent(name)}:${encodeURIComponent(robotPassword({ secret, machine: machineHash() }))}`;
}

/** Of the relay's certificate; empty where the system trusts it. */
function fingerprintOf({ certificate }: Identity): string {
	return certificate === "" ? "" : new X509Certificate(certificate).fingerprint256;
}
