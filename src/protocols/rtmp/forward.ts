import type { ForwardWay } from "../../hub/forwarding.ts";
import { knownFourCcs } from "../../wire/flv.ts";
import { openRtmpClient } from "./client.ts";
import { Egress, playableTracks } from "./egress.ts";
import { MAX_MESSAGE_BYTES } from "./publish.ts";

const all: ReadonlySet<string> = new Set(knownFourCcs);
const withoutOpus: ReadonlySet<string> = new Set(knownFourCcs.filter((name) => name !== "Opus"));

/** Pushes a path on to an RTMP or RTMPS server: the first picture and the first sound. */
export const forwardWay: ForwardWay = {
	protocol: "RTMP",
	lane: "frames",
	// Most services know AAC alone: Opus goes where there is no other sound and none can be made.
	tracks: (stream) => {
		const [usual, most] = [playableTracks(stream, withoutOpus), playableTracks(stream, all)];
		return usual.length < most.length ? most : usual;
	},
	open: async ({ url, fingerprint, signal }) => {
		const options = { url, fingerprint, goal: "publish", maxMessage: MAX_MESSAGE_BYTES, signal } as const;
		const client = await openRtmpClient(options);
		let egress: Egress | undefined;
		return {
			closed: client.closed,
			close: (reason) => client.close(reason),
			start: (reader) => {
				egress = new Egress(client.socket, reader, client.stream, () => performance.now());
			},
			pump: (now) => egress?.pump(now),
		};
	},
};
