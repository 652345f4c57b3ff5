import { stillMp4 } from "../wire/mp4.ts";
import type { Stream } from "./stream.ts";

/**
 * The newest key frame of a stream's first video track as a one-frame MP4 that any browser shows. Undefined where there
 * is none, or the codec is neither H.264 nor H.265. Looking does not create demand.
 */
export function stillOf(stream: Stream): Buffer | undefined {
	const index = stream.tracks.findIndex((track) => track.kind === "video");
	const codec = stream.tracks[index]?.codec;
	if (codec !== "h264" && codec !== "h265") return undefined;
	const sets = stream.intakes[index]!.sets;
	const frame = stream.keyFrame(index);
	if (!frame || !sets?.format || !sets.packet) return undefined;
	return stillMp4({ codec, format: sets.format, sets: sets.units, units: frame.units });
}
