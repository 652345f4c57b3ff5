import type { Codec, Track } from "../../media/track.ts";

/** What libdatachannel can offer to send. */
const published = ["h264", "h265", "vp8", "vp9", "av1", "opus", "pcmu", "pcma"] as const satisfies readonly Codec[];

export type PublishedCodec = (typeof published)[number];

/** Whether tracks of this codec can be published by WHIP. */
export function canPublish({ codec }: Track): boolean {
	return (published as readonly Codec[]).includes(codec);
}
