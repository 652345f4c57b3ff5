import type { Intake } from "../hub/intake.ts";
import type { Stream } from "../hub/stream.ts";
import type { Frame } from "../media/frame.ts";
import { describePicture, isPicture, type PictureConfig } from "../wire/picture-config.ts";

/** A key frame and what it says. */
interface KeyPicture {
	readonly frame: Frame;
	readonly config: PictureConfig;
}

/** Names a track's newest key frame, each one otherwise; undefined where there is none. */
export function keyPictureName(stream: Stream, track: number): string | undefined {
	const source = stream.ssrc(track).toString(36);
	const number = stream.joinFor([track]);
	if (number < stream.flushed) return `${source}-${number}`;
	// Frames that nobody reads as packets have no number.
	const frame = stream.keyFrame(track);
	return frame && `${source}-t${frame.pts}`;
}

/** A track's newest key frame; undefined where there is none that is whole and understood. */
export function keyPicture(stream: Stream, track: number): KeyPicture | undefined {
	const { codec } = stream.tracks[track]!;
	const frame = isPicture(codec) ? stream.keyFrame(track) : undefined;
	if (!frame || !isPicture(codec)) return undefined;
	const config = describePicture(codec, frame, stream.intakes[track]?.sets?.units ?? []);
	return config && { frame, config };
}

interface Seen {
	readonly name: string;
	readonly config: PictureConfig;
}

/** What was seen last of each track. */
const seen = new WeakMap<Intake, Seen>();

/** What a track's pictures are like, by its newest key frame, each of which is looked at once. */
export function pictureConfig(stream: Stream, track: number): PictureConfig | undefined {
	const intake = stream.intakes[track]!;
	const name = keyPictureName(stream, track);
	const last = seen.get(intake);
	if (name === undefined || last?.name === name) return last?.config;
	const config = keyPicture(stream, track)?.config;
	if (config) seen.set(intake, { name, config });
	return config ?? last?.config;
}
