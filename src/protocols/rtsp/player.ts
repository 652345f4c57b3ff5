import type { Socket } from "node:net";
import type { Principal } from "../../access/access.ts";
import type { Reader, ReaderInfo } from "../../hub/reader.ts";
import type { Stream } from "../../hub/stream.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { RtspContext } from "./context.ts";
import { ask, Declined } from "./declined.ts";
import { type Carrier, Egress } from "./egress.ts";
import { TcpCarrier } from "./egress-tcp.ts";
import { UdpCarrier } from "./egress-udp.ts";
import { Framing } from "./framing.ts";
import { noTraffic, type Traffic } from "./items.ts";
import type { Setup } from "./session.ts";
import type { Transport } from "./transport.ts";
import type { Route } from "./udp-routes.ts";

/** Who is at the other end of an RTSP connection, and how media reaches them. */
export interface Peer {
	readonly socket: Socket;
	/** The IP address, the only one that media goes to. */
	readonly ip: string;
	/** Address and port, for people. */
	readonly remoteAddress: string;
	/** The connection's, public: it gives nobody a right. */
	readonly id: string;
	/** The relay's address that they came to. */
	readonly localIp: string;
	/** Ends the connection, with the reason for the log. */
	end(reason: string): void;
}

/** Who was let in, and how they came. */
export interface Visitor {
	readonly principal: Principal;
	/** The session's. */
	readonly id: string;
	/** What stood after `?` in the address. */
	readonly query: string;
}

/** The session of somebody who plays a stream. */
export class Player {
	readonly path: PathName;
	readonly stream: Stream;
	/** When something was last heard, apart from requests. */
	lastHeard: Millis;
	readonly #context: RtspContext;
	readonly #peer: Peer;
	readonly #info: ReaderInfo;
	/** The ways that are open over UDP, by track; empty over TCP. */
	#routes: (Route | undefined)[] = [];
	#setups: readonly Setup[] = [];
	#egress: Egress | undefined;
	#tcp: TcpCarrier | undefined;
	#udp: UdpCarrier | undefined;

	constructor(context: RtspContext, peer: Peer, path: PathName, stream: Stream, { principal, id, query }: Visitor) {
		this.#context = context;
		this.#peer = peer;
		this.path = path;
		this.stream = stream;
		this.lastHeard = context.hub.clock.now();
		const { remoteAddress } = peer;
		this.#info = { type: `${context.scheme}Session`, id, remoteAddress, user: principal.name ?? "", query };
	}

	/** The transport that is given for what was asked. Throws `Declined`. */
	prepare(track: number, asked: Transport): Transport {
		const ssrc = this.stream.ssrc(track);
		if (asked.lower === "tcp") {
			return { lower: "tcp", mode: asked.mode, interleaved: asked.interleaved ?? [2 * track, 2 * track + 1], ssrc };
		}
		const { udp, fans } = this.#context;
		if (!fans || !udp?.at(this.#peer.localIp)) throw new Declined(461, "UDP is not served here");
		if (!asked.clientPort) throw new Declined(461, "UDP needs a client_port");
		return { lower: "udp", mode: asked.mode, clientPort: asked.clientPort, serverPort: udp.ports, ssrc };
	}

	/** Opens the way for a track. Throws `Declined`. */
	open(track: number, { clientPort }: Transport): void {
		const { udp } = this.#context;
		if (!udp || !clientPort) return;
		const route = udp.routes.add(this.#peer.ip, clientPort, {
			datagram: () => {
				this.lastHeard = this.#context.hub.clock.now();
			},
			moved: (lane, port) => this.#udp?.moved(track, lane, port),
			fits: () => true,
		});
		if (!route) throw new Declined(461, `the ports ${clientPort.join("-")} of ${this.#peer.ip} are in use`);
		this.#routes[track] = route;
	}

	get traffic(): Traffic {
		const { packets, bytes, dropped } = this.#egress?.reader.counters ?? { packets: 0, bytes: 0, dropped: 0 };
		const outbound = { outboundBytes: bytes, outboundRTPPackets: packets, outboundRTPPacketsDiscarded: dropped };
		return { ...noTraffic, ...outbound };
	}

	/** Joins the stream and gives the RTP-Info header for the answer; `start` sends. Throws `Declined`. */
	play(setups: readonly Setup[], url: string): string {
		if (this.#egress) return this.#egress.info(url);
		const tracks = setups.map((setup) => setup.track);
		const overUdp = this.#routes.length > 0;
		const onPackets = (_: Reader, now: Millis): void => this.#tcp?.pump(now);
		const onEnd = (reason: string): void => this.#end(reason);
		const events = overUdp ? { onEnd } : { onEnd, onPackets };
		const reader = ask(() => this.#context.hub.read(this.path, tracks, this.#info, events));
		if (reader.stream !== this.stream) {
			reader.leave();
			throw new Declined(404, `"${this.path}" has another stream now`);
		}
		this.#setups = setups;
		this.#egress = new Egress(reader, setups);
		return this.#egress.info(url);
	}

	/** Begins to send, after PLAY has been answered. */
	start(now: Millis): void {
		const egress = this.#egress;
		if (!egress || this.#carrier) return;
		if (this.#routes.length > 0) this.#udp = this.#carryUdp(egress, now);
		else this.#tcp = this.#carryTcp(egress);
		if (this.#carrier) egress.tick(this.#carrier, now);
		this.#tcp?.pump(now);
	}

	/** Something came on an interleaved channel: receiver reports, that show life. */
	packet(_channel: number, _bytes: Uint8Array, _offset: number, _length: number, now: Millis): void {
		this.lastHeard = now;
	}

	tick(now: Millis): void {
		if (this.#carrier) this.#egress?.tick(this.#carrier, now);
	}

	/** Leaves the stream; `play` may join it again. */
	pause(reason = "paused"): void {
		this.#carrier?.close();
		this.#egress?.reader.leave(reason);
		this.#egress = undefined;
		this.#tcp = undefined;
		this.#udp = undefined;
	}

	close(reason: string): void {
		this.pause(reason);
		for (const route of this.#routes) route?.release();
		this.#routes = [];
	}

	get #carrier(): Carrier | undefined {
		return this.#tcp ?? this.#udp;
	}

	#carryTcp(egress: Egress): TcpCarrier {
		const lane = (index: 0 | 1) =>
			this.stream.tracks.map(
				(_, track) => this.#setups.find((one) => one.track === track)?.transport.interleaved?.[index] ?? -1,
			);
		const framing = Framing.of(this.stream, lane(0));
		const { clock } = this.#context.hub;
		return new TcpCarrier(this.#peer.socket, egress.reader, framing, lane(1), egress.press, () => clock.now());
	}

	#carryUdp(egress: Egress, now: Millis): UdpCarrier | undefined {
		const { fans, udp } = this.#context;
		const sockets = udp?.at(this.#peer.localIp);
		try {
			return fans && sockets && new UdpCarrier(fans, egress.reader, sockets, this.#routes, egress.press, now);
		} catch (error) {
			if (!(error instanceof RangeError)) throw error;
			this.#end(error.message);
			return undefined;
		}
	}

	#end(reason: string): void {
		if (this.#egress && this.#carrier) this.#egress.bye(this.#carrier, this.#context.hub.clock.now());
		this.pause();
		this.#peer.end(reason);
	}
}
