import type { Millis } from "../../media/time.ts";
import type { DtlsServer, DtlsSession, DtlsSrtp } from "../../net/dtls.ts";
import { isRtcp } from "../../wire/rtcp.ts";
import { deriveKeys, type SrtpKeys, type SrtpPrimitives, SrtpReceiver, SrtpSender } from "../../wire/srtp.ts";
import { isStun } from "../../wire/stun.ts";
import type { RemoteTransport } from "./answer.ts";
import { CONSENT_ENDS_MS, type Credentials, IceAgent, type Route } from "./ice.ts";

/** Datagrams of a handshake that are kept until their address has answered our check. */
const MAX_EARLY = 4;
/** Both directions' keys, once the handshake is done. */
export interface SecureMedia {
	/** What we send with. */
	readonly local: SrtpKeys;
	/** Protects RTCP and, for a viewer over TCP, RTP. */
	readonly sender: SrtpSender;
}

/** What a session is for: playing or publishing. Calls come in the order of these lines. */
export interface Role {
	/** Between the end of the handshake and `start`. */
	readonly delayMs: Millis;
	/** Media may flow, to this route. Throws the hub's `Refused`. */
	start(media: SecureMedia, route: Route, now: Millis): void;
	/** The peer has moved to another route. */
	moved(route: Route, now: Millis): void;
	/** One decrypted RTP packet; its bytes stay as they are. */
	rtp(packet: Uint8Array, now: Millis): void;
	/** One decrypted compound of RTCP. */
	rtcp(packet: Uint8Array, now: Millis): void;
	/** Every 50 to 100 ms while `busy`, else every second. */
	tick(now: Millis): void;
	/** It needs the shorter tick. */
	readonly busy: boolean;
	close(reason: string): void;
}

export interface SessionTools {
	readonly dtls: DtlsServer;
	readonly primitives: SrtpPrimitives;
	readonly random: (bytes: number) => Uint8Array;
	/** Calls back once after `ms`; the returned function takes that back. */
	readonly after: (ms: Millis, call: () => void) => () => void;
	readonly now: () => Millis;
}

export interface SessionOptions {
	readonly local: Credentials;
	readonly remote: RemoteTransport;
	readonly role: Role;
	/** ICE and DTLS must have finished within this time. */
	readonly handshakeMs: Millis;
	/** The session is over; called once. */
	readonly onClosed: (reason: string) => void;
}

/** Where a session is in its life. */
export type SessionState = "connecting" | "handshaking" | "starting" | "live" | "closed";

/** One peer: ICE, then DTLS, then SRTP both ways. Sockets are the caller's. */
export class Session {
	readonly ice: IceAgent;
	readonly #tools: SessionTools;
	readonly #options: SessionOptions;
	readonly #deadline: Millis;
	#state: SessionState = "connecting";
	#dtls: DtlsSession | undefined;
	/** Where the handshake came from last. */
	#dtlsRoute: Route | undefined;
	#early: { route: Route; datagram: Uint8Array }[] = [];
	#receiver: SrtpReceiver | undefined;
	#media: SecureMedia | undefined;
	#cancelStart: (() => void) | undefined;
	#seen = false;
	/** Datagrams that proved to be forged, repeated or broken. */
	rejected = 0;

	constructor(tools: SessionTools, options: SessionOptions) {
		this.#tools = tools;
		this.#options = options;
		this.#deadline = tools.now() + options.handshakeMs;
		const { hmacSha1: hmac } = tools.primitives;
		this.ice = new IceAgent(
			options.local,
			options.remote,
			{ hmac, random: tools.random },
			{ onSelected: (route) => this.#selected(route), onValid: (route) => this.#valid(route) },
		);
	}

	get state(): SessionState {
		return this.#state;
	}

	/** Whether `tick` is to be called every 50 ms, and not only every second. */
	get busy(): boolean {
		return this.#state !== "live" || this.#options.role.busy;
	}

	/** Where media goes. */
	get route(): Route | undefined {
		return this.ice.selected ?? this.#dtlsRoute;
	}

	/** Takes one datagram, told apart by its first byte (RFC 7983). False where it proves nothing about its sender. */
	input(datagram: Uint8Array, route: Route): boolean {
		const first = datagram[0] ?? 255;
		if (this.#state === "closed" || datagram.length === 0) return false;
		const now = this.#tools.now();
		if (first < 4) {
			const good = isStun(datagram) && this.ice.input(datagram, route, now);
			if (good) this.#seen = true;
			return good;
		}
		if (first >= 20 && first <= 63) this.#handshake(datagram, route);
		else if (first >= 128 && first <= 191) this.#protected(datagram, now);
		return false;
	}

	#handshake(datagram: Uint8Array, route: Route): void {
		// An address that has not answered gets no handshake from us: it may be somebody else's.
		if (!this.ice.isValid(route)) {
			if (this.#early.length < MAX_EARLY) this.#early.push({ route, datagram });
			return;
		}
		if (this.#state === "connecting") this.#state = "handshaking";
		this.#dtlsRoute = route;
		this.#dtls ??= this.#tools.dtls.accept((bytes) => this.route?.send(bytes));
		this.#dtls.input(datagram);
		this.#afterDtls();
	}

	#valid(route: Route): void {
		const early = this.#early.filter((one) => one.route.key === route.key);
		this.#early = this.#early.filter((one) => one.route.key !== route.key);
		for (const one of early) if (this.#state !== "closed") this.#handshake(one.datagram, route);
	}

	#afterDtls(): void {
		const dtls = this.#dtls;
		if (!dtls) return;
		if (dtls.state === "failed") this.close(`DTLS failed: ${dtls.error}`);
		else if (dtls.state === "closed") this.close("the peer said goodbye");
		else if (dtls.state === "connected" && this.#state === "handshaking") this.#connected(dtls);
	}

	#connected(dtls: DtlsSession): void {
		const { hash, value } = this.#options.remote.fingerprint;
		if (dtls.fingerprint(hash) !== value) {
			this.close("the peer's certificate is not the one in its offer");
			return;
		}
		const agreed = dtls.srtp();
		if (!agreed) {
			this.close("the peer has no SRTP profile of ours");
			return;
		}
		this.#secure(agreed);
		this.#state = "starting";
		const { delayMs } = this.#options.role;
		if (delayMs === 0) this.#start();
		else this.#cancelStart = this.#tools.after(delayMs, () => this.#start());
	}

	#secure({ profile, local, remote }: DtlsSrtp): void {
		const { primitives } = this.#tools;
		const keys = deriveKeys(profile, local, primitives);
		this.#media = { local: keys, sender: new SrtpSender(keys, primitives) };
		this.#receiver = new SrtpReceiver(deriveKeys(profile, remote, primitives), primitives);
	}

	#start(): void {
		const route = this.route;
		if (this.#state !== "starting" || !this.#media || !route) return;
		this.#state = "live";
		try {
			this.#options.role.start(this.#media, route, this.#tools.now());
		} catch (error) {
			this.close(error instanceof Error ? error.message : String(error));
		}
	}

	#selected(route: Route): void {
		if (this.#state === "live") this.#options.role.moved(route, this.#tools.now());
	}

	#protected(datagram: Uint8Array, now: Millis): void {
		const receiver = this.#receiver;
		if (!receiver) return;
		const control = isRtcp(datagram);
		const packet = control ? receiver.rtcp(datagram) : receiver.rtp(datagram);
		if (!packet) this.rejected++;
		else if (this.#state === "live") {
			if (control) this.#options.role.rtcp(packet, now);
			else this.#options.role.rtp(packet, now);
		}
	}

	/** Timers of ICE and DTLS, consent, and the role's own. */
	tick(now: Millis): void {
		if (this.#state === "closed") return;
		this.ice.tick(now);
		if (this.#state === "handshaking") {
			this.#dtls?.tick();
			this.#afterDtls();
		}
		if (this.#state === "live") {
			if (this.ice.silence(now) > CONSENT_ENDS_MS) {
				this.close(`the peer has not answered for ${CONSENT_ENDS_MS / 1000} s (consent, RFC 7675)`);
				return;
			}
			this.#options.role.tick(now);
		} else if (now > this.#deadline) this.close(this.#unfinished());
	}

	#unfinished(): string {
		const seconds = this.#options.handshakeMs / 1000;
		if (!this.#seen) return `no ICE check arrived within ${seconds} s: is the port reachable?`;
		if (!this.#dtls) return `the peer answered no check of ours, or began no handshake, within ${seconds} s`;
		return `the DTLS handshake did not finish within ${seconds} s`;
	}

	/** A route is gone: its TCP connection ended. */
	forget(route: Route): void {
		this.ice.forget(route);
		if (this.#dtlsRoute === route) this.#dtlsRoute = undefined;
		if (this.#state === "live" && !this.route) this.close("the connection ended");
	}

	/** Ends the session and frees what it holds. Idempotent. */
	close(reason: string): void {
		if (this.#state === "closed") return;
		this.#state = "closed";
		this.#cancelStart?.();
		this.#options.role.close(reason);
		this.#dtls?.close();
		this.#early = [];
		this.#options.onClosed(reason);
	}
}
