import type { Hub } from "../../hub/hub.ts";
import { Refused } from "../../hub/refused.ts";
import type { PathName } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import { chooseTracks } from "../../wire/fmp4-muxer.ts";
import { HlsMuxer, SOUND } from "./muxer.ts";
import { mediaPlaylist, multivariantPlaylist } from "./playlist.ts";
import type { Segmenter } from "./segmenter.ts";
import { type HlsClient, HlsViewers } from "./viewers.ts";

const PLAYLIST = "application/vnd.apple.mpegurl";
const MP4 = "video/mp4";
const TICK_MS = 1000;
/** The first segment is waited for so long: the longest one before there is a key frame, and something to spare. */
const FIRST_MS = 8000;
/** A request may name at most so many segments ahead (RFC 8216bis section 6.2.5.2). */
const MOST_AHEAD = 2;
const FILE = /^([0-9a-f]+)_(init|seg|part)(\d{1,9})\.mp4$/;

/** What somebody who was let in is answered. */
interface Answer {
	readonly status: number;
	readonly type: string;
	readonly body: Buffer | string;
	/** Seconds; 0 for what changes. */
	readonly maxAge: number;
}

const absent: Answer = { status: 404, type: "text/plain", body: "there is no such file", maxAge: 0 };
const kicked: Answer = { status: 403, type: "text/plain", body: "this viewer was sent away", maxAge: 0 };
const late: Answer = { status: 503, type: "text/plain", body: "it has not come in time", maxAge: 0 };
const nonsense: Answer = { status: 400, type: "text/plain", body: "there is no such part, nor soon", maxAge: 0 };
const file = (body: Buffer): Answer => ({ status: 200, type: MP4, body, maxAge: 60 });
const playlist = (body: string): Answer => ({ status: 200, type: PLAYLIST, body, maxAge: 0 });

/** Makes low-latency HLS of paths that somebody asks for. */
export class HlsServer implements AsyncDisposable {
	readonly viewers = new HlsViewers();
	readonly #hub: Hub;
	readonly #closeAfter: Millis;
	readonly #muxers = new Map<PathName, HlsMuxer>();
	readonly #timer = setInterval(() => this.#tick(), TICK_MS).unref();

	/** A path that nobody asked for in `closeAfter` is not cut into segments any more. */
	constructor(hub: Hub, closeAfter: Millis) {
		this.#hub = hub;
		this.#closeAfter = closeAfter;
	}

	/** Answers with a file of a path, when it is there. Throws `Refused` where there is nothing to watch. */
	async answer(path: PathName, name: string, query: string, client: HlsClient): Promise<Answer> {
		if (!this.viewers.admit(path, client, name === "index.m3u8", query, this.#hub.clock.now())) return kicked;
		const answer = await this.#answer(path, name, query);
		if (answer.status === 200) {
			this.viewers.sent(path, client, answer.body.length);
			this.#muxers.get(path)?.sent(answer.body.length);
		}
		return answer;
	}

	/** What is made of paths at the moment, in the shape of MediaMTX's HLS muxers. */
	muxers() {
		const unixOf = (at: Millis): string =>
			new Date(this.#hub.clock.unix() - (this.#hub.clock.now() - at)).toISOString();
		return [...this.#muxers].map(([path, { since, lastRequest, bytesSent, framesDropped }]) => ({
			path,
			created: unixOf(since),
			lastRequest: unixOf(lastRequest),
			outboundBytes: bytesSent,
			outboundFramesDiscarded: framesDropped,
			bytesSent,
		}));
	}

	async #answer(path: PathName, name: string, query: string): Promise<Answer> {
		const isPlaylist = name.endsWith(".m3u8");
		const muxer = isPlaylist ? this.#muxer(path) : this.#muxers.get(path);
		if (!muxer) return absent;
		muxer.lastRequest = this.#hub.clock.now();
		if (!isPlaylist) return this.#file(muxer, name);
		if (!(await muxer.wait(() => muxer.segmenter.target > 0, FIRST_MS))) return late;
		if (name === "stream.m3u8") return this.#media(muxer, new URLSearchParams(query));
		return name === "index.m3u8" ? playlist(this.#variants(muxer)) : absent;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		clearInterval(this.#timer);
		for (const muxer of this.#muxers.values()) muxer.close();
		this.#muxers.clear();
	}

	#muxer(path: PathName): HlsMuxer {
		const known = this.#muxers.get(path);
		if (known) return known;
		const { taken, leftOut } = chooseTracks(this.#hub.find(path), SOUND);
		if (taken.length === 0) {
			throw new Refused("invalid", `nothing of this stream can be sent by HLS: ${leftOut[0]?.reason ?? "no track"}`);
		}
		const muxer = new HlsMuxer(this.#hub, path, () => {
			if (this.#muxers.get(path) === muxer) this.#muxers.delete(path);
		});
		this.#muxers.set(path, muxer);
		return muxer;
	}

	#variants({ tracks, codecs, segmenter }: HlsMuxer): string {
		const size = tracks.map(({ config }) => ("format" in config ? config.format : undefined)).find(Boolean);
		return multivariantPlaylist({ codecs, bandwidth: segmenter.bitrate, size });
	}

	/** With `_HLS_msn` and `_HLS_part` the answer waits for that segment or part (RFC 8216bis section 6.2.5.2). */
	async #media(muxer: HlsMuxer, query: URLSearchParams): Promise<Answer> {
		const { segmenter } = muxer;
		const wanted = directive(query, "_HLS_msn");
		const part = directive(query, "_HLS_part");
		if (Number.isNaN(wanted) || Number.isNaN(part) || (wanted === undefined && part !== undefined)) return nonsense;
		if (wanted !== undefined) {
			if (wanted > (segmenter.listed.at(-1)?.number ?? 0) + MOST_AHEAD) return nonsense;
			if (!(await muxer.wait(() => segmenter.has(wanted, part), this.#patience(muxer)))) return late;
		}
		return playlist(mediaPlaylist(segmenter, muxer.id));
	}

	async #file(muxer: HlsMuxer, name: string): Promise<Answer> {
		const [, id, kind, digits] = FILE.exec(name) ?? [];
		if (id !== muxer.id) return absent;
		const { segmenter } = muxer;
		const number = Number(digits);
		// The part that the playlist hints at is waited for.
		const isHinted = kind === "part" && number === segmenter.nextPart;
		if (isHinted && !(await muxer.wait(() => segmenter.nextPart > number, this.#patience(muxer)))) return late;
		const bytes = fileOf(segmenter, kind, number);
		return bytes ? file(bytes) : absent;
	}

	#patience({ segmenter }: HlsMuxer): Millis {
		return Math.max(1, segmenter.target) * 3000;
	}

	#tick(): void {
		const now = this.#hub.clock.now();
		this.viewers.sweep(now - this.#closeAfter);
		for (const [path, muxer] of this.#muxers) {
			if (now - muxer.lastRequest < this.#closeAfter) continue;
			muxer.close();
			this.#muxers.delete(path);
		}
	}
}

function fileOf(segmenter: Segmenter, kind: string | undefined, number: number): Buffer | undefined {
	if (kind === "init") return segmenter.init(number);
	return kind === "seg" ? segmenter.segment(number) : segmenter.part(number);
}

/** A number in the query; undefined where it is not there, NaN where it is none. */
function directive(query: URLSearchParams, name: string): number | undefined {
	const value = query.get(name);
	if (value === null) return undefined;
	return /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
}
