import type { Hub } from "../hub/hub.ts";
import type { Log } from "../observe/log.ts";

/** Writes one line for each publisher and reader that comes or goes; the returned function ends that. */
export function logHub(hub: Hub, log: Log): () => void {
	/** By path, the address of who publishes. */
	const publishers = new Map<string, string>();
	return hub.listen((event) => {
		const { name: path } = event.path;
		switch (event.at) {
			case "published": {
				const { info, stream } = event.publication;
				const { type, remoteAddress: from, identity } = info;
				const tracks = stream.tracks.map((track) => track.encoding).join(", ");
				const inPlaceOf = publishers.get(path);
				publishers.set(path, from);
				log.info({ path, type, from, identity, tracks, inPlaceOf }, "publishing");
				return;
			}
			case "unpublished":
				publishers.delete(path);
				log.info({ path, reason: event.reason }, "the publisher is gone");
				return;
			case "joined": {
				const { type, remoteAddress, user, id } = event.reader.info;
				log.info({ path, type, from: remoteAddress, user, id }, "reading");
				return;
			}
			case "left": {
				const { info, counters, endReason: reason } = event.reader;
				const { type, remoteAddress: from, user, id } = info;
				log.info({ path, type, from, user, id, reason, ...counters }, "the reader is gone");
				return;
			}
			default:
				event satisfies never;
		}
	});
}

/** Writes one line for each path that wakes or sleeps, and for who said so; the returned function ends that. */
export function logDemand({ demand }: Hub, log: Log): () => void {
	return demand.listen((event) => {
		const { path } = event;
		switch (event.at) {
			case "phase": {
				const { from: was, to: is, why } = event;
				if (is === "error") log.warn({ path, was, is, why }, "on demand");
				else log.info({ path, was, is, why }, "on demand");
				return;
			}
			case "started":
			case "stopped":
			case "lapsed": {
				const { type, user, remoteAddress } = event.by;
				log.info({ path, by: type, user, from: remoteAddress }, said[event.at]);
				return;
			}
			default:
				event satisfies never;
		}
	});
}

const said = { started: "told to start", stopped: "told to stop", lapsed: "a start has lapsed" } as const;
