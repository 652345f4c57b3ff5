import { isIP } from "node:net";
import type { Log } from "../../observe/log.ts";
import { withoutPassword } from "../../observe/secrets.ts";
import type { CameraConfig } from "../config.ts";

/** Protocols that send a login as it is. RTSP's is not among them: mostly it is proved by Digest. */
const TELLS_ALL = /^(rtmp|http|mqtt|ws):/;
/** SRT's login stands in the first packet, which no passphrase encrypts. */
const SRT_LOGIN = /^srt:.*[?&]streamid=publish:[^:&]+:[^:&]+:./;

/** What others on the way can see, of what leaves by a camera's address; undefined where nothing has to be said of it. */
export function seenOnTheWay({ publish, token, transport, secret }: CameraConfig): string | undefined {
	if (secret) {
		if (publish.startsWith("rtsps:")) return undefined;
		const way = transport === "udp" ? "transport is udp" : "its relay has told no address in TLS: join again";
		return `pictures leave in the open: ${way}`;
	}
	const seen = loginIsSeen(publish, token) || SRT_LOGIN.test(publish);
	return seen && !isLoopback(publish) ? "the login leaves in the open: rtsps, rtmps and https encrypt it" : undefined;
}

/** The same of an address that orders come from. */
export function seenOfControl(url: string): string | undefined {
	if (!loginIsSeen(url, "") || isLoopback(url)) return undefined;
	return "the login leaves in the open: mqtts, wss and https encrypt it";
}

function loginIsSeen(url: string, token: string): boolean {
	return TELLS_ALL.test(url) && (withoutPassword(url) !== url || token !== "");
}

/**
 * Whether a camera's password may be sent as it is where nothing is encrypted. The robot's own secret never; one that
 * somebody wrote into an address is, and the log says so once.
 */
export function passwordRule({ secret }: CameraConfig, log: Log): () => boolean {
	let told = false;
	return () => {
		if (secret) return false;
		if (!told) log.warn("the server wants the password in the open (Basic), and gets it: rtsps encrypts it");
		told = true;
		return true;
	};
}

function isLoopback(url: string): boolean {
	const { hostname } = new URL(url);
	return hostname === "localhost" || hostname === "[::1]" || (isIP(hostname) === 4 && hostname.startsWith("127."));
}
