import { randomBytes } from "node:crypto";
import type { DtlsServer, DtlsSession } from "../../src/net/dtls.ts";
import type { PacketCiphers } from "../../src/net/openssl-ciphers.ts";
import { compound, writeNack, writeReceiverReport } from "../../src/wire/rtcp-write.ts";
import { deriveKeys, SrtpReceiver, SrtpSender } from "../../src/wire/srtp.ts";
import { bindingSuccess, isStun, parseStun } from "../../src/wire/stun.ts";
import { machineMs } from "./clock.ts";
import type { DtlsClients } from "./dtls-client.ts";
import { Gaps } from "./gaps.ts";
import { check } from "./ice-client.ts";
import { offer, type RemoteSide, readAnswer } from "./offer.ts";
import { PacketFollower } from "./reader.ts";
import { close, connectUdp, type Datagrams, memory, openUdp, sendDatagram } from "./sockets.ts";
import type { Samples } from "./statistics.ts";

/** What all viewers of a process share. */
export interface ViewerTools {
	readonly ciphers: PacketCiphers;
	readonly dtls: DtlsClients;
	/** For servers that want to begin the handshake. */
	readonly dtlsServer: DtlsServer;
	readonly fingerprint: string;
	readonly datagrams: Datagrams;
}

const CHECK_AGAIN_MS = 50;
/** Browsers show that they still want media every few seconds, RFC 7675. */
const CONSENT_MS = 2500;
const REPORT_MS = 1000;
const OWN_SOURCE = 1;
const OUT_BYTES = 2048;

const out = memory(OUT_BYTES);

/** A WebRTC viewer without a decoder: ICE, DTLS, SRTP's keys, receiver reports and NACK. */
export class Viewer {
	readonly follower: PacketFollower;
	readonly fd: number;
	readonly gaps = new Gaps();
	readonly began = machineMs();
	/** Why it ended before its time. */
	failure = "";
	/** What it has sent, where somebody wants to know. */
	sent: Buffer[] | undefined;
	readonly #tools: ViewerTools;
	readonly #port: number;
	readonly #ufrag = randomBytes(4).toString("hex");
	readonly #password = randomBytes(12).toString("hex");
	#resource = "";
	#remote: RemoteSide | undefined;
	#dtls: DtlsSession | undefined;
	#receiver: SrtpReceiver | undefined;
	#sender: SrtpSender | undefined;
	#checkAt = 0;
	#reportAt = 0;

	/** With `delays` each picture is looked into for its stamp. */
	constructor(tools: ViewerTools, delays: Samples | undefined) {
		const socket = openUdp();
		if (!socket) throw new Error("no UDP socket");
		this.#tools = tools;
		this.fd = socket.fd;
		this.#port = socket.port;
		this.follower = new PacketFollower({
			gaps: this.gaps,
			open: (bytes, at, length) => this.#receiver?.rtp(bytes.subarray(at, at + length))?.length ?? -1,
			...(delays ? { delays } : {}),
		});
	}

	/** Whether media can come. */
	get connected(): boolean {
		return this.#receiver !== undefined;
	}

	/** Asks a WHEP address for the stream; media comes by the port `through` in place of the server's, where one is given. */
	async join(url: string, through?: number): Promise<void> {
		const body = offer({
			ufrag: this.#ufrag,
			password: this.#password,
			fingerprint: this.#tools.fingerprint,
			port: this.#port,
		});
		const response = await fetch(url, { method: "POST", headers: { "content-type": "application/sdp" }, body });
		const text = await response.text();
		if (response.status !== 201) throw new Error(`WHEP ${response.status}: ${text.slice(0, 200)}`);
		this.#resource = new URL(response.headers.get("location") ?? "", url).href;
		const answer = readAnswer(text);
		this.#remote = { ...answer, port: through ?? answer.port };
		connectUdp(this.fd, this.#remote.port);
		this.tick(machineMs());
	}

	/** Takes what came in, at most 64 datagrams; how many that were. */
	read(): number {
		const { datagrams } = this.#tools;
		const count = datagrams.receive(this.fd);
		for (let i = 0; i < count; i++) this.#datagram(datagrams.at(i), datagrams.length(i));
		return count;
	}

	/** To be called every 20 ms or so. */
	tick(now: number): void {
		if (!this.#remote) return;
		if (now >= this.#checkAt) this.#check(this.#remote, now);
		if (this.#dtls?.state === "handshaking") this.#dtls.tick();
		if (!this.#sender || this.follower.highest < 0) return;
		const missing = this.gaps.due(now);
		if (missing.length > 0)
			this.#rtcp(
				writeNack(
					OWN_SOURCE,
					this.follower.source,
					missing.sort((a, b) => a - b),
				),
			);
		if (now >= this.#reportAt) this.#report(now);
	}

	/** Says goodbye to the server, or only forgets it. */
	async leave(politely: boolean): Promise<void> {
		this.#dtls?.close();
		this.#dtls = undefined;
		close(this.fd);
		if (politely && this.#resource) await fetch(this.#resource, { method: "DELETE" }).catch(() => undefined);
	}

	/** Sends any bytes from the viewer's address. */
	throw(datagram: Uint8Array): void {
		out.bytes.set(datagram);
		sendDatagram(this.fd, out.address, datagram.length);
	}

	#check({ ufrag, password }: RemoteSide, now: number): void {
		this.#checkAt = now + (this.#dtls ? CONSENT_MS : CHECK_AGAIN_MS);
		this.#send(check(`${ufrag}:${this.#ufrag}`, Buffer.from(password), this.#tools.ciphers.hmacSha1));
	}

	#datagram(at: number, length: number): void {
		const { bytes } = this.#tools.datagrams;
		const first = bytes[at]!;
		if (first >= 128 && first < 192) this.#media(bytes, at, length);
		else if (first >= 20 && first < 64) this.#handshake(bytes.subarray(at, at + length));
		else if (isStun(bytes.subarray(at, at + length))) this.#stun(bytes.subarray(at, at + length));
	}

	#media(bytes: Buffer, at: number, length: number): void {
		// The relay's last word of the handshake was lost: as in browsers, what cannot be read yet never came.
		if (!this.#receiver) return;
		const type = bytes[at + 1]! & 0x7f;
		if (type >= 64 && type < 96) return;
		if (type !== this.#remote?.resent) {
			this.follower.packet(bytes, at, length);
			return;
		}
		// RFC 4588 section 4: the payload begins with the number of the packet that is sent again.
		const opened = this.#receiver.rtp(bytes.subarray(at, at + length));
		if (opened && opened.length >= 14) this.gaps.fill(bytes.readUInt16BE(at + 12));
	}

	#stun(bytes: Buffer): void {
		const message = parseStun(bytes);
		const { hmacSha1 } = this.#tools.ciphers;
		if (message?.kind === "request") {
			const from = { address: "127.0.0.1", port: this.#remote?.port ?? 0 };
			this.#send(bindingSuccess(message.transaction, from, Buffer.from(this.#password), hmacSha1));
		}
		if (message?.kind === "success") this.#dtls ??= this.#begin();
	}

	#begin(): DtlsSession {
		const send = (datagram: Uint8Array) => this.#send(datagram);
		const { dtls, dtlsServer } = this.#tools;
		return this.#remote?.begins ? dtlsServer.accept(send) : dtls.begin(send);
	}

	#handshake(datagram: Buffer): void {
		const dtls = this.#dtls;
		if (!dtls) return;
		dtls.input(datagram);
		if (dtls.state === "failed") this.failure = dtls.error;
		if (dtls.state === "closed") this.failure = "the server said goodbye";
		const keys = this.#receiver ? undefined : dtls.srtp();
		if (!keys) return;
		const { ciphers } = this.#tools;
		// The session names the keys from the side that was asked, RFC 5764 section 4.2.
		const [ours, theirs] = this.#remote?.begins ? [keys.local, keys.remote] : [keys.remote, keys.local];
		this.#receiver = new SrtpReceiver(deriveKeys(keys.profile, theirs, ciphers), ciphers);
		this.#sender = new SrtpSender(deriveKeys(keys.profile, ours, ciphers), ciphers);
	}

	#report(now: number): void {
		this.#reportAt = now + REPORT_MS;
		const block = {
			ssrc: this.follower.source,
			fractionLost: 0,
			cumulativeLost: 0,
			highestSequence: this.follower.highest,
			jitter: 0,
			lastSenderReport: 0,
			delaySinceLastSenderReport: 0,
		};
		this.#rtcp(compound(writeReceiverReport(OWN_SOURCE, [block])));
	}

	#rtcp(packet: Uint8Array): void {
		if (this.#sender) this.#send(this.#sender.rtcp(packet));
	}

	#send(datagram: Uint8Array): void {
		this.sent?.push(Buffer.from(datagram));
		this.throw(datagram);
	}
}
