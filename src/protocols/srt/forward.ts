import type { ForwardWay } from "../../hub/forwarding.ts";
import { openSrtClient } from "./client.ts";
import { Egress, playableTracks } from "./egress.ts";

/** How often what waits for room is tried again. */
const PUMP_MS = 10;

/** Pushes a path on to an SRT listener as a transport stream. */
export const forwardWay: ForwardWay = {
	protocol: "SRT",
	lane: "frames",
	tracks: playableTracks,
	open: async ({ url, signal }) => {
		const left = new AbortController();
		const now = (): number => performance.now();
		const both = AbortSignal.any([signal, left.signal]);
		const client = await openSrtClient({ url, signal: both, now, onData: () => undefined });
		let egress: Egress | undefined;
		const timer = setInterval(() => egress?.pump(now()), PUMP_MS);
		return {
			closed: client.closed.finally(() => clearInterval(timer)),
			close: (reason) => left.abort(new Error(reason)),
			start: (reader) => {
				egress = new Egress(client.session, reader, now());
			},
			pump: (at) => egress?.pump(at),
		};
	},
};
