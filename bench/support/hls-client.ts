import { Agent, get } from "node:http";

/** A player of low-latency HLS without a decoder: blocking playlists, and each new part as soon as it is there. */
export class HlsClient {
	/** Answers so far. */
	requests = 0;
	readonly #base: string;
	readonly #agent = new Agent({ keepAlive: true });
	readonly #onPart: (bytes: Buffer) => void;
	#running = true;

	/** `base` is the address of the path. */
	constructor(base: string, onPart: (bytes: Buffer) => void) {
		this.#base = base;
		this.#onPart = onPart;
	}

	/** Resolves when it has the first playlist; plays on until `close`. */
	async start(): Promise<void> {
		await this.#get("index.m3u8");
		const first = (await this.#get("stream.m3u8")).toString();
		void this.#play(first).catch(() => this.close());
	}

	close(): void {
		this.#running = false;
		this.#agent.destroy();
	}

	async #play(first: string): Promise<void> {
		for (let list = first; this.#running; ) {
			list = (await this.#get(`stream.m3u8?${next(list)}`)).toString();
			const part = [...list.matchAll(/#EXT-X-PART:.*URI="([^"]+)"/g)].at(-1)?.[1];
			if (part) this.#onPart(await this.#get(part));
		}
	}

	#get(name: string): Promise<Buffer> {
		return new Promise((resolve, reject) => {
			const request = get(`${this.#base}/${name}`, { agent: this.#agent }, (response) => {
				const chunks: Buffer[] = [];
				response.on("data", (chunk: Buffer) => chunks.push(chunk));
				response.once("end", () => {
					this.requests++;
					if (response.statusCode === 200) resolve(Buffer.concat(chunks));
					else reject(new Error(`${name}: HTTP ${response.statusCode}`));
				});
			});
			request.once("error", reject);
		});
	}
}

/** What a playlist says comes next (RFC 8216bis section 6.2.5.2). */
function next(list: string): string {
	const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(list)?.[1]);
	const segments = list.split("#EXTINF:");
	const parts = segments.at(-1)!.match(/#EXT-X-PART:/g)?.length ?? 0;
	return `_HLS_msn=${first + segments.length - 1}&_HLS_part=${parts}`;
}
