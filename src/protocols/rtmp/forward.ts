import type { ForwardWay } from "../../hub/forwarding.ts";
import { knownFourCcs } from "../../wire/flv.ts";
import { openRtmpClient } from "./client.ts";
import { Egress, playableTracks } from "./egress.ts";
import { MAX_MESSAGE_BYTES } from "./publish.ts";

const fourCcs: ReadonlySet<string> = new Set(knownFourCcs);

/** Pushes a path on to an RTMP or RTMPS server: the first picture and the first sound. */
export const forwardWay: ForwardWay = {
	protocol: "RTMP",
	lane: "frames",
	tracks: (stream) => playableTracks(stream, fourCcs),
	open: async ({ url, signal }) => {
		const client = await openRtmpClient({ url, goal: "publish", maxMessage: MAX_MESSAGE_BYTES, signal });
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
