import { takeLogin } from "../../access/url-login.ts";
import { percentDecoded } from "../../media/percent.ts";

/** RTSP URLs (RFC 2326 section 3.2) and the control URLs of tracks (appendix C.1.1). Pure. */

/** RFC 7826 section 4.2 gives rtsps its port. */
const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
	["rtsp:", 554],
	["rtsps:", 322],
]);

/** The address of a stream on another machine. */
export interface RtspAddress {
	readonly host: string;
	readonly port: number;
	readonly tls: boolean;
	/** From the URL, decoded; empty where it has none. */
	readonly user: string;
	readonly password: string;
	/** The URL without credentials: what is sent in requests. */
	readonly url: string;
}

/** Parses `rtsp://user:password@host:port/path?query`, and `rtsps:` for TLS. Throws a TypeError that says what is wrong, without the password. */
export function parseAddress(text: string): RtspAddress {
	if (!URL.canParse(text)) throw new TypeError("not a URL");
	const { url, user, password } = takeLogin(text);
	const preset = DEFAULT_PORTS.get(url.protocol);
	if (preset === undefined) throw new TypeError(`not an rtsp URL: "${url.protocol}"`);
	if (!url.hostname) throw new TypeError("an rtsp URL without a host");
	const port = url.port ? Number(url.port) : preset;
	// The brackets around an IPv6 address belong to the URL, not to the address.
	const host = url.hostname.replace(/^\[|\]$/g, "");
	return { host, port, tls: url.protocol === "rtsps:", user, password, url: url.href };
}

/** What a request to the server is about. */
export interface Resource {
	/** Decoded, without slashes at its ends; empty for `*` and for the root. Not checked: it comes from outside. */
	readonly path: string;
	/** Without its question mark. */
	readonly query: string;
	/** What a control attribute added, `trackID=1`; empty for the whole stream. */
	readonly control: string;
}

/** A control at the end of a path or, where the client put the query before it, at the end of the query. */
const controlled = /^(.*?)\/?((?:trackID|streamid|stream|track|media)=[^/?]*)$/i;

/**
 * Takes the URL of a request apart. Clients put the control attribute behind the path, or behind the query
 * (`/camera?token=1/trackID=0`: ffmpeg, live555), and add slashes.
 */
export function parseResource(url: string): Resource {
	if (url === "*") return { path: "", query: "", control: "" };
	const rest = url.replace(/^rtsps?:\/\/[^/?]*/i, "");
	const at = rest.indexOf("?");
	let path = at < 0 ? rest : rest.slice(0, at);
	let query = at < 0 ? "" : rest.slice(at + 1);
	let control = "";
	const inQuery = /\//.test(query) ? controlled.exec(query) : null;
	const inPath = controlled.exec(path);
	if (inQuery) [, query = "", control = ""] = inQuery;
	else if (inPath) [, path = "", control = ""] = inPath;
	return { path: percentDecoded(path.replace(/^\/+|\/+$/g, "")), query: query.replace(/\/+$/, ""), control };
}

/**
 * The URL of one track for SETUP (RFC 2326 appendix C.1.1): `control` where it is absolute, else behind `base`. It is
 * put behind a query too: so do ffmpeg and live555, and cameras are built for them.
 */
export function controlUrl(base: string, control: string): string {
	if (/^rtsps?:\/\//i.test(control)) return control;
	if (control === "" || control === "*") return base;
	return base.endsWith("/") || control.startsWith("/") ? `${base}${control}` : `${base}/${control}`;
}
