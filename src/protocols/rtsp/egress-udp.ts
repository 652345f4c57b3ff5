import type { Fans, FanUse } from "../../hub/fans.ts";
import type { Reader } from "../../hub/reader.ts";
import type { Millis } from "../../media/time.ts";
import type { Delivery } from "../../net/sender/delivery.ts";
import type { SenderStream } from "../../net/sender/stream.ts";
import type { Carrier } from "./egress.ts";
import type { Press } from "./press.ts";
import type { SocketPair } from "./udp-ports.ts";
import type { Lane, Route } from "./udp-routes.ts";

/** One track on its way to a reader. */
interface Leg {
	readonly route: Route;
	readonly delivery: Delivery;
}

/**
 * Hands a stream to one reader over UDP, by the sender that serves all of them. Each track is a destination of its own:
 * a NAT may move one of them alone, and sound does not begin with the burst.
 */
export class UdpCarrier implements Carrier {
	readonly #reader: Reader;
	readonly #sockets: SocketPair;
	readonly #use: FanUse<SenderStream>;
	/** By track. */
	readonly #legs: (Leg | undefined)[] = [];

	/** Begins to send. `routes` has the way to each track that is taken. Throws a RangeError where memory is used up. */
	constructor(
		fans: Fans<SenderStream>,
		reader: Reader,
		sockets: SocketPair,
		routes: readonly (Route | undefined)[],
		press: Press,
		now: Millis,
	) {
		this.#reader = reader;
		this.#sockets = sockets;
		this.#use = fans.use(reader.stream);
		try {
			for (const [track, route] of routes.entries()) if (route) this.#legs[track] = this.#join(track, route, press);
		} catch (error) {
			this.close();
			throw error;
		}
		if (reader.from < reader.burstEnd) reader.sawFirstFrame(now);
	}

	/** Takes over what the sender has counted. */
	tick(now: Millis): void {
		this.#count();
		const { counters, firstFrameMs } = this.#reader;
		if (firstFrameMs < 0 && counters.packets > 0) this.#reader.sawFirstFrame(now);
	}

	#count(): void {
		const { counters } = this.#reader;
		const stats = this.#legs.flatMap((leg) => (leg ? [leg.delivery.stats] : []));
		const sum = (key: "packets" | "octets" | "dropped" | "cuts"): number =>
			stats.reduce((total, one) => total + one[key], 0);
		counters.packets = sum("packets");
		counters.bytes = sum("octets");
		counters.dropped = sum("dropped");
		counters.cuts = sum("cuts");
	}

	rtcp(track: number, packet: Uint8Array): void {
		const route = this.#legs[track]?.route;
		if (route) this.#sockets[1].send(packet, route.address, route.ports[1]);
	}

	/** The reader's packets come from another port than it said: what is sent goes there too. */
	moved(track: number, lane: Lane, port: number): void {
		const leg = this.#legs[track];
		if (leg && lane === 0) leg.delivery.setAddress(leg.route.address, port, this.#sockets[0]);
	}

	close(): void {
		this.#count();
		for (const leg of this.#legs) leg?.delivery.leave();
		this.#use.release();
	}

	#join(track: number, route: Route, press: Press): Leg {
		const { stream, from } = this.#reader;
		const { payloadType } = stream.tracks[track]!;
		const own = { payloadType, ssrc: stream.ssrc(track), squeeze: press.squeeze(track) };
		const delivery = this.#use.fan.join({
			socket: this.#sockets[0],
			address: route.address,
			port: route.ports[0],
			from: press.takes(track) ? from : stream.ring.head,
			tracks: stream.tracks.map((_, index) => (index === track ? own : null)),
			protection: null,
			rewrite: false,
		});
		return { route, delivery };
	}
}
