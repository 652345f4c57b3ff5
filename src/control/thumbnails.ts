import type { Stream } from "../hub/stream.ts";
import type { Millis } from "../media/time.ts";
import { stillMp4 } from "../wire/mp4.ts";
import { hasLengths, isPicture } from "../wire/picture-config.ts";
import { keyPicture, keyPictureName } from "./key-picture.ts";

/** The version that lists tell changes at most this often, so that pages do not load each key frame. */
const FRESH_MS = 2000;

interface Picture {
	readonly version: string;
	readonly bytes: Buffer;
}

interface Told {
	readonly version: string | undefined;
	readonly at: Millis;
}

function pictureTrack(stream: Stream): number {
	return stream.tracks.findIndex(({ codec }) => isPicture(codec));
}

/** Changes with each key frame; undefined where there is none that a file can be made of. */
function versionOf(stream: Stream, track: number): string | undefined {
	if (track < 0 || (hasLengths(stream.tracks[track]!.codec) && !stream.format(track))) return undefined;
	return keyPictureName(stream, track);
}

/** The last key frame of each stream as a one-frame MP4. Made when somebody looks; looking never starts a camera. */
export class Thumbnails {
	readonly #made = new WeakMap<Stream, Picture>();
	readonly #told = new WeakMap<Stream, Told>();

	/** The picture's version for lists, at most 2 s old; undefined where there is none. */
	version(stream: Stream, now: Millis): string | undefined {
		const told = this.#told.get(stream);
		if (told?.version !== undefined && now - told.at < FRESH_MS) return told.version;
		const version = versionOf(stream, pictureTrack(stream));
		this.#told.set(stream, { version, at: now });
		return version;
	}

	/** The newest picture; undefined where there is none. */
	picture(stream: Stream): Picture | undefined {
		const track = pictureTrack(stream);
		const version = versionOf(stream, track);
		const made = this.#made.get(stream);
		if (version === undefined || made?.version === version) return made;
		const newest = keyPicture(stream, track);
		if (!newest) return made;
		const picture = { version, bytes: stillMp4(newest.config, newest.frame) };
		this.#made.set(stream, picture);
		return picture;
	}
}
