import { type Codec, parseFmtp, type Track } from "../../media/track.ts";
import type { MediaDescription } from "../../wire/sdp.ts";
import { formatAttribute, trackOf } from "../../wire/sdp-tracks.ts";

/** One payload type of an offer, with the one for its retransmissions (RFC 4588), where the offer has that. */
export interface Format {
	readonly track: Track;
	readonly rtx: number | undefined;
}

/** RFC 6184 section 8.1: without profile-level-id it is baseline, level 1. */
const H264_UNSAID = "42000a";

type H264Profile = "constrained baseline" | "baseline" | "main" | "extended" | "high" | "constrained high" | "other";

/** The profile that `profile-level-id` names by its first two bytes, RFC 6184 section 8.1 table 5. */
function h264Profile(id: string): H264Profile {
	const profile = Number.parseInt(id.slice(0, 2), 16);
	const flags = Number.parseInt(id.slice(2, 4), 16);
	if (profile === 66) return flags & 0x40 ? "constrained baseline" : "baseline";
	if (profile === 77) return flags & 0x80 ? "constrained baseline" : "main";
	if (profile === 88) return (flags & 0xc0) === 0xc0 ? "constrained baseline" : "extended";
	if (profile === 100) return (flags & 0x0c) === 0x0c ? "constrained high" : "high";
	return "other";
}

const nearHigh: readonly H264Profile[] = ["high", "constrained high"];

/** What a decoder must have been offered for, to take a stream of the profile. */
const decodable: Readonly<Record<H264Profile, readonly H264Profile[]>> = {
	"constrained baseline": ["constrained baseline", "baseline", "main", "extended", ...nearHigh],
	// Encoders that say baseline never use what constrained baseline lacks (slice groups, redundant slices).
	baseline: ["baseline", "constrained baseline", "main", "extended", ...nearHigh],
	main: ["main", ...nearHigh],
	extended: ["extended"],
	"constrained high": ["constrained high", "high"],
	high: ["high", "constrained high"],
	other: [],
};

/** The profile of a stream: by `profile-level-id`, else by the parameter sets in its description. */
function h264ProfileId(track: Track): string | undefined {
	const parameters = parseFmtp(track.fmtp);
	const id = parameters.get("profile-level-id");
	if (id && /^[0-9a-f]{6}$/i.test(id)) return id;
	const sets = (parameters.get("sprop-parameter-sets") ?? "").split(",").map((set) => Buffer.from(set, "base64"));
	return sets.find((set) => set.length >= 4 && (set[0]! & 31) === 7)?.toString("hex", 1, 4);
}

/** How well an offered H.264 format takes the stream: lower is better, undefined is not at all. */
function h264Rank(track: Track, offered: Track): number | undefined {
	const parameters = parseFmtp(offered.fmtp);
	// Streams come with fragmented and aggregated units, which mode 0 has not (RFC 6184 section 6.2).
	if (parameters.get("packetization-mode") !== "1") return undefined;
	const has = h264Profile(parameters.get("profile-level-id") ?? H264_UNSAID);
	const wantedId = h264ProfileId(track);
	const wanted = wantedId === undefined ? "constrained baseline" : h264Profile(wantedId);
	const rank = decodable[wanted].indexOf(has);
	return rank < 0 ? undefined : rank;
}

/** A parameter that both must have alike, with its default. */
function sameParameter(track: Track, offered: Track, name: string, fallback: string): number | undefined {
	const [own, theirs] = [parseFmtp(track.fmtp).get(name) ?? fallback, parseFmtp(offered.fmtp).get(name) ?? fallback];
	return own === theirs ? 0 : undefined;
}

function rank(track: Track, offered: Track): number | undefined {
	if (track.codec !== offered.codec || track.clockRate !== offered.clockRate) return undefined;
	switch (track.codec) {
		case "h264":
			return h264Rank(track, offered);
		case "h265":
			return sameParameter(track, offered, "profile-id", "1");
		case "vp9":
			return sameParameter(track, offered, "profile-id", "0");
		case "av1":
			return sameParameter(track, offered, "profile", "0");
		case "vp8":
			return 0;
		case "opus":
			return 0;
		case "pcmu":
		case "pcma":
			return Math.max(1, track.channels) === Math.max(1, offered.channels) ? 0 : undefined;
		case "aac":
		case "mp3":
		case "other":
			return undefined;
	}
}

/** Codecs that WebRTC has no use for. */
const strangers: ReadonlySet<Codec> = new Set(["aac", "mp3", "other"]);

/** The payload types of a section that carry media of ours, in the order of the offer. */
export function formatsOf(media: MediaDescription): Format[] {
	return media.formats.flatMap((format) => {
		const track = trackOf(media, format);
		if (!track || strangers.has(track.codec)) return [];
		const rtx = media.formats.find((other) => {
			const parameters = formatAttribute(media, "fmtp", other);
			if (!parameters || parseFmtp(parameters).get("apt") !== format) return false;
			return /^rtx\//i.test(formatAttribute(media, "rtpmap", other) ?? "");
		});
		return [{ track, rtx: rtx === undefined ? undefined : Number(rtx) }];
	});
}

/** The offered format that takes a stream's track best; undefined where none does. */
export function bestFormat(track: Track, formats: readonly Format[]): Format | undefined {
	let best: Format | undefined;
	let bestRank = Number.POSITIVE_INFINITY;
	for (const format of formats) {
		const value = rank(track, format.track);
		if (value === undefined || value >= bestRank) continue;
		best = format;
		bestRank = value;
	}
	return best;
}

/**
 * What a publisher should send: H.264 in constrained baseline, which every reader of every protocol can show, else any
 * H.264, else what it named first.
 */
export function preferredFormat(formats: readonly Format[]): Format | undefined {
	const usable = formats.filter(({ track }) => {
		return track.codec !== "h264" || parseFmtp(track.fmtp).get("packetization-mode") === "1";
	});
	const h264 = usable.filter(({ track }) => track.codec === "h264");
	const plain = h264.find(({ track }) => h264Profile(h264ProfileId(track) ?? H264_UNSAID) === "constrained baseline");
	return plain ?? h264[0] ?? usable[0];
}

/** What tells formats of one codec apart, as far as it is said. */
function profileOf(track: Track): string | undefined {
	if (track.codec === "h264") return h264ProfileId(track);
	if (track.codec !== "h265" && track.codec !== "vp9" && track.codec !== "av1") return undefined;
	const profile = parseFmtp(track.fmtp).get(track.codec === "av1" ? "profile" : "profile-id");
	return profile !== undefined && /^\d{1,3}$/.test(profile) ? profile : undefined;
}

/** A track in words for people: `H264 (profile 64001f)`. */
export function describeTrack(track: Track): string {
	const profile = profileOf(track);
	return profile === undefined ? track.encoding : `${track.encoding} (profile ${profile})`;
}

/** What a peer offers to take, in words for people: with what it means by saying nothing, and what keeps it from us. */
export function describeOffered(track: Track): string {
	if (track.codec !== "h264") return describeTrack(track);
	const profile = h264ProfileId(track) ?? H264_UNSAID;
	const mode = parseFmtp(track.fmtp).get("packetization-mode") ?? "0";
	if (mode === "1") return `${track.encoding} (profile ${profile})`;
	return `${track.encoding} (profile ${profile}, packetization-mode ${mode.slice(0, 8)} where 1 is needed)`;
}
