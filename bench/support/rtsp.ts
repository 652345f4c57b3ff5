import { close, connectTcp, memory, receive, sendAll } from "./sockets.ts";

/** What a server answered. */
interface Answer {
	readonly status: number;
	readonly head: string;
	readonly body: string;
}

const room = memory(65_536);

/**
 * A small RTSP client that waits for each answer: only what the load generators need, and none of the relay's code.
 * Throws where the server says no.
 */
export class RtspClient {
	readonly fd: number;
	readonly #url: string;
	#number = 0;
	#session = "";

	constructor(port: number, path: string) {
		this.fd = connectTcp(port);
		this.#url = `rtsp://127.0.0.1:${port}/${path}`;
	}

	/** Announces one track and is ready to send interleaved packets on channel 0. */
	record(sdp: string): void {
		this.#ask("ANNOUNCE", "", ["Content-Type: application/sdp"], sdp);
		this.#ask("SETUP", "/trackID=0", ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"]);
		this.#ask("RECORD", "", ["Range: npt=0.000-"]);
	}

	/** Sets the first track up; gives the server's answer to `transport`. */
	setup(transport: string): string {
		const { head, body } = this.#ask("DESCRIBE", "", ["Accept: application/sdp"]);
		const base = /^content-base:\s*(\S+)/im.exec(head)?.[1] ?? this.#url;
		const control = /^a=control:(\S+)/m.exec(body.slice(body.indexOf("m=video")))?.[1] ?? "trackID=0";
		const url = control.startsWith("rtsp://") ? control : `${base.replace(/\/$/, "")}/${control}`;
		const answer = this.#ask("SETUP", url, [`Transport: ${transport}`]);
		return /^transport:\s*(.*)$/im.exec(answer.head)?.[1]?.trim() ?? "";
	}

	/** Asks for pictures; what came behind the answer is the first of the media. */
	play(): Buffer {
		return this.#exchange("PLAY", "", ["Range: npt=0.000-"]).rest;
	}

	/** Sends a request whose answer is not waited for, so that the session stays. */
	keepAlive(): void {
		this.#send("OPTIONS", "", []);
	}

	close(): void {
		close(this.fd);
	}

	#ask(method: string, url: string, headers: readonly string[], body = ""): Answer {
		return this.#exchange(method, url, headers, body).answer;
	}

	#send(method: string, url: string, headers: readonly string[], body = ""): void {
		const lines = [
			`${method} ${url.startsWith("rtsp://") ? url : this.#url + url} RTSP/1.0`,
			`CSeq: ${++this.#number}`,
			...(this.#session ? [`Session: ${this.#session}`] : []),
			...(body ? [`Content-Length: ${Buffer.byteLength(body)}`] : []),
			...headers,
		];
		const length = room.bytes.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
		sendAll(this.fd, room.address, length);
	}

	#exchange(method: string, url: string, headers: readonly string[], body = ""): { answer: Answer; rest: Buffer } {
		this.#send(method, url, headers, body);
		const { answer, rest } = this.#receive();
		if (answer.status !== 200) throw new Error(`${method} ${this.#url}: ${answer.head.split("\r\n")[0]}`);
		this.#session ||= /^session:\s*([^;\s]+)/im.exec(answer.head)?.[1] ?? "";
		return { answer, rest };
	}

	#receive(): { answer: Answer; rest: Buffer } {
		let had = 0;
		for (;;) {
			const count = receive(this.fd, room.address + had, room.bytes.length - had);
			if (count <= 0) throw new Error(`${this.#url}: the connection ended`);
			had += count;
			const end = room.bytes.subarray(0, had).indexOf("\r\n\r\n");
			if (end < 0) continue;
			const head = room.bytes.toString("latin1", 0, end);
			const body = end + 4;
			const after = body + Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0);
			if (had < after) continue;
			const status = Number(head.split(" ")[1]);
			const answer = { status, head, body: room.bytes.toString("utf8", body, after) };
			return { answer, rest: Buffer.from(room.bytes.subarray(after, had)) };
		}
	}
}
