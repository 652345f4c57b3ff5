import { randomBytes, randomInt } from "node:crypto";
import type { Principal } from "../../access/access.ts";
import { newId } from "../../hub/path.ts";
import { Refused } from "../../hub/refused.ts";
import type { PathName } from "../../media/path-name.ts";
import { type Certificate, loadCertificate } from "../../net/certificate.ts";
import { DtlsServer } from "../../net/dtls.ts";
import { type OpenSsl, openSslOrReason } from "../../net/openssl.ts";
import { packetCiphers } from "../../net/openssl-ciphers.ts";
import { type SessionDescription, writeSdp } from "../../wire/sdp.ts";
import { answerTo, type LocalTransport, remoteTransport, type Sources } from "./answer.ts";
import { candidateLines, isLocalClient, PublicHosts } from "./candidates.ts";
import type { WebRtcContext, WebRtcSettings } from "./context.ts";
import { Demux } from "./demux.ts";
import { Egress } from "./egress.ts";
import { fragmentCredentials, parseOffer, writeFragment } from "./fragment.ts";
import type { Credentials } from "./ice.ts";
import { Ingest } from "./ingest.ts";
import { acceptedOf, type LeftOut, negotiatePlay, negotiatePublish, type Plan, sourceHints } from "./negotiate.ts";
import { playableTracks, viewerTracks } from "./offer-tracks.ts";
import { describePeer, type Peer, type PeerItem } from "./peer.ts";
import { Ports } from "./ports.ts";
import { randomOf } from "./random.ts";
import { WebRtcRefusal } from "./refusal.ts";
import { type Role, Session, type SessionTools } from "./session.ts";
import { Turns } from "./turns.ts";

/** Tracks of one publisher; the path's own limit is the hub's to check. */
const MAX_TRACKS = 16;

/** A WHIP or WHEP offer from somebody who was let in. */
export interface Offer {
	readonly direction: "publish" | "read";
	readonly path: PathName;
	readonly sdp: string;
	readonly principal: Principal;
	/** IP address of the HTTP client. */
	readonly remoteAddress: string;
	readonly userAgent: string;
	/** What stands after `?`. */
	readonly query: string;
	/** Told when the session is over, with the reason. */
	readonly onEnd?: (reason: string) => void;
}

export interface Answer {
	/** Unguessable: who knows it may change and end the session. */
	readonly id: string;
	readonly sdp: string;
	/** Names the present ICE session; without quotes. */
	readonly etag: string;
	/** Tracks that this client cannot take. */
	readonly leftOut: readonly LeftOut[];
}

/** Which session a PATCH or DELETE is for. */
export interface SessionName {
	readonly direction: "publish" | "read";
	readonly path: PathName;
	readonly id: string;
}

/** Why there is no WebRTC on this machine; undefined where there is. */
export function webRtcUnavailable(): string | undefined {
	const found = openSslOrReason();
	return "reason" in found ? found.reason : undefined;
}

/** WebRTC's server side: one port for all viewers and publishers, and their sessions. */
export class WebRtcServer implements AsyncDisposable {
	readonly #context: WebRtcContext;
	readonly #settings: WebRtcSettings;
	readonly #certificate: Certificate;
	readonly #dtls: DtlsServer;
	readonly #tools: SessionTools;
	readonly #demux = new Demux();
	readonly #turns: Turns<Session>;
	readonly #peers = new Map<string, Peer>();
	/** Names of sessions by what their Locations hold. */
	readonly #bySecret = new Map<string, string>();
	#ports: Ports | undefined;
	#hosts: PublicHosts | undefined;

	private constructor(context: WebRtcContext, settings: WebRtcSettings, ssl: OpenSsl) {
		this.#context = context;
		this.#settings = settings;
		this.#certificate = loadCertificate(context.certificateFile, context.hub.clock.unix());
		this.#dtls = new DtlsServer(ssl, this.#certificate);
		const { clock } = context.hub;
		this.#turns = new Turns(clock);
		this.#tools = {
			dtls: this.#dtls,
			primitives: packetCiphers(ssl),
			random: randomOf,
			after: (ms, call) => clock.after(ms, call),
			now: () => clock.now(),
		};
	}

	/**
	 * Opens the ports. Rejects with Node's error codes where one is taken, and where there is no OpenSSL to be had (ask
	 * `webRtcUnavailable` before).
	 */
	static async listen(context: WebRtcContext, settings: WebRtcSettings): Promise<WebRtcServer> {
		const found = openSslOrReason();
		if ("reason" in found) throw new Error(`no WebRTC: ${found.reason}`);
		const server = new WebRtcServer(context, settings, found.openSsl);
		try {
			await server.#open();
		} catch (error) {
			await server.close();
			throw error;
		}
		return server;
	}

	async #open(): Promise<void> {
		const { address, tcp, publicHosts } = this.#settings;
		this.#hosts = await PublicHosts.resolve(publicHosts, (host, reason) => {
			this.#context.log.warn({ host, reason }, "no address is known for a public host; looking again every minute");
		});
		this.#ports = await Ports.open(address, tcp, {
			onDatagram: (datagram, key, makeRoute) => this.#demux.input(datagram, key, makeRoute),
			holds: (route) => this.#demux.holds(route),
			onClosed: (route) => this.#demux.closed(route),
		});
	}

	/** The UDP ports that are open, in the order of the addresses; those for TCP have the same numbers. */
	get ports(): readonly number[] {
		return this.#ports?.udp ?? [];
	}

	/** Datagrams that belonged to no session. */
	get strays(): number {
		return this.#demux.strays;
	}

	/** DTLS sessions that hold native memory. */
	get handshakes(): number {
		return this.#dtls.size;
	}

	/**
	 * Takes an offer in and answers at once. Rejects with `WebRtcRefusal` (it has the HTTP status) or the hub's `Refused`.
	 */
	async offer(offer: Offer): Promise<Answer> {
		this.#checkRoom();
		const description = parseOffer(offer.sdp);
		const id = newId();
		return offer.direction === "read" ? this.#play(id, offer, description) : this.#publish(id, offer, description);
	}

	#checkRoom(): void {
		if (this.#peers.size < this.#settings.maxSessions) return;
		throw new WebRtcRefusal(503, `there are ${this.#peers.size} sessions, the most there may be`);
	}

	async #play(id: string, offer: Offer, description: SessionDescription): Promise<Answer> {
		const { hub, fans } = this.#context;
		const user = offer.principal.name ?? "";
		const { path, query, remoteAddress } = offer;
		await hub.wanted(path, { type: "webRTCSession", user, remoteAddress, query });
		// Others may have come meanwhile.
		this.#checkRoom();
		const stream = hub.find(offer.path);
		const { maxReaders } = hub.path(offer.path)?.settings ?? { maxReaders: Number.POSITIVE_INFINITY };
		if (stream.audience >= maxReaders) {
			throw new Refused("full", `"${offer.path}" has ${stream.audience} readers, the most it may have`);
		}
		const plan = negotiatePlay(description, playableTracks(stream));
		const tracks = viewerTracks(plan, stream);
		const end = (reason: string): void => this.#end(id, reason);
		const egress = new Egress({ hub, path, stream, tracks, id, user, remoteAddress, query, fans, end });
		const sources: Sources[] = [];
		for (const { index, ssrc, rtx } of tracks) sources[index] = { ssrc, rtx: rtx?.ssrc };
		return this.#begin(id, offer, description, plan, { egress }, sources);
	}

	#publish(id: string, offer: Offer, description: SessionDescription): Answer {
		const plan = negotiatePublish(description, MAX_TRACKS);
		remoteTransport(description, plan);
		const tracks = acceptedOf(plan).map((accepted) => accepted.format.track);
		const { remoteAddress, principal, query } = offer;
		const info = { type: "webRTCSession", id, remoteAddress, identity: principal.identity, query };
		let ingest: Ingest | undefined;
		const publication = this.#context.hub.publish(offer.path, tracks, info, {
			onEnd: (reason) => this.#end(id, reason),
			onKeyFrameRequest: () => ingest?.requestKeyFrame(),
		});
		ingest = new Ingest(publication, sourceHints(plan));
		return this.#begin(id, offer, description, plan, { ingest }, []);
	}

	#begin(
		id: string,
		offer: Offer,
		description: SessionDescription,
		plan: Plan,
		role: Peer["role"],
		sources: readonly Sources[],
	): Answer {
		const remote = remoteTransport(description, plan);
		const local = makeCredentials();
		const onThisMachine = isLocalClient(offer.remoteAddress);
		const localTransport = this.#transport(local, onThisMachine);
		const served: Role = "egress" in role ? role.egress : role.ingest;
		const session = new Session(this.#tools, {
			local,
			remote,
			role: served,
			handshakeMs: this.#settings.handshakeTimeout,
			onClosed: (reason) => {
				this.#closed(id, reason);
				offer.onEnd?.(reason);
			},
		});
		const { direction, path, userAgent, query, principal } = offer;
		const secret = newId();
		this.#bySecret.set(secret, id);
		this.#peers.set(id, {
			secret,
			...{ id, direction, path, plan, session, role, userAgent, query, onThisMachine, local, remote, localTransport },
			user: principal.name ?? "",
			created: this.#context.hub.clock.unix(),
			users: new Set([local.ufrag]),
		});
		this.#demux.name(session);
		this.#turns.add(session);
		const answer = answerTo(plan, localTransport, `${randomInt(1, 2 ** 47)}`, sources);
		return { id: secret, sdp: writeSdp(answer), etag: local.ufrag, leftOut: plan.leftOut };
	}

	#transport(local: Credentials, onThisMachine: boolean): LocalTransport {
		const ports = this.#ports;
		const publicHosts = this.#hosts?.addresses ?? [];
		const candidates = (ports?.udp ?? []).flatMap((udp, index) => {
			const addresses = (ports?.sockets ?? []).filter((socket) => socket.port === udp).map((socket) => socket.address);
			return candidateLines({ publicHosts, local: addresses }, { udp, tcp: ports?.tcp[index] }, onThisMachine);
		});
		return { ...local, fingerprint: this.#certificate.fingerprint, candidates };
	}

	/**
	 * A trickle or ICE restart fragment (RFC 9725 section 4.3). `ifMatch` is without quotes. `fragment` of the answer is
	 * undefined where candidates were only taken. Rejects with `WebRtcRefusal`.
	 */
	async patch(
		name: SessionName,
		fragment: string,
		ifMatch: string | undefined,
	): Promise<{ readonly etag: string; readonly fragment: string | undefined }> {
		const peer = this.#find(name);
		if (!peer) throw new WebRtcRefusal(404, "there is no such session");
		if (ifMatch === undefined) throw new WebRtcRefusal(428, "If-Match is missing: the ETag of the session, or *");
		if (ifMatch !== "*" && ifMatch !== peer.local.ufrag) {
			throw new WebRtcRefusal(412, "If-Match names another ICE session than the present one");
		}
		const remote = fragmentCredentials(fragment);
		if (!remote || (remote.ufrag === peer.remote.ufrag && remote.password === peer.remote.password)) {
			return { etag: peer.local.ufrag, fragment: undefined };
		}
		const local = makeCredentials();
		peer.session.ice.restart(local, remote);
		peer.local = local;
		peer.remote = remote;
		peer.users.add(local.ufrag);
		peer.localTransport = this.#transport(local, peer.onThisMachine);
		this.#demux.name(peer.session);
		return { etag: local.ufrag, fragment: writeFragment(peer.plan, peer.localTransport) };
	}

	/** Ends a session; false where there is none. */
	end(name: SessionName): boolean {
		const peer = this.#find(name);
		peer?.session.close("the peer ended it");
		return peer !== undefined;
	}

	/** All sessions, in MediaMTX's shape. */
	list(): readonly PeerItem[] {
		return [...this.#peers.values()].map(describePeer);
	}

	/** Ends one by its name in `list`; false where there is none. */
	kick(id: string): boolean {
		const peer = this.#peers.get(id);
		peer?.session.close("ended by the control API");
		return peer !== undefined;
	}

	#find({ id, direction, path }: SessionName): Peer | undefined {
		const peer = this.#peers.get(this.#bySecret.get(id) ?? "");
		return peer?.direction === direction && peer.path === path ? peer : undefined;
	}

	#end(id: string, reason: string): void {
		this.#peers.get(id)?.session.close(reason);
	}

	#closed(id: string, reason: string): void {
		const peer = this.#peers.get(id);
		if (!peer) return;
		this.#peers.delete(id);
		this.#bySecret.delete(peer.secret);
		this.#demux.remove(peer.session, peer.users);
		this.#turns.delete(peer.session);
		const { path, direction } = peer;
		this.#context.log.info({ id, path, direction, reason }, "WebRTC session closed");
	}

	/** Ends all sessions and closes the ports. */
	async close(): Promise<void> {
		for (const { session } of [...this.#peers.values()]) session.close("the relay is going down");
		this.#turns.close();
		this.#hosts?.close();
		await this.#ports?.close();
		this.#dtls.close();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}
}

/** Our side's ICE credentials: 48 and 144 bits, in characters that RFC 8839 section 5.4 allows. */
function makeCredentials(): Credentials {
	return { ufrag: randomBytes(6).toString("base64"), password: randomBytes(18).toString("base64") };
}
