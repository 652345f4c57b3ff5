import type { Hub } from "../../hub/hub.ts";
import { newId } from "../../hub/path.ts";
import type { Reader } from "../../hub/reader.ts";
import { Refused } from "../../hub/refused.ts";
import type { PathName } from "../../media/path-name.ts";
import { type WebSocket, WebSocketDoor, type WebSocketUpgrade } from "../../net/web-socket.ts";
import { shownQuery } from "../../observe/secrets.ts";
import { chooseTracks } from "../../wire/fmp4-muxer.ts";
import { Egress } from "./egress.ts";

/** A viewer that was let in, and its connection, on which nothing has been answered. */
interface Viewer extends WebSocketUpgrade {
	readonly user: string;
	readonly remoteAddress: string;
	/** What stands after `?`. */
	readonly query: string;
}

/** What is watched. */
interface View {
	readonly path: PathName;
	readonly taken: readonly number[];
	readonly leftOut: readonly object[];
}

/** Viewers send nothing but a close. */
const MAX_MESSAGE_BYTES = 1024;
/** A viewer that does not answer one ping until the next has gone. */
const PING_MS = 10_000;
/** Close code of a stream that is over (RFC 6455 section 7.4.1). */
const GOING_AWAY = 1001;
/** A close reason has at most 123 bytes. */
const MAX_REASON_CHARACTERS = 40;

/** One viewer's connection. */
interface Life {
	/** It has given a sign of life since the last ping. */
	alive: boolean;
	readonly path: PathName;
	/** RFC 3339. */
	readonly created: string;
	readonly userAgent: string;
	/** Undefined where it could not begin. */
	reader: Reader | undefined;
}

/** Sends streams over WebSocket: as fragmented MP4, a frame at a time. */
export class LiveSockets implements AsyncDisposable {
	readonly #hub: Hub;
	readonly #door = new WebSocketDoor(MAX_MESSAGE_BYTES, "vedette");
	readonly #open = new Map<WebSocket, Life>();
	readonly #timer = setInterval(() => this.#ping(), PING_MS).unref();

	constructor(hub: Hub) {
		this.#hub = hub;
	}

	/**
	 * What takes a viewer's connection over; `audio=aac` in its query asks for that codec where there is a choice. Throws
	 * `Refused` where there is nothing to watch.
	 */
	prepare(path: PathName, query: string): (viewer: Viewer) => void {
		const wants = new URLSearchParams(query).get("audio") === "aac" ? "aac" : undefined;
		const { taken, leftOut } = chooseTracks(this.#hub.find(path), wants);
		if (taken.length === 0) {
			const reason = leftOut[0]?.reason ?? "it has no track";
			throw new Refused("invalid", `nothing of this stream can be sent over WebSocket: ${reason}`);
		}
		return (viewer) => {
			const view = { path, taken, leftOut };
			this.#door.open(viewer, (opened) => this.#serve(opened, viewer, view));
		};
	}

	/** All viewers, in the shape of MediaMTX's sessions. */
	list() {
		return [...this.#open.values()].flatMap((life) => (life.reader ? [item(life, life.reader)] : []));
	}

	/** Ends a viewer's connection; false where there is none. */
	kick(id: string): boolean {
		for (const [socket, { reader }] of this.#open) {
			if (reader?.info.id !== id) continue;
			socket.close(GOING_AWAY, "sent away");
			return true;
		}
		return false;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		clearInterval(this.#timer);
		for (const socket of this.#open.keys()) socket.terminate();
	}

	#serve(socket: WebSocket, viewer: Viewer, view: View): void {
		const userAgent = viewer.request.headers["user-agent"] ?? "";
		const created = new Date().toISOString();
		const life: Life = { alive: true, path: view.path, created, userAgent, reader: undefined };
		this.#open.set(socket, life);
		socket.on("pong", () => {
			life.alive = true;
		});
		// A broken connection is closed, which is what counts.
		socket.on("error", () => undefined);
		life.reader = this.#read(socket, viewer, view);
		socket.on("close", () => {
			this.#open.delete(socket);
			life.reader?.leave();
		});
	}

	#read(socket: WebSocket, viewer: Viewer, { path, taken, leftOut }: View): Reader | undefined {
		const { user, remoteAddress, query } = viewer;
		const info = { type: "webSocketSession", id: newId(), remoteAddress, user, query };
		let egress: Egress | undefined;
		try {
			const reader = this.#hub.read(path, taken, info, {
				onFrame: (_reader, now) => egress?.pump(now),
				onEnd: (reason) => socket.close(GOING_AWAY, reason.slice(0, MAX_REASON_CHARACTERS)),
			});
			egress = new Egress(socket, viewer.socket, reader, leftOut, () => this.#hub.clock.now());
			return reader;
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			socket.close(GOING_AWAY, error.message.slice(0, MAX_REASON_CHARACTERS));
			return undefined;
		}
	}

	#ping(): void {
		for (const [socket, life] of this.#open) {
			if (!life.alive) socket.terminate();
			life.alive = false;
			if (socket.readyState === socket.OPEN) socket.ping();
		}
	}
}

function item({ path, created, userAgent }: Life, { info, counters }: Reader) {
	const { id, remoteAddress: remoteAddr, user, query = "" } = info;
	return {
		...{ id, created, remoteAddr, state: "read", path, query: shownQuery(query), user, userAgent },
		...{ outboundBytes: counters.bytes, outboundFramesDiscarded: counters.dropped },
	};
}
