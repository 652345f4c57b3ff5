/** The relay's HTTP interface as the page uses it (docs/page-api.md). */
import { call } from "./call.ts";

export type { DemandInfo, StreamInfo, Streams } from "../../src/control/page-api.ts";

export interface Me {
	readonly user: string | null;
	readonly may: readonly string[];
	readonly iceServers: RTCIceServer[];
	/** Where RTSP is served; null for nowhere. */
	readonly rtspPort: number | null;
	readonly version: string;
}

/** Who the relay takes us for; null when it does not answer. */
export async function whoAmI(): Promise<Me | null> {
	try {
		const response = await fetch("/api/me", { cache: "no-store" });
		return response.ok ? await response.json() : null;
	} catch {
		return null;
	}
}

/** Whether somebody is logged in who may not watch anything: nothing but another login or right changes that. */
export function isBarred(me: Me | null): boolean {
	return me !== null && me.user !== null && !me.may.includes("read");
}

/** What somebody is told who is logged in and may not watch. */
export function barredWords({ user, may }: Me): { readonly title: string; readonly detail: string } {
	const rights = may.filter((action) => action !== "admin");
	const list = rights.length > 1 ? `${rights.slice(0, -1).join(", ")} and ${rights.at(-1)}` : (rights[0] ?? "");
	return {
		title: `${user} may not watch streams`,
		detail: `You are signed in, but without the right “read” on this relay. ${list === "" ? "This user may do nothing here yet." : `This user may ${list}.`} Ask whoever runs the relay for it, or sign in as somebody else.`,
	};
}

/** Signs in; null on success, else a sentence for people. */
export async function signIn(name: string, password: string): Promise<string | null> {
	try {
		const response = await fetch("/login", {
			method: "POST",
			headers: { "Content-Type": "application/json", Accept: "application/json" },
			body: JSON.stringify({ name, password }),
		});
		if (response.ok) return null;
		if (response.status === 401) return "This name and password do not fit together.";
		const wait = response.headers.get("Retry-After");
		if (response.status === 429) return `Too many attempts. Try again in ${wait ?? "some"} seconds.`;
		return `The relay answered with status ${response.status}.`;
	} catch {
		return "The relay does not answer.";
	}
}

/** Wakes a path or puts it to sleep; null on success, else a sentence for people. A start answers when there are pictures. */
export async function order(name: string, what: "start" | "stop"): Promise<string | null> {
	const outcome = await call("POST", `/streams/${name.split("/").map(encodeURIComponent).join("/")}/${what}`);
	// Somebody else may have said start before.
	if (outcome.is === "done" || (what === "start" && outcome.status === 409)) return null;
	return outcome.why;
}

export async function signOut(): Promise<void> {
	await fetch("/logout", { method: "POST" }).catch(() => undefined);
}

/** Where to go after signing in: only a path of this site, else the dashboard. */
export function nextOf(search: string): string {
	const next = new URLSearchParams(search).get("next") ?? "/";
	return /^\/(?![/\\])/.test(next) ? next : "/";
}

/** The login page's address that leads back here. */
export function loginFor(place: string): string {
	return `/login?next=${encodeURIComponent(place)}`;
}

/** The stream that a page's address names by its path; null for the dashboard. */
export function pathOf(pathname: string): string | null {
	if (!pathname.startsWith("/watch/")) return null;
	try {
		return decodeURIComponent(pathname.slice("/watch/".length)) || null;
	} catch {
		return null;
	}
}

/** The id of the camera that an address names, `/viewer?camera=ID`; null for any other. */
export function idOf(place: string): string | null {
	const { pathname, searchParams } = new URL(place, "http://page");
	return /^\/viewer(\.html)?$/.test(pathname) ? searchParams.get("camera") || null : null;
}
