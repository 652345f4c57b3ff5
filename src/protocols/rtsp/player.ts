import type { Socket } from "node:net";
import type { Principal } from "../../access/access.ts";
import type { ReaderInfo } from "../../hub/reader.ts";
import type { Stream } from "../../hub/stream.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { RtspContext } from "./context.ts";
import { ask, Declined } from "./declined.ts";
import { type Carrier, Egress } from "./egress.ts";
import { TcpCarrier } from "./egress-tcp.ts";
import { Framing } from "./framing.ts";
import type { Setup } from "./session.ts";
import type { Transport } from "./transport.ts";

/** Who is at the other end of an RTSP connection, and how media reaches them. */
export interface Peer {
	readonly socket: Socket;
	/** The IP address, the only one that media goes to. */
	readonly ip: string;
	readonly port: number;
	/** The relay's address that they came to. */
	readonly localIp: string;
	/** Ends the connection, with the reason for the log. */
	end(reason: string): void;
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
	#egress: Egress | undefined;
	#carrier: Carrier | undefined;

	constructor(context: RtspContext, peer: Peer, path: PathName, stream: Stream, principal: Principal, id: string) {
		this.#context = context;
		this.#peer = peer;
		this.path = path;
		this.stream = stream;
		this.lastHeard = context.hub.clock.now();
		const remoteAddress = `${peer.ip}:${peer.port}`;
		this.#info = { type: "rtspSession", id, remoteAddress, user: principal.name ?? "" };
	}

	/** The transport that is given for what was asked. Throws `Declined`. */
	prepare(track: number, asked: Transport): Transport {
		const ssrc = this.stream.ssrc(track);
		if (asked.lower === "tcp") {
			return { lower: "tcp", mode: "play", interleaved: asked.interleaved ?? [2 * track, 2 * track + 1], ssrc };
		}
		throw new Declined(461, "UDP is not served here");
	}

	/** Joins the stream and gives the RTP-Info header for the answer; `start` sends. Throws `Declined`. */
	play(setups: readonly Setup[], url: string): string {
		if (this.#egress) return this.#egress.info(url);
		const tracks = setups.map((setup) => setup.track);
		const { hub } = this.#context;
		const events = {
			onPackets: (_: unknown, now: Millis) => this.#carrier?.pump(now),
			onEnd: (reason: string) => this.#end(reason),
		};
		const reader = ask(() => hub.read(this.path, tracks, this.#info, events));
		if (reader.stream !== this.stream) {
			reader.leave();
			throw new Declined(404, `"${this.path}" has another stream now`);
		}
		this.#egress = new Egress(reader, setups);
		this.#setups = setups;
		return this.#egress.info(url);
	}

	#setups: readonly Setup[] = [];

	/** Begins to send, after PLAY has been answered. */
	start(now: Millis): void {
		if (!this.#egress || this.#carrier) return;
		this.#carrier = this.#carry(this.#egress, this.#setups);
		this.#egress.tick(this.#carrier, now);
		this.#carrier.pump(now);
	}

	/** Something came on an interleaved channel: receiver reports, that show life. */
	packet(): void {
		this.lastHeard = this.#context.hub.clock.now();
	}

	tick(now: Millis): void {
		if (this.#egress && this.#carrier) this.#egress.tick(this.#carrier, now);
	}

	/** Leaves the stream; `play` may join it again. */
	pause(): void {
		this.#egress?.reader.leave();
		this.#carrier?.close();
		this.#egress = undefined;
		this.#carrier = undefined;
	}

	close(): void {
		this.pause();
	}

	#carry(egress: Egress, setups: readonly Setup[]): Carrier {
		const lane = (index: 0 | 1) =>
			this.stream.tracks.map(
				(_, track) => setups.find((one) => one.track === track)?.transport.interleaved?.[index] ?? -1,
			);
		const framing = Framing.of(this.stream, lane(0));
		const { clock } = this.#context.hub;
		return new TcpCarrier(this.#peer.socket, egress.reader, framing, lane(1), egress.press, () => clock.now());
	}

	#end(reason: string): void {
		if (this.#egress && this.#carrier) this.#egress.bye(this.#carrier, this.#context.hub.clock.now());
		this.pause();
		this.#peer.end(reason);
	}
}
