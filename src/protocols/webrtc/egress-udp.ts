import type { Fans } from "../../hub/fans.ts";
import type { Reader } from "../../hub/reader.ts";
import type { Delivery } from "../../net/sender/delivery.ts";
import type { SenderStream } from "../../net/sender/stream.ts";
import type { SrtpKeys } from "../../wire/srtp.ts";
import type { Carrier, SentCount, ViewerTrack } from "./carrier.ts";
import type { Route } from "./ice.ts";
import { UdpRoute } from "./ports.ts";

/** More packets than this, and the sequence numbers may have gone round: another carrier must not continue them. */
const MAX_CONTINUED = 30_000;

const profiles = { gcm: "AEAD_AES_128_GCM", cm: "AES_CM_128_HMAC_SHA1_80" } as const;

/** One viewer of a stream that the sender serves with all the others by one call per batch. */
export class UdpCarrier implements Carrier {
	readonly #reader: Reader;
	readonly #delivery: Delivery;
	readonly #release: () => void;

	/**
	 * `first`: the sequence number of each track's first packet.
	 * @throws RangeError where the media memory is used up
	 */
	constructor(
		fans: Fans<SenderStream>,
		reader: Reader,
		route: UdpRoute,
		tracks: readonly { track: ViewerTrack; first: number }[],
		keys: SrtpKeys,
	) {
		this.#reader = reader;
		const { fan, release } = fans.use(reader.stream);
		this.#release = release;
		const { socket, address, port } = route;
		const { profile, key, salt, auth } = keys;
		const authKey = profile === "gcm" ? new Uint8Array(0) : auth;
		const protection = { profile: profiles[profile], key, salt, authKey };
		const wanted = reader.stream.offered.map((_, index) => {
			const found = tracks.find((one) => one.track.index === index);
			if (!found) return null;
			const { payloadType, ssrc, rtx } = found.track;
			return { payloadType, ssrc, rtx, firstSequence: found.first };
		});
		try {
			const { from } = reader;
			this.#delivery = fan.join({ socket, address, port, from, tracks: wanted, protection, rewrite: true });
		} catch (error) {
			release();
			throw error;
		}
	}

	sent(track: ViewerTrack): SentCount {
		return this.#delivery.track(track.index) ?? { packets: 0, octets: 0 };
	}

	next(track: ViewerTrack): number {
		const stats = this.#delivery.track(track.index);
		if (!stats) return 0;
		return stats.packets > MAX_CONTINUED ? Number.POSITIVE_INFINITY : stats.lastSequence + 1;
	}

	account(): void {
		this.#delivery.tell(this.#reader.counters);
	}

	resend(track: ViewerTrack, sequences: readonly number[]): void {
		this.#delivery.resend(track.index, sequences);
	}

	replay(): void {
		this.#delivery.replay();
	}

	moved(route: Route): boolean {
		if (!(route instanceof UdpRoute)) return false;
		this.#delivery.setAddress(route.address, route.port, route.socket);
		return true;
	}

	close(): void {
		this.#delivery.leave();
		this.account();
		this.#release();
	}
}
