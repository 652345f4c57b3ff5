import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import { RTP_HEADER_BYTES, rtpPayloadType } from "../../wire/rtp.ts";
import type { RtspContext } from "./context.ts";
import { Declined } from "./declined.ts";
import type { Announced } from "./description.ts";
import { frame } from "./framing.ts";
import { Ingest } from "./ingest.ts";
import { noTraffic, type Traffic } from "./items.ts";
import type { Peer, Visitor } from "./player.ts";
import type { Setup } from "./session.ts";
import type { Transport } from "./transport.ts";
import type { Route } from "./udp-routes.ts";

/** What an interleaved channel carries: twice the track, one more for RTCP; −1 for nothing. */
const CHANNELS = 256;

/** The session of somebody who publishes a stream. */
export class Publisher {
	readonly path: PathName;
	readonly announced: Announced;
	/** When something was last heard, apart from requests. */
	lastHeard: Millis;
	readonly #context: RtspContext;
	readonly #peer: Peer;
	readonly #visitor: Visitor;
	readonly #channels = new Int16Array(CHANNELS).fill(-1);
	#setups: readonly Setup[] = [];
	/** The ways that are open over UDP, by track. */
	#routes: (Route | undefined)[] = [];
	#ingest: Ingest | undefined;

	constructor(context: RtspContext, peer: Peer, path: PathName, announced: Announced, visitor: Visitor) {
		this.#context = context;
		this.#peer = peer;
		this.path = path;
		this.announced = announced;
		this.#visitor = visitor;
		this.lastHeard = context.hub.clock.now();
	}

	/** The transport that is given for what was asked. Throws `Declined`. */
	prepare(track: number, asked: Transport): Transport {
		if (asked.lower === "tcp") {
			return { lower: "tcp", mode: asked.mode, interleaved: asked.interleaved ?? [2 * track, 2 * track + 1] };
		}
		const { clientPort } = asked;
		const { udp } = this.#context;
		if (!udp?.at(this.#peer.localIp)) throw new Declined(461, "UDP is not served here");
		if (!clientPort) throw new Declined(461, "UDP needs a client_port");
		return { lower: "udp", mode: asked.mode, clientPort, serverPort: udp.ports };
	}

	/** Takes the path over. Throws `Declined`. */
	record(setups: readonly Setup[]): void {
		if (this.#ingest) return;
		const { id, principal, query } = this.#visitor;
		const { remoteAddress } = this.#peer;
		const info = { type: `${this.#context.scheme}Session`, id, remoteAddress, identity: principal.identity, query };
		const feedback = { rtcp: (track: number, packet: Uint8Array) => this.#feedback(track, packet) };
		this.#setups = setups;
		this.#ingest = new Ingest(this.#context.hub, this.path, this.announced.tracks, info, feedback, (reason) => {
			this.#ingest = undefined;
			this.#peer.end(reason);
		});
	}

	/** Opens the way for a track. Throws `Declined`. */
	open(track: number, { interleaved, clientPort }: Transport): void {
		if (interleaved) {
			this.#channels[interleaved[0]] = 2 * track;
			this.#channels[interleaved[1]] = 2 * track + 1;
		}
		const { udp } = this.#context;
		if (!udp || !clientPort) return;
		const { payloadType } = this.announced.tracks[track]!;
		const route = udp.routes.add(this.#peer.ip, clientPort, {
			datagram: (lane, bytes) => {
				if (lane === 0) this.#ingest?.datagram(track, bytes);
				else this.#ingest?.rtcp(track, bytes);
			},
			moved: () => undefined,
			fits: (bytes) => bytes.length >= RTP_HEADER_BYTES && rtpPayloadType(bytes, 0) === payloadType,
		});
		if (!route) throw new Declined(461, `the ports ${clientPort.join("-")} of ${this.#peer.ip} are in use`);
		this.#routes[track] = route;
	}

	get traffic(): Traffic {
		return this.#ingest?.traffic ?? noTraffic;
	}

	/** A packet on an interleaved channel. */
	packet(channel: number, bytes: Uint8Array, offset: number, length: number, now: Millis): void {
		const what = this.#channels[channel]!;
		if (what < 0 || !this.#ingest) return;
		if (what & 1) this.#ingest.rtcp(what >> 1, bytes.subarray(offset, offset + length));
		else this.#ingest.packet(what >> 1, bytes, offset, length, now);
	}

	tick(now: Millis): void {
		const ingest = this.#ingest;
		if (!ingest) return;
		this.lastHeard = ingest.lastPacket;
		ingest.tick(now);
	}

	/** Leaves the path; `record` may take it again. */
	pause(): void {
		this.#leave("paused");
	}

	close(reason: string): void {
		this.#leave(reason);
		for (const route of this.#routes) route?.release();
		this.#routes = [];
	}

	#leave(reason: string): void {
		this.#ingest?.close(reason);
		this.#ingest = undefined;
	}

	#feedback(track: number, packet: Uint8Array): void {
		const transport = this.#setups.find((one) => one.track === track)?.transport;
		const { socket, ip, localIp } = this.#peer;
		const route = this.#routes[track];
		if (route) this.#context.udp?.at(localIp)?.[1].send(packet, ip, route.ports[1]);
		else if (transport?.interleaved && socket.writable && socket.writableLength === 0) {
			socket.write(frame(transport.interleaved[1], packet));
		}
	}
}
