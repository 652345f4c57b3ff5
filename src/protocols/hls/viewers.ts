import { newId } from "../../hub/path.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import { shownQuery } from "../../observe/secrets.ts";

/** Viewers beyond this number are served, but not told apart. */
const MAX_VIEWERS = 20_000;
const LONGEST_AGENT = 200;

/** Who asks for a file. */
export interface HlsClient {
	/** Empty for nobody in particular. */
	readonly user: string;
	readonly remoteAddress: string;
	readonly userAgent: string;
}

interface Viewer {
	readonly id: string;
	/** RFC 3339. */
	readonly created: string;
	readonly path: PathName;
	readonly query: string;
	readonly client: HlsClient;
	lastRequest: Millis;
	bytes: number;
	kicked: boolean;
}

/**
 * HLS has no connections: who asks for files of a path from one address, under one name and with one player, is one
 * viewer until nothing was asked for a while.
 */
export class HlsViewers {
	readonly #viewers = new Map<string, Viewer>();

	/** In the shape of MediaMTX's HLS sessions. */
	list() {
		return [...this.#viewers.values()].filter(({ kicked }) => !kicked).map(item);
	}

	/** From now on it gets nothing, until it begins anew. False where there is none. */
	kick(id: string): boolean {
		for (const viewer of this.#viewers.values()) {
			if (viewer.id !== id || viewer.kicked) continue;
			viewer.kicked = true;
			return true;
		}
		return false;
	}

	/** Whether a request may be answered; `begins` where it is the first that players send. */
	admit(path: PathName, client: HlsClient, begins: boolean, query: string, now: Millis): boolean {
		const key = keyOf(path, client);
		const known = this.#viewers.get(key);
		if (known && !(known.kicked && begins)) {
			known.lastRequest = now;
			return !known.kicked;
		}
		if (!known && this.#viewers.size >= MAX_VIEWERS) return true;
		const created = new Date().toISOString();
		const own = { id: newId(), created, path, query, client, lastRequest: now, bytes: 0, kicked: false };
		this.#viewers.set(key, own);
		return true;
	}

	/** So many bytes were sent. */
	sent(path: PathName, client: HlsClient, bytes: number): void {
		const viewer = this.#viewers.get(keyOf(path, client));
		if (viewer) viewer.bytes += bytes;
	}

	/** Forgets those who asked for nothing since. */
	sweep(since: Millis): void {
		for (const [key, { lastRequest }] of this.#viewers) if (lastRequest < since) this.#viewers.delete(key);
	}
}

function keyOf(path: PathName, { remoteAddress, user, userAgent }: HlsClient): string {
	return [path, remoteAddress, user, userAgent.slice(0, LONGEST_AGENT)].join("\n");
}

function item({ id, created, path, query, client: { user, remoteAddress, userAgent }, bytes }: Viewer) {
	return {
		...{ id, created, remoteAddr: remoteAddress, path, query: shownQuery(query), user },
		...{ userAgent: userAgent.slice(0, LONGEST_AGENT), isCDN: false, outboundBytes: bytes },
	};
}
