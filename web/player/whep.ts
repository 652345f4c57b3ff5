/** WebRTC by WHEP: one POST with the offer, PATCH for an ICE restart, DELETE on leaving. */
import { ask, failureOf, WAKE_MS } from "./relay.ts";
import { applyFragment, fragment, iceServersOf, isLite, withoutTcp } from "./sdp.ts";
import { sampleOf } from "./stats.ts";
import type { Failure, Sample, Target, Transport, TransportEvents } from "./transport.ts";

const SDP = "application/sdp";
const FRAGMENT = "application/trickle-ice-sdpfrag";
/** An ICE-lite relay needs no candidates of ours; other servers get those found within this time. */
const GATHER_MS = 300;

const gone: Failure = { kind: "lost", reason: "The connection ended." };

export class WhepTransport implements Transport {
	state: Transport["state"] = "new";
	#pc: RTCPeerConnection | null = null;
	#session = "";
	#answer = "";
	#candidates: string[] = [];
	readonly #target: Target;
	readonly #events: TransportEvents;
	readonly #udpOnly: boolean;

	/** `udpOnly`: rather no picture than one over TCP. */
	constructor(target: Target, events: TransportEvents, udpOnly = false) {
		this.#udpOnly = udpOnly;
		this.#target = target;
		this.#events = events;
	}

	async start(): Promise<void> {
		if (this.state !== "new") return;
		this.state = "starting";
		try {
			const iceServers = this.#target.iceServers ?? (await this.#askServers());
			if (this.#ended()) return;
			const pc = this.#connect(iceServers);
			await pc.setLocalDescription();
			await this.#offer(pc);
		} catch (error) {
			this.#fail(reasonOf(error));
		}
	}

	stop(): void {
		if (this.state === "ended") return;
		this.state = "ended";
		const pc = this.#pc;
		this.#pc = null;
		if (pc) {
			pc.onconnectionstatechange = null;
			pc.ontrack = null;
		}
		if (!this.#session) {
			pc?.close();
			return;
		}
		// In this order, or the relay learns by DTLS that we left and no longer knows the session that is to be deleted.
		// keepalive lets the request outlive the page that is being left.
		ask(this.#session, this.#target.token, { method: "DELETE", keepalive: true })
			.catch(() => undefined)
			.finally(() => pc?.close());
	}

	async stats(): Promise<Sample | null> {
		return this.#pc && this.state === "running" ? sampleOf(await this.#pc.getStats()) : null;
	}

	async repair(): Promise<boolean> {
		const pc = this.#pc;
		if (!pc || !this.#session || this.state !== "running") return false;
		try {
			this.#candidates = [];
			await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
			if (!isLite(this.#answer)) await gathered(pc);
			const response = await ask(this.#session, this.#target.token, {
				method: "PATCH",
				headers: { "Content-Type": FRAGMENT, "If-Match": "*" },
				body: fragment(pc.localDescription?.sdp ?? "", this.#candidates),
			});
			const sdp = response.status === 200 ? applyFragment(this.#answer, await response.text()) : null;
			if (this.#ended()) return false;
			if (!sdp) {
				this.#fail(gone);
				return false;
			}
			await this.#accept(pc, sdp);
			return true;
		} catch (error) {
			this.#fail(reasonOf(error));
			return false;
		}
	}

	#ended(): boolean {
		return this.state === "ended";
	}

	#fail(failure: Failure): void {
		if (this.#ended()) return;
		this.stop();
		this.#events.failed(failure);
	}

	/** WHEP servers name their ICE servers in the answer to OPTIONS; one that does not answer it has none. */
	async #askServers(): Promise<RTCIceServer[]> {
		const response = await ask(this.#target.endpoint, this.#target.token, { method: "OPTIONS" });
		return iceServersOf(response.headers.get("Link"));
	}

	#connect(iceServers: RTCIceServer[]): RTCPeerConnection {
		const pc = new RTCPeerConnection({
			iceServers,
			iceTransportPolicy: this.#target.icePolicy,
			bundlePolicy: "max-bundle",
		});
		this.#pc = pc;
		const stream = new MediaStream();
		for (const kind of ["video", "audio"]) {
			const { receiver } = pc.addTransceiver(kind, { direction: "recvonly" });
			hurry(receiver);
		}
		pc.ontrack = ({ track }) => {
			stream.addTrack(track);
			this.#events.media(stream);
		};
		pc.onicecandidate = ({ candidate }) => {
			if (candidate?.candidate) this.#candidates.push(candidate.candidate);
		};
		pc.onconnectionstatechange = () => {
			if (pc.connectionState === "connected") this.state = "running";
			else if (pc.connectionState === "failed" || pc.connectionState === "closed") this.#fail(gone);
		};
		return pc;
	}

	async #offer(pc: RTCPeerConnection): Promise<void> {
		const offer = {
			method: "POST",
			headers: { "Content-Type": SDP, Accept: SDP },
			body: pc.localDescription?.sdp ?? "",
		};
		const response = await ask(this.#target.endpoint, this.#target.token, offer, WAKE_MS);
		if (response.status !== 201 && response.status !== 200) return this.#fail(await failureOf(response));
		const location = response.headers.get("Location");
		if (location) this.#session = new URL(location, response.url).href;
		if (this.#ended()) {
			// Stopped while the relay was answering: its session is not wanted any more.
			if (this.#session) await ask(this.#session, this.#target.token, { method: "DELETE" });
			return;
		}
		this.#events.leftOut(leftOut(response.headers.get("Vedette-Left-Out")));
		await this.#accept(pc, await response.text());
		pc.getReceivers()[0]?.transport?.addEventListener("statechange", ({ target }) => {
			if ((target as RTCDtlsTransport).state === "closed") this.#fail(gone);
		});
		if (!isLite(this.#answer)) await this.#trickle(pc, response.headers.get("ETag"));
	}

	async #accept(pc: RTCPeerConnection, sdp: string): Promise<void> {
		const taken = this.#udpOnly ? withoutTcp(sdp) : sdp;
		this.#answer = taken;
		if (pc.signalingState === "have-local-offer") await pc.setRemoteDescription({ type: "answer", sdp: taken });
	}

	async #trickle(pc: RTCPeerConnection, tag: string | null): Promise<void> {
		await gathered(pc);
		if (this.#ended() || !this.#session || this.#candidates.length === 0) return;
		await ask(this.#session, this.#target.token, {
			method: "PATCH",
			headers: { "Content-Type": FRAGMENT, ...(tag ? { "If-Match": tag } : {}) },
			body: fragment(pc.localDescription?.sdp ?? "", this.#candidates),
		});
	}
}

/** Asks the browser to keep as little as it can in the jitter buffer; both names are in use. */
function hurry(
	receiver: RTCRtpReceiver & { playoutDelayHint?: number | null; jitterBufferTarget?: number | null },
): void {
	if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = 0;
	if ("playoutDelayHint" in receiver) receiver.playoutDelayHint = 0;
}

function gathered(pc: RTCPeerConnection): Promise<void> {
	return new Promise((resolve) => {
		if (pc.iceGatheringState === "complete") return resolve();
		setTimeout(resolve, GATHER_MS);
		pc.addEventListener("icegatheringstatechange", () => pc.iceGatheringState === "complete" && resolve());
	});
}

function reasonOf(error: unknown): Failure {
	// A fetch that cannot reach its server rejects with TypeError, one that took too long with TimeoutError.
	const name = error instanceof Error || error instanceof DOMException ? error.name : "";
	if (name === "TypeError" || name === "TimeoutError")
		return { kind: "unreachable", reason: "The relay does not answer." };
	const detail = error instanceof Error ? error.message : name;
	return { kind: "refused", reason: `This browser cannot play it: ${detail}`, lasting: true };
}

function leftOut(header: string | null): string[] {
	if (!header) return [];
	try {
		const list: { track?: string; codec?: string; reason?: string }[] = JSON.parse(header);
		return list.map(({ codec, reason }) => [codec, reason].filter(Boolean).join(": "));
	} catch {
		return [];
	}
}
