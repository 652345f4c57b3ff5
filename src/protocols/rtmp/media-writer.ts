import { av1SequenceHeader, parseAv1Sequence } from "../../media/av1.ts";
import type { Frame } from "../../media/frame.ts";
import { h264ParameterSets, parseH264Sps } from "../../media/h264.ts";
import { h265ParameterSets, parseH265Sps } from "../../media/h265.ts";
import { parseFmtp, type Track } from "../../media/track.ts";
import { fourCcOf, isLegacy, isPlain, tagHead } from "../../wire/flv.ts";
import { writeAv1Config, writeAvcConfig, writeHevcConfig, writeOpusHead } from "../../wire/flv-configs.ts";
import type { AmfValue } from "./amf0.ts";
import { chunked, writeMessages } from "./chunk-writer.ts";
import { writeData } from "./command.ts";
import { AUDIO, VIDEO } from "./message.ts";

/** What is sent in chunks of this size: most pictures are one chunk. */
export const CHUNK_BYTES = 65_536;

/** Codecs that a peer who announced these four characters can be sent. `*` stands for all. */
export function canCarry({ codec }: Track, fourCcs: ReadonlySet<string>): boolean {
	const name = fourCcOf(codec);
	return isLegacy(codec) || (name !== undefined && (fourCcs.has("*") || fourCcs.has(name)));
}

/** When a message is decoded and shown, in milliseconds on the connection's own clock. */
export interface MessageTimes {
	readonly dts: number;
	readonly pts: number;
}

interface Sets {
	/** Types of the sets, in decoding order. */
	readonly types: readonly number[];
	readonly left: readonly number[];
	typeOf(unit: Uint8Array): number;
	write(sets: readonly Uint8Array[]): Buffer;
}

const h264: Sets = {
	types: [7, 8],
	left: [7, 8, 9],
	typeOf: (unit) => unit[0]! & 0x1f,
	write: writeAvcConfig,
};

const h265: Sets = {
	types: [32, 33, 34],
	left: [32, 33, 34, 35],
	typeOf: (unit) => (unit[0]! >> 1) & 0x3f,
	write: writeHevcConfig,
};

/** The data of a frame as messages carry it; made once for all who are sent it. */
const bodies = new WeakMap<Frame, Buffer>();

function bodyOf(frame: Frame, sets: Sets | undefined): Buffer {
	const known = bodies.get(frame);
	if (known) return known;
	const body = sets ? withLengths(frame.units, sets) : Buffer.concat(frame.units);
	bodies.set(frame, body);
	return body;
}

/** 4 bytes of length before each unit; parameter sets are in the configuration. */
function withLengths(units: readonly Uint8Array[], { left, typeOf }: Sets): Buffer {
	const kept = units.filter((unit) => unit.length > 0 && !left.includes(typeOf(unit)));
	const out = Buffer.allocUnsafe(kept.reduce((sum, unit) => sum + 4 + unit.length, 0));
	let at = 0;
	for (const unit of kept) {
		out.writeUInt32BE(unit.length, at);
		out.set(unit, at + 4);
		at += 4 + unit.length;
	}
	return out;
}

/** One track on its way out: its configuration is sent before its first frame, and again when it changes. */
class TrackOut {
	readonly track: Track;
	readonly #sets: Sets | undefined;
	readonly #known = new Map<number, Buffer>();
	/** What a decoder must know; undefined while that is not known itself. */
	config: Buffer | undefined;
	/** `config` has not been sent. */
	isNews = false;

	constructor(track: Track, sets: readonly Uint8Array[]) {
		this.track = track;
		this.#sets = track.codec === "h264" ? h264 : track.codec === "h265" ? h265 : undefined;
		if (this.#sets) this.#learn(this.#sets, sets);
		else this.#set(configOf(track));
	}

	/** Looks for parameter sets in a key frame and gives the frame's data. */
	data(frame: Frame): Buffer {
		if (this.#sets && frame.key) this.#learn(this.#sets, frame.units);
		if (this.track.codec === "av1" && frame.key && frame.units[0]) {
			const header = av1SequenceHeader(frame.units[0]);
			const format = header && parseAv1Sequence(header);
			if (format) this.#set(writeAv1Config(format, header));
		}
		return bodyOf(frame, this.#sets);
	}

	/** Size of the picture, where it is known. */
	get size(): { readonly width: number; readonly height: number } | undefined {
		const sps = this.#known.get(this.#sets === h265 ? 33 : 7);
		return sps && (this.#sets === h265 ? parseH265Sps(sps) : parseH264Sps(sps));
	}

	#learn(kind: Sets, units: readonly Uint8Array[]): void {
		let changed = false;
		for (const unit of units) {
			const type = unit.length > 3 ? kind.typeOf(unit) : -1;
			if (!kind.types.includes(type) || this.#known.get(type)?.equals(unit)) continue;
			this.#known.set(type, Buffer.from(unit));
			changed = true;
		}
		if (changed && kind.types.every((type) => this.#known.has(type))) this.#set(kind.write([...this.#known.values()]));
	}

	#set(config: Buffer | undefined): void {
		if (!config || this.config?.equals(config)) return;
		this.config = config;
		this.isNews = true;
	}
}

/** The configuration of codecs that have no parameter sets in their frames. */
function configOf({ codec, channels, fmtp }: Track): Buffer | undefined {
	if (codec === "opus") return writeOpusHead(channels || 2);
	const hex = codec === "aac" ? parseFmtp(fmtp).get("config") : undefined;
	return hex ? Buffer.from(hex, "hex") : undefined;
}

function announcedSets({ codec, fmtp }: Track): Uint8Array[] {
	if (codec === "h264") return h264ParameterSets(fmtp);
	return codec === "h265" ? h265ParameterSets(fmtp) : [];
}

/** Makes messages of frames. Without sockets or clocks; used towards players and towards servers. */
export class MediaWriter {
	readonly #stream: number;
	/** By index of the stream's tracks; undefined for those that are left out. */
	readonly #tracks: readonly (TrackOut | undefined)[];

	/**
	 * @param stream the message stream.
	 * @param tracks all tracks; undefined for those that are left out.
	 * @param sets parameter sets of a track, where more are known than its description tells.
	 */
	constructor(
		stream: number,
		tracks: readonly (Track | undefined)[],
		sets: (track: number) => readonly Uint8Array[] = () => [],
	) {
		this.#stream = stream;
		this.#tracks = tracks.map((track, i) => track && new TrackOut(track, [...announcedSets(track), ...sets(i)]));
	}

	/** What comes before all frames: the description, and the configurations that are known. */
	begin(): Buffer {
		const properties = new Map<string, AmfValue>([["duration", 0]]);
		for (const one of this.#tracks) if (one) describe(one, properties);
		const metadata = writeMessages([writeData(this.#stream, "onMetaData", properties)], CHUNK_BYTES);
		const configs = this.#tracks.flatMap((one) => (one ? this.#config(one, 0) : []));
		return Buffer.concat([metadata, ...configs]);
	}

	/** A frame as buffers to be written one after the other; none where it cannot be decoded by what was sent. */
	frame(frame: Frame, { dts, pts }: MessageTimes): Buffer[] {
		const one = this.#tracks[frame.track];
		if (!one) return [];
		const data = one.data(frame);
		const { codec } = one.track;
		if (data.length === 0 || (!isPlain(codec) && !one.config)) return [];
		const head = tagHead(codec, frame.key, pts - dts);
		const type = one.track.kind === "video" ? VIDEO : AUDIO;
		const timestamp = dts % 2 ** 32;
		return [
			...this.#config(one, timestamp),
			...chunked({ type, stream: this.#stream, timestamp, head, data }, CHUNK_BYTES),
		];
	}

	#config(one: TrackOut, timestamp: number): Buffer[] {
		if (!one.isNews || !one.config) return [];
		one.isNews = false;
		const { codec, kind } = one.track;
		const type = kind === "video" ? VIDEO : AUDIO;
		const head = tagHead(codec, "config", 0);
		return chunked({ type, stream: this.#stream, timestamp, head, data: one.config }, CHUNK_BYTES);
	}
}

const legacyIds: Readonly<Record<string, number>> = { h264: 7, mp3: 2, aac: 10, pcma: 7, pcmu: 8 };

function describe(one: TrackOut, properties: Map<string, AmfValue>): void {
	const { codec, kind, clockRate, channels } = one.track;
	const id = legacyIds[codec] ?? Buffer.from(fourCcOf(codec) ?? "av01", "latin1").readUInt32BE(0);
	if (kind === "video") {
		properties.set("videocodecid", id);
		if (one.size) properties.set("width", one.size.width).set("height", one.size.height);
	} else {
		properties.set("audiocodecid", id).set("stereo", channels !== 1);
		// MP3's RTP clock is not that of its samples.
		if (codec !== "mp3") properties.set("audiosamplerate", clockRate);
	}
}
