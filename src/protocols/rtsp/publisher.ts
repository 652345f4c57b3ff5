import type { Principal } from "../../access/access.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import type { RtspContext } from "./context.ts";
import { Declined } from "./declined.ts";
import type { Announced } from "./description.ts";
import { frame } from "./framing.ts";
import { Ingest } from "./ingest.ts";
import type { Peer } from "./player.ts";
import type { Setup } from "./session.ts";
import type { Transport } from "./transport.ts";

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
	readonly #principal: Principal;
	readonly #id: string;
	readonly #channels = new Int16Array(CHANNELS).fill(-1);
	#setups: readonly Setup[] = [];
	#ingest: Ingest | undefined;

	constructor(
		context: RtspContext,
		peer: Peer,
		path: PathName,
		announced: Announced,
		principal: Principal,
		id: string,
	) {
		this.#context = context;
		this.#peer = peer;
		this.path = path;
		this.announced = announced;
		this.#principal = principal;
		this.#id = id;
		this.lastHeard = context.hub.clock.now();
	}

	/** The transport that is given for what was asked. Throws `Declined`. */
	prepare(track: number, asked: Transport): Transport {
		if (asked.lower === "tcp") {
			return { lower: "tcp", mode: "record", interleaved: asked.interleaved ?? [2 * track, 2 * track + 1] };
		}
		throw new Declined(461, "UDP is not served here");
	}

	/** Takes the path over. Throws `Declined`. */
	record(setups: readonly Setup[]): void {
		if (this.#ingest) return;
		const info = {
			type: "rtspSession",
			id: this.#id,
			remoteAddress: `${this.#peer.ip}:${this.#peer.port}`,
			identity: this.#principal.identity,
		};
		const feedback = { rtcp: (track: number, packet: Uint8Array) => this.#feedback(track, packet) };
		this.#setups = setups;
		for (const { track, transport } of setups) {
			if (!transport.interleaved) continue;
			this.#channels[transport.interleaved[0]] = 2 * track;
			this.#channels[transport.interleaved[1]] = 2 * track + 1;
		}
		this.#ingest = new Ingest(this.#context.hub, this.path, this.announced.tracks, info, feedback, (reason) => {
			this.#ingest = undefined;
			this.#peer.end(reason);
		});
	}

	/** A packet on an interleaved channel. */
	packet(channel: number, bytes: Uint8Array, offset: number, length: number): void {
		const what = this.#channels[channel]!;
		if (what < 0 || !this.#ingest) return;
		if (what & 1) this.#ingest.rtcp(what >> 1, bytes.subarray(offset, offset + length));
		else this.#ingest.packet(what >> 1, bytes, offset, length);
	}

	tick(now: Millis): void {
		const ingest = this.#ingest;
		if (!ingest) return;
		this.lastHeard = ingest.lastPacket;
		ingest.tick(now);
	}

	/** Leaves the path; `record` may take it again. */
	pause(): void {
		this.close("paused");
	}

	close(reason: string): void {
		this.#ingest?.close(reason);
		this.#ingest = undefined;
	}

	#feedback(track: number, packet: Uint8Array): void {
		const transport = this.#setups.find((one) => one.track === track)?.transport;
		const { socket } = this.#peer;
		if (transport?.interleaved && socket.writable && socket.writableLength === 0) {
			socket.write(frame(transport.interleaved[1], packet));
		}
	}
}
