import { execFileSync } from "node:child_process";
import type { Track } from "../../src/media/track.ts";
import { openRtspClient, type RtspClient } from "../../src/protocols/rtsp/client.ts";
import { groupAccessUnits, splitAnnexB, UnitShaper, videoTrack } from "../../src/robot/capture/units.ts";
import { payloadH264 } from "../../src/wire/payload/h264.ts";
import { writeRtpHeader } from "../../src/wire/rtp.ts";
import { peer } from "../support/peers.ts";

const TICKS_PER_FRAME = 3000;

/** Coded pictures of a test film of two seconds, 320x240 at 30 fps, with a key frame every second. */
export interface Film {
	readonly track: Track;
	readonly pictures: readonly (readonly Uint8Array[])[];
}

export function encodeFilm(): Film {
	const source = ["-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30", "-t", "2"];
	const codec = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline"];
	const out = ["-pix_fmt", "yuv420p", "-g", "30", "-b:v", "300k", "-f", "h264", "-"];
	const bytes = execFileSync(peer("ffmpeg")!, [...source, ...codec, ...out], { maxBuffer: 16_000_000 });
	const shaper = new UnitShaper();
	const pictures = groupAccessUnits(splitAnnexB(bytes)).flatMap((raw) => {
		const unit = shaper.shape(raw);
		return unit ? [unit.units] : [];
	});
	return { track: videoTrack(shaper.fmtp), pictures };
}

/** Publishes a film again and again, picture by picture as it is told. */
export class Feed {
	readonly client: RtspClient;
	readonly #film: Film;
	readonly #payloadBytes: number;
	#sequence: number;
	#timestamp: number;
	#next = 0;

	private constructor(client: RtspClient, film: Film, payloadBytes: number, sequence: number, timestamp: number) {
		this.client = client;
		this.#film = film;
		this.#payloadBytes = payloadBytes;
		this.#sequence = sequence;
		this.#timestamp = timestamp;
	}

	/** Connects; the first packet is to have this sequence number and timestamp. */
	static async open(
		url: string,
		film: Film,
		payloadBytes: number,
		first: { sequence: number; timestamp: number },
	): Promise<Feed> {
		const sink = { packet: () => undefined, datagram: () => undefined, rtcp: () => undefined };
		const signal = new AbortController().signal;
		const client = await openRtspClient({ url, transport: "tcp", sink, signal, publish: [film.track] });
		return new Feed(client, film, payloadBytes, first.sequence, first.timestamp);
	}

	/** The next picture is to have this timestamp. */
	jump(timestamp: number): void {
		this.#timestamp = timestamp;
	}

	/** Sends the next picture. */
	send(): void {
		const units = this.#film.pictures[this.#next++ % this.#film.pictures.length]!;
		const packets: Buffer[] = [];
		payloadH264(units, this.#payloadBytes, (length, last) => {
			const packet = Buffer.alloc(12 + length);
			writeRtpHeader(packet, 0, this.#film.track.payloadType, last, this.#sequence, this.#timestamp, 1);
			this.#sequence = (this.#sequence + 1) & 0xffff;
			packets.push(packet);
			return packet.subarray(12);
		});
		this.#timestamp = (this.#timestamp + TICKS_PER_FRAME) >>> 0;
		this.client.together(() => {
			for (const packet of packets) this.client.sendRtp(0, packet);
		});
	}

	/** Sends pictures in real time until the returned function is called. */
	run(): () => void {
		const start = performance.now();
		let sent = 0;
		const timer = setInterval(() => {
			for (; sent * (1000 / 30) <= performance.now() - start; sent++) this.send();
		}, 5).unref();
		return () => clearInterval(timer);
	}
}
