/*
 * Playlists of other servers (RFC 8216), as far as a player needs them. Pure; what is none is an Error.
 */

const MAX_LINES = 100_000;
const MAX_SEGMENTS = 20_000;
const MAX_VARIANTS = 1000;

/** A part of a file (section 4.3.2.2). */
interface ByteRange {
	readonly at: number;
	readonly bytes: number;
}

/** A file, or a part of one. */
export interface Resource {
	/** Absolute. */
	readonly url: string;
	readonly range: ByteRange | undefined;
}

/** What a segment is encrypted with: AES-128 in CBC mode (section 4.3.2.4). */
export interface Key {
	readonly url: string;
	/** 16 bytes; undefined where it is the segment's number. */
	readonly iv: Buffer | undefined;
}

export interface Segment extends Resource {
	/** The media sequence number. */
	readonly number: number;
	/** Counts the discontinuities before it: timestamps of segments with the same number are of one clock. */
	readonly era: number;
	/** Seconds. */
	readonly duration: number;
	/** What a decoder needs before it; undefined where the segment has it itself. */
	readonly map: Resource | undefined;
	readonly key: Key | undefined;
}

/** The segments of one rendition. */
export interface MediaPlaylist {
	readonly kind: "media";
	/** Seconds: no segment is longer. */
	readonly target: number;
	readonly segments: readonly Segment[];
	/** Nothing more comes. */
	readonly ended: boolean;
}

/** One choice of a presentation. */
export interface Variant {
	readonly url: string;
	/** bit/s. */
	readonly bandwidth: number;
	/** As in RFC 6381; empty where they are not told. */
	readonly codecs: string;
	/** The sound's own playlist, where it has one. */
	readonly audio: string | undefined;
}

export interface MultivariantPlaylist {
	readonly kind: "multivariant";
	readonly variants: readonly Variant[];
}

/** Reads either kind. `url` is where it came from: what it names counts from there. Throws where it is no playlist. */
export function parsePlaylist(text: string, url: string): MediaPlaylist | MultivariantPlaylist {
	const lines = text.split(/\r?\n/, MAX_LINES).map((line) => line.trim());
	if (!lines[0]?.replace(/^\uFEFF/, "").startsWith("#EXTM3U"))
		throw new Error("not a playlist: it does not begin with #EXTM3U");
	return lines.some((line) => line.startsWith("#EXT-X-STREAM-INF:"))
		? parseVariants(lines, url)
		: parseMedia(lines, url);
}

/** Attribute lists (section 4.2): NAME=value or NAME="value". A name is looked for at the beginning and behind commas only: in linear time. */
function attributes(list: string): Map<string, string> {
	return new Map(
		[...list.matchAll(/(?:^|,)\s*([A-Z0-9-]+)=(?:"([^"]*)"|([^",]*))/g)].map(([, name, quoted, plain]) => [
			name!,
			quoted ?? plain ?? "",
		]),
	);
}

/** Absolute; only what can be asked for by HTTP. */
function resolve(reference: string, url: string): string {
	const found = URL.parse(reference, url);
	if (!found || !/^https?:$/.test(found.protocol))
		throw new Error("the playlist names something that is not asked for by HTTP");
	return found.href;
}

/** What is behind a tag's colon. */
function valueIn(line: string): string {
	return line.slice(line.indexOf(":") + 1);
}

function parseVariants(lines: readonly string[], url: string): MultivariantPlaylist {
	const sounds = new Map<string, string>();
	const variants: Variant[] = [];
	for (const line of lines) {
		if (!line.startsWith("#EXT-X-MEDIA:")) continue;
		const list = attributes(valueIn(line));
		const [group, uri] = [list.get("GROUP-ID"), list.get("URI")];
		if (list.get("TYPE") !== "AUDIO" || group === undefined || uri === undefined) continue;
		if (!sounds.has(group) || list.get("DEFAULT") === "YES") sounds.set(group, resolve(uri, url));
	}
	let info: string | undefined;
	for (const line of lines) {
		if (line.startsWith("#EXT-X-STREAM-INF:")) info = line;
		if (info === undefined || line === "" || line.startsWith("#")) continue;
		if (variants.length >= MAX_VARIANTS) throw new Error(`more than ${MAX_VARIANTS} streams`);
		const list = attributes(valueIn(info));
		const audio = sounds.get(list.get("AUDIO") ?? "");
		const bandwidth = Number(list.get("BANDWIDTH")) || 0;
		variants.push({ url: resolve(line, url), bandwidth, codecs: list.get("CODECS") ?? "", audio });
		info = undefined;
	}
	if (variants.length === 0) throw new Error("the playlist names no stream");
	return { kind: "multivariant", variants };
}

function parseMedia(lines: readonly string[], url: string): MediaPlaylist {
	const reader = new MediaReader(url);
	for (const line of lines) reader.line(line);
	return reader.playlist;
}

class MediaReader {
	readonly #url: string;
	readonly #segments: Segment[] = [];
	#target = 0;
	#number = 0;
	#era = 0;
	#ended = false;
	#duration: number | undefined;
	#range: string | undefined;
	#map: Resource | undefined;
	#key: Key | undefined;
	/** Where the next range begins that does not say (section 4.3.2.2). */
	#next = 0;

	constructor(url: string) {
		this.#url = url;
	}

	get playlist(): MediaPlaylist {
		return { kind: "media", target: this.#target, segments: this.#segments, ended: this.#ended };
	}

	line(line: string): void {
		if (line === "") return;
		if (!line.startsWith("#")) {
			this.#segment(line);
			return;
		}
		const colon = line.indexOf(":");
		const value = colon < 0 ? "" : line.slice(colon + 1);
		this.#tags[colon < 0 ? line : line.slice(0, colon)]?.(value);
	}

	readonly #tags: Readonly<Record<string, (value: string) => void>> = {
		"#EXT-X-TARGETDURATION": (value) => {
			this.#target = seconds(value);
		},
		"#EXT-X-MEDIA-SEQUENCE": (value) => {
			this.#number = count(value);
		},
		"#EXT-X-DISCONTINUITY-SEQUENCE": (value) => {
			this.#era = count(value);
		},
		"#EXT-X-DISCONTINUITY": () => {
			this.#era++;
		},
		"#EXT-X-ENDLIST": () => {
			this.#ended = true;
		},
		"#EXTINF": (value) => {
			this.#duration = seconds(value.split(",")[0]!);
		},
		"#EXT-X-BYTERANGE": (value) => {
			this.#range = value;
		},
		"#EXT-X-MAP": (value) => {
			const list = attributes(value);
			const range = list.get("BYTERANGE");
			this.#map = {
				url: resolve(list.get("URI") ?? "", this.#url),
				range: range === undefined ? undefined : rangeOf(range, 0),
			};
		},
		"#EXT-X-KEY": (value) => {
			this.#key = keyOf(attributes(value), this.#url);
		},
	};

	#segment(reference: string): void {
		if (this.#duration === undefined) return;
		if (this.#segments.length >= MAX_SEGMENTS) throw new Error(`more than ${MAX_SEGMENTS} segments`);
		const range = this.#range === undefined ? undefined : rangeOf(this.#range, this.#next);
		this.#next = range ? range.at + range.bytes : 0;
		this.#segments.push({
			...{ url: resolve(reference, this.#url), range, number: this.#number++, era: this.#era },
			...{ duration: this.#duration, map: this.#map, key: this.#key },
		});
		this.#duration = undefined;
		this.#range = undefined;
	}
}

function seconds(text: string): number {
	const value = Number(text);
	if (!(value >= 0 && value < 86_400)) throw new Error(`a duration of "${text.slice(0, 20)}" seconds`);
	return value;
}

function count(text: string): number {
	const value = Number(text);
	if (!Number.isSafeInteger(value) || value < 0) throw new Error(`"${text.slice(0, 20)}" where a number is due`);
	return value;
}

/** `LENGTH@OFFSET`, or `LENGTH` behind what came before. */
function rangeOf(text: string, next: number): ByteRange {
	const [bytes = "", at] = text.split("@");
	return { bytes: count(bytes), at: at === undefined ? next : count(at) };
}

function keyOf(list: Map<string, string>, url: string): Key | undefined {
	const method = list.get("METHOD");
	if (method === undefined || method === "NONE") return undefined;
	if (method !== "AES-128")
		throw new Error(`segments are encrypted with ${method.slice(0, 20)}, which is not understood`);
	const iv = list.get("IV")?.replace(/^0x/i, "");
	return {
		url: resolve(list.get("URI") ?? "", url),
		iv: iv === undefined ? undefined : Buffer.from(iv.padStart(32, "0"), "hex"),
	};
}
