import { ParameterSets } from "../../hub/sets.ts";
import type { Track } from "../../media/track.ts";
import { HOLDS_SETS, inspectorOf, STARTS_KEY } from "../../wire/inspect.ts";
import { rtpHeaderBytes, rtpPaddingBytes, rtpPayloadType, rtpTimestamp } from "../../wire/rtp.ts";
import { h264Fmtp } from "../../wire/sprop.ts";

/** Most packets of one picture that are kept until it is recognised. */
const MAX_KEPT_PACKETS = 1024;
const FIRST_DYNAMIC_TYPE = 96;

/** A stream that was recognised, and the packets by which it was. */
export interface Recognised {
	readonly track: Track;
	readonly packets: readonly Buffer[];
}

const unknown: Track = {
	kind: "video",
	codec: "h264",
	encoding: "H264",
	clockRate: 90_000,
	channels: 0,
	payloadType: FIRST_DYNAMIC_TYPE,
	fmtp: "",
};

/** Recognises H.264 that nobody has described (RFC 6184): by its parameter sets and the key frame that goes by them. */
export class Recogniser {
	readonly #inspect = inspectorOf("h264");
	#sets = ParameterSets.of(unknown)!;
	#payloadType = -1;
	#timestamp = -1;
	#kept: Buffer[] = [];

	/** The next packet; the bytes are kept. Gives the stream with its first key frame's first packets. */
	packet(bytes: Buffer): Recognised | undefined {
		const header = rtpHeaderBytes(bytes, 0, bytes.length);
		const size = header < 0 ? 0 : bytes.length - header - rtpPaddingBytes(bytes, 0, bytes.length);
		if (size <= 0 || rtpPayloadType(bytes, 0) < FIRST_DYNAMIC_TYPE) return undefined;
		this.#startUnit(rtpPayloadType(bytes, 0), rtpTimestamp(bytes, 0));
		if (this.#kept.length < MAX_KEPT_PACKETS) this.#kept.push(bytes);
		const found = this.#inspect(bytes, header, size);
		if (found & HOLDS_SETS) this.#sets.learn(bytes, header, size);
		if (!(found & STARTS_KEY) || !this.#sets.packet || !this.#sets.format) return undefined;
		const [sps, pps] = this.#sets.units;
		const track = { ...unknown, payloadType: this.#payloadType, fmtp: h264Fmtp(sps!, pps!) };
		return { track, packets: this.#kept };
	}

	#startUnit(payloadType: number, timestamp: number): void {
		if (payloadType !== this.#payloadType) this.#sets = ParameterSets.of(unknown)!;
		else if (timestamp === this.#timestamp) return;
		this.#payloadType = payloadType;
		this.#timestamp = timestamp;
		this.#kept = [];
	}
}
