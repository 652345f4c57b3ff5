import { Declined } from "./declined.ts";
import { trackOfControl } from "./description.ts";
import type { Transport } from "./transport.ts";
import { parseResource, type Resource } from "./url.ts";

/** What a SETUP is about (RFC 2326 section 10.4). Pure. */

/** Index of the track that a player's SETUP names, of so many on the path. Throws `Declined`. */
export function playedTrack(path: string, tracks: number, { control }: Resource): number {
	if (control === "" && tracks === 1) return 0;
	if (control === "") throw new Declined(459, `"${path}" has ${tracks} tracks: set up each of them`);
	const track = trackOfControl(control);
	if (track < 0 || track >= tracks) throw new Declined(404, `"${path}" has no ${control}, only ${tracks} tracks`);
	return track;
}

/**
 * Index of the track that a publisher's SETUP names by one of the control attributes that it announced; where it names
 * none of them, the one after the `setUp` tracks that are set up. Throws `Declined` where there is none.
 */
export function announcedTrack(controls: readonly string[], setUp: number, { path, control }: Resource): number {
	const asked = control || path;
	const track = controls.findIndex((one) => one !== "" && (one === asked || parseResource(one).control === asked));
	if (track >= 0) return track;
	if (setUp >= controls.length) throw new Declined(404, `there is no track "${asked.slice(0, 40)}"`);
	return setUp;
}

/**
 * What `prepare` makes of the first of a client's alternatives that it can do. Throws the `Declined` of the last one
 * where it can do none.
 */
export function chooseTransport(asked: readonly Transport[], prepare: (transport: Transport) => Transport): Transport {
	let last = new Declined(461, "no transport that is known: RTP/AVP/TCP or RTP/AVP over UDP, unicast");
	for (const transport of asked) {
		try {
			return prepare(transport);
		} catch (error) {
			if (!(error instanceof Declined)) throw error;
			last = error;
		}
	}
	throw last;
}
