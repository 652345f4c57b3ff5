import type { Path } from "../../hub/path.ts";
import type { Stream } from "../../hub/stream.ts";
import { pictureConfig } from "../key-picture.ts";
import { bytesIn, type Ledger } from "../ledger.ts";
import { codecName } from "../stream-view.ts";

/** What MediaMTX tells of a codec beside its name; null for codecs of which it tells nothing. */
function codecProperties(stream: Stream, index: number): object | null {
	const { codec, channels, clockRate } = stream.tracks[index]!;
	switch (codec) {
		case "h264":
		case "h265": {
			const { width = 0, height = 0, profile = "", level = "" } = stream.format(index) ?? {};
			return { width, height, profile, level };
		}
		case "av1":
			return av1Properties(stream, index);
		case "vp9": {
			const config = pictureConfig(stream, index);
			return { profile: config?.codec === "vp9" ? config.format.profile : 0 };
		}
		case "opus":
			return { channelCount: channels || 2 };
		case "aac":
			return { sampleRate: clockRate, channelCount: channels || 1 };
		case "pcmu":
		case "pcma":
			return { muLaw: codec === "pcmu", sampleRate: clockRate, channelCount: channels || 1 };
		default:
			return null;
	}
}

/** Level and tier as numbers, as the sequence header has them. */
function av1Properties(stream: Stream, index: number): object {
	const config = pictureConfig(stream, index);
	if (config?.codec !== "av1") return { width: 0, height: 0, profile: 0, level: 0, tier: 0 };
	const { width, height, profile, level, highTier } = config.format;
	return { width, height, profile, level, tier: highTier ? 1 : 0 };
}

/** A path that the configuration names and nobody uses, as MediaMTX's control API writes it. */
export function idlePathItem(name: string) {
	return {
		name,
		confName: name,
		ready: false,
		readyTime: null as string | null,
		available: false,
		availableTime: null as string | null,
		online: false,
		onlineTime: null as string | null,
		source: null as { type: string; id: string } | null,
		tracks: [] as string[],
		tracks2: [] as { codec: string; codecProps: object | null }[],
		readers: [] as { type: string; id: string }[],
		inboundBytes: 0,
		outboundBytes: 0,
		inboundFramesInError: 0,
		bytesReceived: 0,
		bytesSent: 0,
	};
}

/** A path as MediaMTX's control API writes it. */
export type PathItem = ReturnType<typeof idlePathItem>;

function errorsIn(stream: Stream): number {
	return stream.intakes.reduce((sum, { counters }) => sum + counters.invalid + counters.discarded, 0);
}

/** A path as MediaMTX's control API writes it, times as RFC 3339. */
export function pathItem(path: Path, ledger: Ledger): PathItem {
	const { stream, publication } = path;
	const idle = { ...idlePathItem(path.name), confName: path.confName };
	if (!stream) return idle;
	const since = publication ? new Date(publication.since).toISOString() : null;
	const codecs = stream.tracks.map(codecName);
	const inboundBytes = bytesIn(stream);
	const outboundBytes = ledger.bytesOut(stream);
	return {
		...idle,
		ready: true,
		readyTime: since,
		available: true,
		availableTime: since,
		online: publication !== undefined,
		onlineTime: since,
		source: publication ? { type: publication.info.type, id: publication.info.id } : null,
		tracks: codecs,
		tracks2: codecs.map((codec, index) => ({ codec, codecProps: codecProperties(stream, index) })),
		readers: [...stream.readers].map(({ info: { type, id } }) => ({ type, id })),
		inboundBytes,
		outboundBytes,
		inboundFramesInError: errorsIn(stream),
		bytesReceived: inboundBytes,
		bytesSent: outboundBytes,
	};
}
