import type { Hub } from "../../hub/hub.ts";
import { newId, type Publication } from "../../hub/path.ts";
import type { PathName } from "../../media/path-name.ts";
import { isRtcp, parseRtcp } from "../../wire/rtcp.ts";
import { unixOf } from "../../wire/rtcp-write.ts";
import { RTP_HEADER_BYTES, rtpPayloadType, rtpSequence } from "../../wire/rtp.ts";
import { ReorderWindow } from "../../wire/rtp-window.ts";
import { pullWhep, type Receiving } from "./client.ts";

/** How often packets that are missing for too long are given up. */
const SETTLE_MS = 20;
/** Packets kept that come before the connection is known to stand: the key frame that a server begins with is among them. */
const MAX_EARLY = 2048;

/**
 * Pulls a stream by WHEP (`whep://` is HTTP, `wheps://` is HTTPS) into a path until it ends or `signal` aborts. Resolves
 * with the reason for its end; rejects where it cannot begin. `onLive` is called when packets come.
 */
export async function pullIntoPath(
	hub: Hub,
	path: PathName,
	source: string,
	signal: AbortSignal,
	onLive: () => void,
): Promise<string> {
	const url = source.replace(/^whep/, "http");
	let intake: Intake | undefined;
	const early: { readonly track: number; readonly packet: Uint8Array }[] = [];
	const receiving = await pullWhep(url, { signal }, (track, packet) => {
		if (intake) intake.packet(track, packet);
		else if (early.length < MAX_EARLY) early.push({ track, packet });
	});
	try {
		intake = new Intake(hub, path, receiving, new URL(url).host);
	} catch (error) {
		// The hub does not take it.
		receiving.close();
		throw error;
	}
	for (const { track, packet } of early.splice(0)) intake.packet(track, packet);
	onLive();
	const timer = setInterval(() => intake.settle(), SETTLE_MS);
	const reason = await receiving.closed;
	clearInterval(timer);
	intake.close(reason);
	return reason;
}

/** Puts what comes in order and hands it to the hub. */
class Intake {
	readonly #hub: Hub;
	readonly #receiving: Receiving;
	readonly #publication: Publication;
	readonly #windows: readonly ReorderWindow[];

	constructor(hub: Hub, path: PathName, receiving: Receiving, host: string) {
		this.#hub = hub;
		this.#receiving = receiving;
		const { tracks } = receiving;
		const info = { type: "webRTCSource", id: newId(), remoteAddress: host, identity: `source ${host}` };
		this.#publication = hub.publish(path, tracks, info, {
			onEnd: () => receiving.close(),
			onKeyFrameRequest: () => this.#requestKeyFrames(),
		});
		const { reorderTime } = this.#publication.stream.settings;
		this.#windows = tracks.map((_, track) => {
			const deliver = (packet: Uint8Array): void => this.#publication.packet(track, packet, 0, packet.length);
			return new ReorderWindow(deliver, reorderTime);
		});
	}

	packet(track: number, packet: Uint8Array): void {
		if (isRtcp(packet)) this.#rtcp(track, packet);
		else if (packet.length >= RTP_HEADER_BYTES && this.#expected(track, packet)) {
			this.#windows[track]!.push(rtpSequence(packet, 0), packet, this.#hub.clock.now());
		}
	}

	settle(): void {
		const now = this.#hub.clock.now();
		for (const window of this.#windows) window.tick(now);
	}

	close(reason: string): void {
		this.#publication.close(reason);
	}

	/** Retransmissions and other codecs than the one that was answered are left out. */
	#expected(track: number, packet: Uint8Array): boolean {
		return rtpPayloadType(packet, 0) === this.#receiving.tracks[track]!.payloadType;
	}

	#rtcp(track: number, bytes: Uint8Array): void {
		for (const packet of parseRtcp(bytes) ?? []) {
			if (packet.kind !== "senderReport") continue;
			const ntp = { seconds: packet.ntpSeconds, fraction: packet.ntpFraction };
			this.#publication.report(track, packet.rtpTime, unixOf(ntp));
		}
	}

	#requestKeyFrames(): void {
		for (const [track, { kind }] of this.#receiving.tracks.entries()) {
			if (kind === "video") this.#receiving.requestKeyFrame(track);
		}
	}
}
