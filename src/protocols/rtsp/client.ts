import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { plainAddress } from "../../access/addresses.ts";
import { answerChallenge } from "../../access/digest.ts";
import type { Track } from "../../media/track.ts";
import { failureOf } from "../../net/server-refusal.ts";
import { boundUnsent, connectTcp } from "../../net/tcp.ts";
import { secureTcp } from "../../net/tls.ts";
import { writeReceiverReport } from "../../wire/rtcp-write.ts";
import { writeRtpHeader } from "../../wire/rtp.ts";
import { ClientSession, type Goal, type LiveSetup, type RefusedWith } from "./client-session.ts";
import { UdpPair } from "./client-udp.ts";
import { controlOf, describeTracks, readDescription } from "./description.ts";
import { frame } from "./framing.ts";
import type { Message } from "./message.ts";
import { StreamParser, type StreamSink } from "./stream-parser.ts";
import type { Pair, Transport } from "./transport.ts";
import { parseAddress, type RtspAddress } from "./url.ts";

const TICK_MS = 1000;
const MAX_REDIRECTS = 5;
const CHANNELS = 256;

/** Who takes what the server sends. */
export interface ClientSink {
	/** RTP over TCP, in order: `length` bytes at `offset`, good until this returns. */
	packet(track: number, bytes: Uint8Array, offset: number, length: number): void;
	/** RTP over UDP, as it came; the bytes are the receiver's. */
	datagram(track: number, bytes: Uint8Array): void;
	rtcp(track: number, bytes: Uint8Array): void;
}

export interface ClientOptions {
	/** May hold credentials. */
	readonly url: string;
	/** With rtsps: media comes by the one encrypted connection, whatever is said here. */
	readonly transport: Transport["lower"];
	/** Of the certificate that is taken with rtsps: as `secureTcp` has it; left out: one that the system trusts. */
	readonly fingerprint?: string | undefined;
	readonly sink: ClientSink;
	/** Asked before the password is sent in the open, where the server wants it so (Basic); left out: it is sent. */
	readonly mayShowPassword?: (() => boolean) | undefined;
	/** Ends the attempt. */
	readonly signal: AbortSignal;
	/** The tracks to publish; left out to play. */
	readonly publish?: readonly Track[];
	/** Called before the first packet is handed on. What it throws ends the connection. */
	onLive?(client: RtspClient): void;
}

/** The server sends the client to another address. */
interface Elsewhere {
	readonly location: string;
}

/**
 * Connects to an RTSP server and plays a stream, or publishes one. Resolves when media flows; follows redirects. Rejects
 * with the reason: a `ServerRefusal` where that is an answer of the server's.
 */
export async function openRtspClient(options: ClientOptions): Promise<RtspClient> {
	let address = parseAddress(options.url);
	for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
		const outcome = await RtspClient.open(address, address.tls ? { ...options, transport: "tcp" } : options);
		if (outcome instanceof RtspClient) return outcome;
		const next = parseAddress(outcome.location);
		if (address.tls && !next.tls) throw new Error("sent elsewhere, to where nothing is encrypted");
		// A login is for the host that it was given for.
		const keep = next.host === address.host && next.user === "";
		address = keep ? { ...next, user: address.user, password: address.password } : next;
	}
	throw new Error(`sent elsewhere more than ${MAX_REDIRECTS} times`);
}

/** A connection on which media flows. */
export class RtspClient implements StreamSink {
	/** The reason why the connection is over. Never rejects. */
	readonly closed: Promise<string>;
	/** The tracks that are played or published. */
	tracks: readonly Track[] = [];
	readonly #socket: Socket;
	readonly #host: string;
	readonly #options: ClientOptions;
	readonly #parser = new StreamParser(this);
	readonly #session: ClientSession;
	readonly #pairs: UdpPair[] = [];
	/** What an interleaved channel carries: twice the track, one more for RTCP; −1 for nothing. */
	readonly #channels = new Int16Array(CHANNELS).fill(-1);
	readonly #opened: Promise<this | Elsewhere>;
	readonly #timer: NodeJS.Timeout;
	#setups: readonly LiveSetup[] = [];
	#over = false;
	#resolveOpened!: (outcome: this | Elsewhere) => void;
	#rejectOpened!: (error: Error) => void;
	#resolveClosed!: (reason: string) => void;

	private constructor(socket: Socket, address: RtspAddress, goal: Goal, options: ClientOptions, pairs: UdpPair[]) {
		this.#socket = socket;
		this.#host = plainAddress(socket.remoteAddress ?? "");
		this.#options = options;
		this.#pairs = pairs;
		this.closed = new Promise((resolve) => {
			this.#resolveClosed = resolve;
		});
		this.#opened = new Promise((resolve, reject) => {
			this.#resolveOpened = resolve;
			this.#rejectOpened = reject;
		});
		let count = 0;
		this.#session = new ClientSession(address.url, goal, options.transport, {
			send: (bytes) => {
				if (socket.writable) socket.write(bytes);
			},
			authorize: (challenges, method, uri) => {
				const { user: name, password } = address;
				const mayShow = (): boolean => address.tls || (options.mayShowPassword?.() ?? true);
				const request = {
					name,
					password,
					method,
					uri,
					cnonce: randomBytes(8).toString("hex"),
					count: ++count,
					mayShow,
				};
				return name === "" ? undefined : answerChallenge(challenges, request);
			},
			described: (sdp) => this.#described(sdp),
			live: (setups) => this.#live(setups),
			ended: (reason, answer) => this.#end(reason, answer),
		});
		socket.on("data", (chunk: Buffer) => this.#read(chunk));
		socket.on("error", (error) => this.#end(error.message));
		socket.on("close", () => this.#end("the server closed the connection"));
		options.signal.addEventListener("abort", this.#abort, { once: true });
		this.#timer = setInterval(() => this.#session.tick(performance.now()), TICK_MS);
	}

	/** One attempt at one address. */
	static async open(address: RtspAddress, options: ClientOptions): Promise<RtspClient | Elsewhere> {
		const { publish, signal, transport, fingerprint = "" } = options;
		const plain = await connectTcp(address.host, address.port, signal);
		const socket = address.tls ? await secureTcp(plain, address.host, fingerprint, signal) : plain;
		const pairs: UdpPair[] = [];
		let goal: Goal = { mode: "play" };
		try {
			if (publish) {
				const host = plainAddress(socket.remoteAddress ?? "");
				if (transport === "udp") pairs.push(...(await openPairs(publish.length, host, options)));
				const controls = publish.map((_, track) => controlOf(track));
				const ports = pairs.map((pair) => pair.ports);
				goal = { mode: "record", sdp: describeTracks("Vedette", publish), controls, ports };
			}
			signal.throwIfAborted();
		} catch (error) {
			socket.destroy();
			for (const pair of pairs) pair.close();
			throw error;
		}
		const client = new RtspClient(socket, address, goal, options, pairs);
		if (publish) client.tracks = publish;
		client.#session.start(performance.now());
		return client.#opened;
	}

	/** Bytes that were written and have not left this process. */
	get pending(): number {
		return this.#socket.writableLength;
	}

	/** For a `TcpCarrier`, which writes media by itself; with the channels that the server gave in `setups`. */
	get socket(): Socket {
		return this.#socket;
	}

	get setups(): readonly LiveSetup[] {
		return this.#setups;
	}

	/** Bounds what the kernel holds of a publication of so many bytes a second, over TCP. */
	bound(bytesPerSecond: number): void {
		boundUnsent(this.#socket, bytesPerSecond);
	}

	/** What is sent in `write` leaves in one piece over TCP. */
	together(write: () => void): void {
		this.#socket.cork();
		write();
		this.#socket.uncork();
	}

	/** Sends an RTP packet of a published track. */
	sendRtp(track: number, packet: Uint8Array): void {
		if (this.#over) return;
		const pair = this.#pairs[track];
		const channel = this.#setups[track]?.transport.interleaved?.[0];
		if (pair) pair.rtp(packet);
		else if (channel !== undefined) this.#socket.write(frame(channel, packet));
	}

	/** Sends RTCP of a track. */
	sendRtcp(track: number, packet: Uint8Array): void {
		if (this.#over) return;
		const pair = this.#pairs[track];
		const channel = this.#setups[track]?.transport.interleaved?.[1];
		if (pair) pair.rtcp(packet);
		else if (channel !== undefined) this.#socket.write(frame(channel, packet));
	}

	/** Says goodbye and ends the connection. */
	close(reason = "closed"): void {
		this.#session.close(performance.now());
		this.#end(reason);
	}

	/** Called by the parser. */
	packet(channel: number, buffer: Uint8Array, offset: number, length: number): void {
		const what = this.#channels[channel]!;
		if (what < 0) return;
		if (what & 1) this.#options.sink.rtcp(what >> 1, buffer.subarray(offset, offset + length));
		else this.#options.sink.packet(what >> 1, buffer, offset, length);
	}

	/** Called by the parser. */
	message(message: Message): void {
		this.#session.message(message, performance.now());
	}

	readonly #abort = (): void => {
		const { reason } = this.#options.signal;
		this.#session.close(performance.now());
		this.#end(reason instanceof Error ? reason.message : `${reason}`);
	};

	#read(chunk: Buffer): void {
		if (this.#over) return;
		try {
			this.#parser.push(chunk);
		} catch (error) {
			this.#end(error instanceof Error ? error.message : `${error}`);
		}
	}

	#described(sdp: string): void {
		const { tracks, controls } = readDescription(sdp);
		this.tracks = tracks;
		if (this.#options.transport === "tcp") {
			this.#session.choose({ controls, ports: [] }, performance.now());
			return;
		}
		openPairs(tracks.length, this.#host, this.#options).then(
			(pairs) => {
				if (this.#over) for (const pair of pairs) pair.close();
				else this.#pairs.push(...pairs);
				const ports = pairs.map((pair) => pair.ports);
				this.#session.choose({ controls, ports }, performance.now());
			},
			(error: unknown) => this.#end(`${error}`),
		);
	}

	#live(setups: readonly LiveSetup[]): void {
		this.#setups = setups;
		for (const { track, transport } of setups) {
			const { interleaved, serverPort } = transport;
			if (interleaved) {
				this.#channels[interleaved[0]] = 2 * track;
				this.#channels[interleaved[1]] = 2 * track + 1;
			}
			const pair = this.#pairs[track];
			if (pair && serverPort) this.#connect(pair, serverPort, track);
		}
		this.#options.onLive?.(this);
		this.#resolveOpened(this);
	}

	/** The first packets open the way through a firewall or NAT. */
	#connect(pair: UdpPair, server: Pair, track: number): void {
		pair.connect(server);
		if (this.#options.publish) return;
		const empty = new Uint8Array(12);
		writeRtpHeader(empty, 0, this.tracks[track]!.payloadType, false, 0, 0, 0);
		pair.rtp(empty);
		pair.rtcp(writeReceiverReport(0, []));
	}

	#end(reason: string, { status, location }: RefusedWith = {}): void {
		if (this.#over) return;
		this.#over = true;
		clearInterval(this.#timer);
		this.#parser.stop();
		this.#options.signal.removeEventListener("abort", this.#abort);
		for (const pair of this.#pairs) pair.close();
		this.#socket.destroySoon();
		if (location === undefined) this.#rejectOpened(failureOf(reason, status));
		else this.#resolveOpened({ location });
		this.#resolveClosed(reason);
	}
}

async function openPairs(count: number, host: string, { sink }: ClientOptions): Promise<UdpPair[]> {
	const pairs: UdpPair[] = [];
	try {
		for (let track = 0; track < count; track++) {
			const rtp = (bytes: Buffer): void => sink.datagram(track, bytes);
			const rtcp = (bytes: Buffer): void => sink.rtcp(track, bytes);
			pairs.push(await UdpPair.open(host, { rtp, rtcp }));
		}
		return pairs;
	} catch (error) {
		for (const pair of pairs) pair.close();
		throw error;
	}
}
