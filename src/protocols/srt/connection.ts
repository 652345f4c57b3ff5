import { formatAddress } from "../../config/address.ts";
import { MpegTsIngest } from "../../hub/mpegts-ingest.ts";
import { newId } from "../../hub/path.ts";
import type { Reader } from "../../hub/reader.ts";
import { Refused } from "../../hub/refused.ts";
import type { Millis } from "../../media/time.ts";
import { shownQuery } from "../../observe/secrets.ts";
import { type Admission, Declined, declinedBy } from "./admission.ts";
import type { SrtContext } from "./context.ts";
import { Egress, playableTracks } from "./egress.ts";
import { rejection } from "./handshake.ts";
import type { SessionSettings } from "./link.ts";
import type { Remote } from "./listener.ts";
import { Session } from "./session.ts";
import { describeSession } from "./session-item.ts";

/** A publisher that has sent nothing to publish for so long is told to go. */
const SETTLE_MS = 20_000;
/** Who said nothing about it, and has not sent anything by then, is taken for a reader. */
const SILENT_MS = 250;

/** What a connection is for: found out before the caller is let in. */
export interface Seat {
	readonly id: string;
	readonly admission: Admission;
	readonly caller: Remote;
	/** Of one who asked to read. */
	reader: Reader | undefined;
	/** To be set as soon as the connection is there. */
	connection: SrtConnection | undefined;
}

/** Takes a place, and one among the path's readers for who asks to read. Throws `Refused` and `Declined`. */
export function takeSeat(context: SrtContext, admission: Admission, caller: Remote): Seat {
	const seat: Seat = { id: newId(), admission, caller, reader: undefined, connection: undefined };
	const isAwaited = context.hub.demand.isAwaited(admission.path);
	if (admission.target.action === "read" && !isAwaited) seat.reader = takeReader(context, seat);
	return seat;
}

function takeReader({ hub }: SrtContext, seat: Seat): Reader {
	const { path, principal, target } = seat.admission;
	const stream = hub.find(path);
	const tracks = playableTracks(stream);
	if (tracks.length === 0) {
		const encodings = stream.tracks.map(({ encoding }) => encoding).join(", ");
		throw new Declined(rejection.unacceptable, `a transport stream does not carry ${encodings}`);
	}
	const who = { type: "srtConn", id: seat.id, remoteAddress: remoteOf(seat.caller), user: principal.name ?? "" };
	return hub.read(
		path,
		tracks,
		{ ...who, query: target.query },
		{
			onFrame: (_, now) => seat.connection?.pump(now),
			onEnd: (reason) => seat.connection?.end(reason),
		},
	);
}

function remoteOf({ address, port }: Remote): string {
	return formatAddress({ host: address, port });
}

/** What the client does. `open`: it has not sent anything, and waits for a stream that it may read. */
type Role =
	| { readonly at: "open" }
	| { readonly at: "publish"; readonly ingest: MpegTsIngest; readonly since: Millis }
	| { readonly at: "read"; readonly reader: Reader; readonly egress: Egress };

/** One SRT client: it publishes or reads one stream. */
export class SrtConnection {
	readonly id: string;
	readonly caller: Remote;
	readonly socketId: number;
	readonly #context: SrtContext;
	readonly #seat: Seat;
	readonly #session: Session;
	readonly #closed: (connection: SrtConnection) => void;
	readonly #disconnected: () => void;
	readonly #created: string;
	readonly #since: Millis;
	#role: Role = { at: "open" };
	#over = false;
	#hasAsked = false;

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
			send: (head: Buffer, payload?: Uint8Array) => this.caller.send(head, payload),
			data: (payload: Uint8Array) => this.#data(payload),
			closed: (reason: string) => this.#release(reason),
		};
		this.#session = new Session(settings, events, now);
		seat.connection = this;
		if (seat.reader) this.#read(seat.reader, now);
		else if (seat.admission.target.action === "publish") this.#role = this.#receive(now);
	}

	/** As MediaMTX's control API writes it. */
	get item() {
		const { admission } = this.#seat;
		const role = this.#role;
		const reader = role.at === "read" ? role.reader : undefined;
		return {
			id: this.id,
			created: this.#created,
			remoteAddr: remoteOf(this.caller),
			state: role.at === "open" ? "idle" : role.at,
			path: admission.path,
			query: shownQuery(admission.target.query),
			user: admission.principal.name ?? "",
			outboundFramesDiscarded: reader?.counters.dropped ?? 0,
			...describeSession(this.#session),
		};
	}

	datagram(bytes: Buffer, now: Millis): void {
		this.#session.datagram(bytes, now);
		this.pump(now);
	}

	/** To be called every 10 ms. */
	tick(now: Millis): void {
		this.#session.tick(now);
		const role = this.#role;
		if (this.#over) return;
		if (role.at === "open") this.#join(now);
		else if (role.at === "read") role.egress.pump(now);
		else if (!role.ingest.isLive && now - role.since > SETTLE_MS) {
			this.end(`no stream that can be published for ${SETTLE_MS / 1000} s`);
		}
	}

	/** There are frames to send. */
	pump(now: Millis): void {
		if (this.#role.at === "read") this.#role.egress.pump(now);
	}

	/** Ends the connection and tells the client. */
	end(reason: string): void {
		if (this.#over) return;
		this.#session.close(this.#context.hub.clock.now());
		this.#release(reason);
	}

	/** Who has not sent anything reads, as soon as there is a stream. */
	#join(now: Millis): void {
		const { path, actions } = this.#seat.admission;
		const isSending = actions.includes("publish") && this.#session.statistics.packetsReceived > 0;
		if (isSending || now - this.#since < SILENT_MS || !actions.includes("read")) return;
		const { hub } = this.#context;
		if (hub.demand.isAwaited(path) || !hub.path(path)?.stream) {
			this.#wake();
			return;
		}
		try {
			this.#read(takeReader(this.#context, this.#seat), now);
		} catch (error) {
			this.end(declinedBy(error).message);
		}
	}

	/** Waits for the pictures of a path that sleeps; `tick` finds them. */
	#wake(): void {
		if (this.#hasAsked) return;
		this.#hasAsked = true;
		const { path, principal, target } = this.#seat.admission;
		const who = { type: "srtConn", user: principal.name ?? "", remoteAddress: remoteOf(this.caller) };
		this.#context.hub
			.wanted(path, { ...who, query: target.query })
			.catch((error: unknown) => this.end(declinedBy(error).message));
	}

	#read(reader: Reader, now: Millis): void {
		this.#role = { at: "read", reader, egress: new Egress(this.#session, reader, now) };
	}

	/** Where the next data goes; undefined where it may not go anywhere. */
	#inlet(): MpegTsIngest | undefined {
		const role = this.#role;
		if (role.at === "publish") return role.ingest;
		const { actions, target } = this.#seat.admission;
		if (target.action === "read" || !actions.includes("publish")) return undefined;
		if (role.at === "read") role.reader.leave();
		const publisher = this.#receive(this.#context.hub.clock.now());
		this.#role = publisher;
		return publisher.ingest;
	}

	#receive(since: Millis): Role & { readonly at: "publish" } {
		const { hub, log } = this.#context;
		const { path, principal, settings, target } = this.#seat.admission;
		const { identity } = principal;
		const remoteAddress = remoteOf(this.caller);
		const info = { type: "srtConn", id: this.id, remoteAddress, identity, query: target.query };
		const ingest = new MpegTsIngest(hub, path, settings.maxFrameSize, info, {
			onEnd: (reason) => this.end(reason),
			onLeftOut: (names) => log.warn({ path, names }, "streams are left out: they cannot be passed on"),
		});
		return { at: "publish", ingest, since };
	}

	#data(payload: Uint8Array): void {
		if (this.#over) return;
		try {
			this.#inlet()?.push(payload);
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			this.#context.refused({ ip: this.caller.address, reason: error.message });
			this.end(error.message);
		}
	}

	#release(reason: string): void {
		if (this.#over) return;
		this.#over = true;
		if (this.#role.at === "publish") this.#role.ingest.close(reason);
		if (this.#role.at === "read") this.#role.reader.leave();
		this.#context.log.debug({ ip: this.caller.address, reason }, "SRT connection closed");
		this.#disconnected();
		this.#closed(this);
	}
}
