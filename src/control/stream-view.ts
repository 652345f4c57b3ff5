import type { Hub } from "../hub/hub.ts";
import type { Path, PublisherInfo } from "../hub/path.ts";
import type { Stream } from "../hub/stream.ts";
import type { Codec, Track } from "../media/track.ts";
import { pictureConfig } from "./key-picture.ts";
import type { Ledger } from "./ledger.ts";
import type { StreamView, TrackView } from "./page-api.ts";

/** A publisher that sent nothing for this long counts as stalled. */
const STALLED_MS = 2000;

const names: Readonly<Record<Exclude<Codec, "other">, string>> = {
	h264: "H264",
	h265: "H265",
	vp8: "VP8",
	vp9: "VP9",
	av1: "AV1",
	opus: "Opus",
	aac: "MPEG-4 Audio",
	mp3: "MPEG-1/2 Audio",
	pcmu: "G711",
	pcma: "G711",
};

/** A codec's name as MediaMTX writes it. */
export function codecName({ codec, encoding }: Track): string {
	return codec === "other" ? encoding : names[codec];
}

/** The user behind a publisher's identity (see `Principal`), or null for an anonymous one. */
function userOf({ identity }: PublisherInfo): string | null {
	return identity.startsWith("user ") ? identity.slice("user ".length) : null;
}

/** Unix milliseconds of the last packet. */
function lastPacketAt(hub: Hub, stream: Stream): number {
	return Math.round(hub.clock.unix() - (hub.clock.now() - stream.lastArrival));
}

function trackView(stream: Stream, index: number, fps: number | null): TrackView {
	const track = stream.tracks[index]!;
	const format = track.kind === "video" ? (stream.format(index) ?? pictureConfig(stream, index)?.format) : undefined;
	const made = stream.offered.some((_, other) => stream.madeOf(other) === index);
	const fit = track.codec !== "other" && ((track.codec !== "aac" && track.codec !== "mp3") || made);
	const carried = fit && !stream.intakes[index]!.reordered;
	return {
		kind: track.kind,
		codec: codecName(track),
		width: format?.width ?? null,
		height: format?.height ?? null,
		fps,
		channels: track.kind === "audio" ? track.channels || 1 : null,
		webrtc: carried,
	};
}

function addresses(name: string) {
	const encoded = name.split("/").map(encodeURIComponent).join("/");
	return { watch: `/watch/${encoded}`, whep: `/${encoded}/whep`, thumbnail: `/thumbnails/${encoded}.mp4` };
}

/** A path that nobody publishes to. */
export function offlineView(name: string): StreamView {
	const { watch, whep } = addresses(name);
	return {
		name,
		state: "offline",
		since: null,
		lastPacketAt: null,
		tracks: [],
		publisher: null,
		viewers: 0,
		bitrate: 0,
		lost: 0,
		thumbnail: null,
		watch,
		whep,
	};
}

/** A path as it is now. `picture` is the version of its thumbnail; undefined where there is none. */
export function streamView(hub: Hub, ledger: Ledger, path: Path, picture: string | undefined): StreamView {
	const { stream, publication } = path;
	if (!stream) return offlineView(path.name);
	const rates = ledger.rates(path);
	const silent = hub.clock.now() - stream.lastArrival >= STALLED_MS;
	const { watch, whep, thumbnail } = addresses(path.name);
	return {
		name: path.name,
		state: publication && !silent ? "live" : "stalled",
		since: publication?.since ?? null,
		lastPacketAt: lastPacketAt(hub, stream),
		tracks: stream.tracks.map((_, index) => trackView(stream, index, rates?.fps[index] ?? null)),
		publisher: publication
			? {
					protocol: publication.info.type.replace(/(Session|Source|Conn)$/, "").toLowerCase(),
					user: userOf(publication.info),
					address: publication.info.remoteAddress,
				}
			: null,
		viewers: stream.audience,
		bitrate: rates?.bitrate ?? 0,
		lost: stream.intakes.reduce((sum, { counters }) => sum + counters.lost, 0),
		thumbnail: picture === undefined ? null : `${thumbnail}?v=${picture}`,
		watch,
		whep,
	};
}
