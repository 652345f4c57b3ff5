import type { Segment, Segmenter } from "./segmenter.ts";

/** What the list of variants says of the only one. */
interface Variant {
	/** As in RFC 6381. */
	readonly codecs: string;
	/** bit/s. */
	readonly bandwidth: number;
	/** Pixels; undefined without pictures. */
	readonly size: { readonly width: number; readonly height: number } | undefined;
}

/** Parts are listed of segments that end later than so many target durations before the end (RFC 8216bis section 4.4.4.9). */
const TARGETS_WITH_PARTS = 2;
/** Players stay so many parts behind the end: no fewer than three (section 4.4.3.8). */
const HOLD_BACK_PARTS = 3;

/** The multivariant playlist (RFC 8216bis section 4.4.6). */
export function multivariantPlaylist({ codecs, bandwidth, size }: Variant): string {
	const resolution = size ? `,RESOLUTION=${size.width}x${size.height}` : "";
	const variant = `#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth},CODECS="${codecs}"${resolution}`;
	return lines(["#EXTM3U", "#EXT-X-VERSION:9", variant, "stream.m3u8"]);
}

/** The media playlist with its parts (RFC 8216bis section 4.4). `id` stands in the names of all files. */
export function mediaPlaylist(segmenter: Segmenter, id: string): string {
	const { listed, target, partTarget, nextPart } = segmenter;
	const holdBack = (HOLD_BACK_PARTS * partTarget).toFixed(3);
	const out = [
		"#EXTM3U",
		"#EXT-X-VERSION:9",
		`#EXT-X-TARGETDURATION:${target}`,
		`#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${holdBack}`,
		`#EXT-X-PART-INF:PART-TARGET=${partTarget.toFixed(3)}`,
		`#EXT-X-MEDIA-SEQUENCE:${listed[0]?.number ?? 0}`,
	];
	// Each other initialisation segment began with a discontinuity.
	const gone = listed[0]?.init ?? 0;
	if (gone > 0) out.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${gone}`);
	let init = -1;
	let left = listed.reduce((sum, { duration }) => sum + duration, 0);
	for (const segment of listed) {
		left -= segment.duration;
		if (segment.init !== init && (segment.complete || segment.parts.length > 0)) {
			if (init >= 0) out.push("#EXT-X-DISCONTINUITY");
			out.push(`#EXT-X-MAP:URI="${id}_init${segment.init}.mp4"`);
			init = segment.init;
		}
		out.push(...segmentLines(segment, id, left < TARGETS_WITH_PARTS * target));
	}
	return lines([...out, `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${id}_part${nextPart}.mp4"`]);
}

function segmentLines({ number, parts, duration, complete }: Segment, id: string, withParts: boolean): string[] {
	const out: string[] = [];
	for (const part of withParts ? parts : []) {
		const independent = part.independent ? ",INDEPENDENT=YES" : "";
		out.push(`#EXT-X-PART:DURATION=${part.duration.toFixed(5)},URI="${id}_part${part.number}.mp4"${independent}`);
	}
	if (complete) out.push(`#EXTINF:${duration.toFixed(5)},`, `${id}_seg${number}.mp4`);
	return out;
}

function lines(all: readonly string[]): string {
	return `${all.join("\n")}\n`;
}
