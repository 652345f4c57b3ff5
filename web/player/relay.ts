/** The few calls of the relay's HTTP interface that the player makes; docs/page-api.md describes them. */
import type { Failure } from "./transport.ts";

/** A relay that takes longer to answer counts as unreachable. */
const ANSWER_MS = 5000;
const PROBE_MS = 1500;
/** The relay answers when there are pictures: a camera that sleeps has up to five minutes (`startTimeout`). */
export const WAKE_MS = 330_000;

/** A name and a password go as Basic (RFC 7617): a password may hold what a bearer token may not. */
export function authorization(token: string): string {
	if (!token.includes(":")) return `Bearer ${token}`;
	return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(token)))}`;
}

/** `fetch` with the player's right and a limit in time. Rejects when the relay cannot be reached. */
export function ask(url: string, token: string, init: RequestInit = {}, limit = ANSWER_MS): Promise<Response> {
	const headers = new Headers(init.headers);
	if (token) headers.set("Authorization", authorization(token));
	return fetch(url, { ...init, headers, cache: "no-store", signal: AbortSignal.timeout(limit) });
}

/** The relay's words as the page writes its own. */
function asSentence(text: string): string {
	const quoted = text.replace(/"([^"]*)"/g, "“$1”");
	const begun = quoted.charAt(0).toUpperCase() + quoted.slice(1);
	return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

async function sentence(response: Response, otherwise: string): Promise<string> {
	const text = await response.text().catch(() => "");
	try {
		const { error }: { error?: unknown } = JSON.parse(text);
		return typeof error === "string" && error ? asSentence(error) : otherwise;
	} catch {
		return otherwise;
	}
}

/** What an answer that is not a success means to a viewer. */
export async function failureOf(response: Response): Promise<Failure> {
	const seconds = Number(response.headers.get("Retry-After"));
	const wait = seconds > 0 ? { retryAfter: seconds * 1000 } : {};
	switch (response.status) {
		case 401:
			return { kind: "unauthorised", reason: await sentence(response, "Sign in to watch this stream.") };
		case 403:
			return {
				kind: "unauthorised",
				reason: await sentence(response, "Your account may not watch this stream."),
				known: true,
			};
		case 404:
			if (response.headers.has("Vedette-Stopped")) return { kind: "stopped", reason: await sentence(response, "") };
			return { kind: "offline", reason: await sentence(response, "") };
		case 502:
		case 504:
			return { kind: "unreachable", reason: "The relay behind this address does not answer.", ...wait };
		default:
			if (response.headers.has("Vedette-Full")) return { kind: "full", reason: await sentence(response, "") };
			return {
				kind: "refused",
				reason: await sentence(response, `The relay refused with status ${response.status}.`),
				...(response.status < 500 && response.status !== 429 ? { lasting: true } : {}),
				...wait,
			};
	}
}

interface Listed {
	readonly name: string;
	readonly state: string;
	readonly tracks: readonly { readonly codec: string; readonly webrtc: boolean }[];
	/** Null, or not there at all, for what cannot be woken. */
	readonly demand?: { readonly state: string; readonly online: boolean; readonly alwaysOn: boolean } | null;
}

/** The stream of a path, or of a camera's id; null where the relay does not tell. Rejects as `fetch` does. */
async function look(base: string, path: string, token: string): Promise<Listed | null | "unreachable"> {
	const name = path.split("/").map(encodeURIComponent).join("/");
	const response = await ask(`${base}/api/streams/${name}`, token, {}, PROBE_MS);
	// From another server, or without the right to know, only the pictures themselves can tell.
	if (!response.ok) return response.status >= 502 ? "unreachable" : null;
	const { stream }: { stream: Listed } = await response.json();
	return stream;
}

/**
 * What the relay says of a stream. `waking`: the camera was asleep and begins; `away`: it will, when it can be reached.
 */
export type Found = "live" | "silent" | "offline" | "waking" | "away" | "unreachable";

function foundOf({ state, demand }: Listed): Found {
	if (state === "live") return state;
	if (state === "stalled") return "silent";
	if (demand?.state !== "starting") return "offline";
	return demand.online ? "waking" : "away";
}

export async function probe(base: string, path: string, token: string): Promise<Found> {
	try {
		const found = await look(base, path, token);
		if (found === "unreachable") return found;
		return found === null ? "live" : foundOf(found);
	} catch (error) {
		return error instanceof SyntaxError ? "live" : "unreachable";
	}
}

/** Whether a camera sleeps that a viewer would wake. */
export async function sleeps(base: string, path: string, token: string): Promise<boolean> {
	const found = await look(base, path, token).catch(() => null);
	if (found === null || found === "unreachable" || found.state !== "offline" || !found.demand) return false;
	return !found.demand.alwaysOn && /^(idle|stopping)$/.test(found.demand.state);
}

/** The path of a camera's id; the id itself where the relay knows no such id or does not tell. */
export async function pathOfId(base: string, id: string, token: string): Promise<string> {
	const found = await look(base, id, token).catch(() => null);
	return found && found !== "unreachable" ? found.name : id;
}

/** What of a stream decides which ways it can come. Null where the relay does not tell. */
export async function identify(base: string, path: string, token: string): Promise<string | null> {
	const found = await look(base, path, token);
	if (!found || found === "unreachable" || found.tracks.length === 0) return null;
	return JSON.stringify(found.tracks.map(({ codec, webrtc }) => [codec, webrtc]));
}

/**
 * Where an element watches, from its attributes and where its script came from.
 * Null while no path is named, or where an attribute is no address.
 */
export function locate(
	attributes: { src: string; address: string; path: string; signaling: string },
	home: string,
): { base: string; path: string; endpoint: string } | null {
	const base = addressOf(attributes.address || home, home);
	if (!base) return null;
	let { path } = attributes;
	let endpoint = "";
	if (attributes.src) {
		const src = addressOf(attributes.src, base);
		if (!src) return null;
		const name = src.pathname.replace(/^\/watch\//, "/").replace(/\/whep\/?$/, "");
		path ||= decodeURIComponent(name.slice(1));
		base.href = src.origin;
		endpoint = `${src.origin}${name}/whep${src.search}`;
	}
	if (attributes.signaling) endpoint = addressOf(attributes.signaling, base)?.href ?? "";
	if (!path && !endpoint) return null;
	endpoint ||= `${base.origin}/${path.split("/").map(encodeURIComponent).join("/")}/whep`;
	return { base: base.origin, path, endpoint };
}

/** Where the same stream comes by WebSocket and by HLS; null where the address of the offer is not this relay's kind. */
export function otherAddresses(endpoint: string): { readonly live: string; readonly hls: string } | null {
	const [, beginning, query = ""] = /^http(s?:\/\/[^?]+)\/whep(\?.*)?$/.exec(endpoint) ?? [];
	if (!beginning) return null;
	return { live: `ws${beginning}/live.ws${query}`, hls: `http${beginning}/index.m3u8${query}` };
}

/** An address to watch at, as it is asked for when the viewer said start: see docs/page-api.md. */
export function waking(url: string): string {
	return `${url}${url.includes("?") ? "&" : "?"}wake=1`;
}

function addressOf(text: string, base: string | URL): URL | null {
	try {
		return new URL(text, base);
	} catch {
		return null;
	}
}

/**
 * ICE servers as an attribute gives them: JSON as `RTCPeerConnection` takes it, or addresses between spaces.
 * Null, so that the relay is asked, where it gives none or what it gives cannot be read.
 */
export function parseIceServers(text: string): RTCIceServer[] | null {
	try {
		if (text.trimStart().startsWith("[")) return JSON.parse(text);
	} catch {
		return null;
	}
	const urls = text.split(/\s+/).filter(Boolean);
	return urls.length ? [{ urls }] : null;
}

export type Place = NonNullable<ReturnType<typeof locate>>;
