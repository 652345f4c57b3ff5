import { newId } from "../../hub/path.ts";
import type { Reader } from "../../hub/reader.ts";
import { Refused } from "../../hub/refused.ts";
import type { Millis } from "../../media/time.ts";
import { type Admission, Declined } from "./admission.ts";
import type { SrtContext } from "./context.ts";
import { Egress, playableTracks } from "./egress.ts";
import { rejection } from "./handshake.ts";
import { Ingest } from "./ingest.ts";
import type { Caller } from "./listener.ts";
import { Session, type SessionSettings } from "./session.ts";

/** A publisher that has sent nothing to publish for so long is told to go. */
const SETTLE_MS = 20_000;

/** What a connection is for: found out before the caller is let in. */
export interface Seat {
	readonly id: string;
	readonly admission: Admission;
	readonly caller: Caller;
	readonly reader: Reader | undefined;
	/** To be set as soon as the connection is there. */
	connection: SrtConnection | undefined;
}

/** Takes a place at the path, for a reader. Throws `Refused` and `Declined`. */
export function takeSeat({ hub }: SrtContext, admission: Admission, caller: Caller): Seat {
	const { path, principal, target } = admission;
	const id = newId();
	if (target.action === "publish") return { id, admission, caller, reader: undefined, connection: undefined };
	const stream = hub.find(path);
	const tracks = playableTracks(stream);
	if (tracks.length === 0) {
		const encodings = stream.tracks.map(({ encoding }) => encoding).join(", ");
		throw new Declined(rejection.unacceptable, `a transport stream does not carry ${encodings}`);
	}
	const info = { type: "srtConn", id, remoteAddress: remoteOf(caller), user: principal.name ?? "" };
	const reader = hub.read(
		path,
		tracks,
		{ ...info, query: target.query },
		{
			onFrame: (_, now) => seat.connection?.pump(now),
			onEnd: (reason) => seat.connection?.end(reason),
		},
	);
	const seat: Seat = { id, admission, caller, reader, connection: undefined };
	return seat;
}

/** IPv6 in brackets. */
function remoteOf({ address, port }: Caller): string {
	return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** One SRT client: it publishes or reads one stream. */
export class SrtConnection {
	readonly id: string;
	readonly caller: Caller;
	readonly socketId: number;
	readonly #context: SrtContext;
	readonly #seat: Seat;
	readonly #session: Session;
	readonly #ingest: Ingest | undefined;
	readonly #egress: Egress | undefined;
	readonly #closed: (connection: SrtConnection) => void;
	readonly #disconnected: () => void;
	readonly #created: string;
	readonly #since: Millis;
	#over = false;

	/** `closed` is called once, when the connection is gone. */
	constructor(context: SrtContext, seat: Seat, settings: SessionSettings, closed: (connection: SrtConnection) => void) {
		const now = context.hub.clock.now();
		this.id = seat.id;
		this.caller = seat.caller;
		this.socketId = settings.socketId;
		this.#context = context;
		this.#seat = seat;
		this.#closed = closed;
		this.#created = new Date(context.hub.clock.unix()).toISOString();
		this.#since = now;
		this.#disconnected = context.connected("srtConn", this.id);
		const events = {
			send: (bytes: Buffer) => this.caller.send(bytes),
			data: (payload: Uint8Array) => this.#data(payload),
			closed: (reason: string) => this.#release(reason),
		};
		this.#session = new Session(settings, events, now);
		if (seat.reader) this.#egress = new Egress(this.#session, seat.reader, now);
		else this.#ingest = this.#receive();
		seat.connection = this;
	}

	/** As MediaMTX's control API writes it. */
	get item() {
		const { admission, reader } = this.#seat;
		const { statistics, settings, roundTrip } = this.#session;
		const { sent, received, peerRoom, room } = this.#session.held;
		return {
			id: this.id,
			created: this.#created,
			remoteAddr: remoteOf(this.caller),
			state: reader ? "read" : "publish",
			path: admission.path,
			query: admission.target.query.replace(/(^|&)(pass|token|jwt)=[^&]*/g, "$1$2=…"),
			user: admission.principal.name ?? "",
			packetsSent: statistics.packetsSent,
			packetsReceived: statistics.packetsReceived,
			packetsReceivedUnique: statistics.packetsReceivedUnique,
			packetsReceivedLoss: statistics.packetsMissed,
			packetsRetrans: statistics.packetsSentAgain,
			packetsReceivedRetrans: statistics.packetsReceivedAgain,
			packetsSentACK: statistics.acksSent,
			packetsReceivedACK: statistics.acksReceived,
			packetsSentNAK: statistics.naksSent,
			packetsReceivedNAK: statistics.naksReceived,
			packetsReceivedBelated: statistics.packetsBelated,
			packetsSendDrop: statistics.packetsSendDropped,
			packetsReceivedDrop: statistics.packetsReceiveDropped,
			packetsReceivedUndecrypt: statistics.packetsUndecrypted,
			packetsFlowWindow: peerRoom,
			packetsFlightSize: sent,
			packetsSendBuf: sent,
			packetsReceiveBuf: received,
			packetsAvailReceiveBuf: room,
			bytesSent: statistics.bytesSent,
			bytesReceived: statistics.bytesReceived,
			bytesRetrans: statistics.bytesSentAgain,
			inboundBytes: statistics.bytesReceived,
			outboundBytes: statistics.bytesSent,
			outboundFramesDiscarded: reader?.counters.dropped ?? 0,
			msRTT: roundTrip,
			msSendTsbPdDelay: settings.sendDelay,
			msReceiveTsbPdDelay: settings.receiveDelay,
			encrypted: settings.keys !== undefined,
		};
	}

	datagram(bytes: Buffer, now: Millis): void {
		this.#session.datagram(bytes, now);
		this.#egress?.pump(now);
	}

	/** To be called every 10 ms. */
	tick(now: Millis): void {
		this.#session.tick(now);
		this.#egress?.pump(now);
		const isIdle = this.#ingest && !this.#ingest.isLive && now - this.#since > SETTLE_MS;
		if (isIdle) this.end(`no stream that can be published for ${SETTLE_MS / 1000} s`);
	}

	/** There are frames to send. */
	pump(now: Millis): void {
		this.#egress?.pump(now);
	}

	/** Ends the connection and tells the client. */
	end(reason: string): void {
		if (this.#over) return;
		this.#session.close(this.#context.hub.clock.now());
		this.#release(reason);
	}

	#receive(): Ingest {
		const { hub, log } = this.#context;
		const { path, principal, settings, target } = this.#seat.admission;
		const { identity } = principal;
		const remoteAddress = remoteOf(this.caller);
		const info = { type: "srtConn", id: this.id, remoteAddress, identity, query: target.query };
		return new Ingest(hub, path, settings.maxFrameSize, info, {
			onEnd: (reason) => this.end(reason),
			onLeftOut: (names) => log.warn({ path, names }, "streams are left out: they cannot be passed on"),
		});
	}

	#data(payload: Uint8Array): void {
		if (this.#over) return;
		try {
			this.#ingest?.push(payload);
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			this.#context.log.info({ ip: this.caller.address, reason: error.message }, "refused");
			this.end(error.message);
		}
	}

	#release(reason: string): void {
		if (this.#over) return;
		this.#over = true;
		this.#ingest?.close(reason);
		this.#seat.reader?.leave();
		this.#context.log.debug({ ip: this.caller.address, reason }, "SRT connection closed");
		this.#disconnected();
		this.#closed(this);
	}
}
