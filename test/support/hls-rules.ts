/** A media playlist taken apart, as far as its rules need it. */
interface Playlist {
	readonly tags: ReadonlyMap<string, string>;
	readonly segments: readonly ListedSegment[];
	/** Parts behind the last segment. */
	readonly rest: readonly ListedPart[];
	readonly hint: string;
}

interface ListedPart {
	readonly uri: string;
	readonly duration: number;
	readonly independent: boolean;
}

interface ListedSegment {
	readonly number: number;
	readonly uri: string;
	readonly duration: number;
	readonly parts: readonly ListedPart[];
	/** The initialisation segment; empty where none was named. */
	readonly map: string;
	readonly discontinuity: boolean;
}

/** Rounded durations may be off by so much, in seconds. */
const ROUNDING_S = 0.0005;
/** Sums of numbers that binary fractions do not hold. */
const FLOAT_S = 1e-9;

function attribute(text: string, name: string): string {
	const match = new RegExp(`(?:^|,)${name}=("([^"]*)"|[^,]*)`).exec(text);
	return match?.[2] ?? match?.[1] ?? "";
}

function parsePart(value: string): ListedPart {
	const independent = attribute(value, "INDEPENDENT") === "YES";
	return { uri: attribute(value, "URI"), duration: Number(attribute(value, "DURATION")), independent };
}

/** Reads a media playlist (RFC 8216bis section 4). */
export function parsePlaylist(text: string): Playlist {
	const tags = new Map<string, string>();
	const segments: ListedSegment[] = [];
	let parts: ListedPart[] = [];
	let [map, duration, discontinuity] = ["", Number.NaN, false];
	for (const line of text.trimEnd().split("\n")) {
		const [, tag = "", value = ""] = /^#(EXT[^:]*):?(.*)$/.exec(line) ?? [];
		if (tag === "EXT-X-PART") parts.push(parsePart(value));
		else if (tag === "EXT-X-MAP") map = attribute(value, "URI");
		else if (tag === "EXTINF") duration = Number.parseFloat(value);
		else if (tag === "EXT-X-DISCONTINUITY") discontinuity = true;
		else if (tag !== "") tags.set(tag, value);
		else {
			const number = Number(tags.get("EXT-X-MEDIA-SEQUENCE") ?? 0) + segments.length;
			segments.push({ number, uri: line, duration, parts, map, discontinuity });
			[parts, duration, discontinuity] = [[], Number.NaN, false];
		}
	}
	return { tags, segments, rest: parts, hint: attribute(tags.get("EXT-X-PRELOAD-HINT") ?? "", "URI") };
}

/**
 * What is wrong with a low-latency media playlist by RFC 8216bis; empty where nothing is. With `steady` false parts may be
 * short: the pictures did not come evenly, and no number of them may fit between the least and the most.
 */
export function playlistFaults(text: string, steady = true): string[] {
	const faults: string[] = [];
	const check = (holds: boolean, rule: string) => holds || faults.push(rule);
	const { tags, segments, rest, hint } = parsePlaylist(text);
	const target = Number(tags.get("EXT-X-TARGETDURATION"));
	const partTarget = Number(attribute(tags.get("EXT-X-PART-INF") ?? "", "PART-TARGET"));
	const control = tags.get("EXT-X-SERVER-CONTROL") ?? "";
	check(text.startsWith("#EXTM3U\n"), "4.4.1.1: EXTM3U is the first line");
	check(Number(tags.get("EXT-X-VERSION")) >= 6, "8: EXT-X-MAP needs version 6");
	check(Number.isInteger(target) && target > 0, "4.4.3.1: a target duration");
	check(partTarget > 0, "4.4.3.7: a part target where there are parts");
	check(attribute(control, "CAN-BLOCK-RELOAD") === "YES", "B.1: low latency needs blocking reload");
	check(Number(attribute(control, "PART-HOLD-BACK")) >= 3 * partTarget - ROUNDING_S, "4.4.3.8: PART-HOLD-BACK");
	check(hint !== "", "6.2.2: a hint at the next part");
	check(
		segments.every(({ map }) => map !== "") || segments.length === 0,
		"4.4.4.5: EXT-X-MAP before the first segment",
	);
	for (const [i, { uri, duration, map, discontinuity }] of segments.entries()) {
		check(Math.round(duration) <= target, `4.4.3.1: ${uri} lasts ${duration}, more than ${target}`);
		check(i === 0 || map === segments[i - 1]!.map || discontinuity, `4.4.4.3: ${uri} needs a discontinuity`);
	}
	const all = segments.reduce((sum, { duration }) => sum + duration, 0);
	const whole = (segments[0]?.number ?? 0) === 0;
	check(whole || all >= target * 3 - ROUNDING_S, `6.2.2: all segments last ${all}, and older ones were removed`);
	for (const [i, { uri, duration, parts }] of segments.entries()) {
		const listed = parts.reduce((sum, part) => sum + part.duration, 0);
		check(parts.length === 0 || Math.abs(listed - duration) < 0.01, `6.2.2: the parts of ${uri} last ${listed}`);
		const later = [...segments.slice(i + 1), ...rest];
		const fromEnd = later.reduce((sum, one) => sum + one.duration, 0);
		check(parts.length > 0 || fromEnd >= target * 2 - 0.01, `6.2.2: ${uri} has no parts, near the end`);
	}
	for (const list of [...segments.map(({ parts }) => parts), [...rest, undefined]]) {
		for (const [i, part] of list.entries()) {
			if (!part) continue;
			check(part.duration <= partTarget, `4.4.4.9: ${part.uri} lasts ${part.duration}`);
			const mayBeShort = i === list.length - 1 || part.independent || !steady;
			const least = 0.85 * partTarget - FLOAT_S;
			check(mayBeShort || part.duration >= least, `4.4.4.9: ${part.uri} lasts only ${part.duration}`);
		}
	}
	return faults;
}

/** What is wrong with a playlist that followed another one (RFC 8216bis section 6.2.1); empty where nothing is. */
export function successionFaults(before: string, after: string): string[] {
	const faults: string[] = [];
	const [old, fresh] = [parsePlaylist(before), parsePlaylist(after)];
	for (const tag of ["EXT-X-TARGETDURATION", "EXT-X-PART-INF", "EXT-X-VERSION"]) {
		if (old.tags.get(tag) !== fresh.tags.get(tag)) faults.push(`${tag} changed`);
	}
	for (const { number, uri, duration } of old.segments) {
		const same = fresh.segments.find((one) => one.number === number);
		if (same && (same.uri !== uri || same.duration !== duration)) faults.push(`segment ${number} changed`);
	}
	if ((fresh.segments[0]?.number ?? 0) < (old.segments[0]?.number ?? 0)) faults.push("the media sequence went back");
	return faults;
}
