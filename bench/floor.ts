import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { Burst } from "./support/burst.ts";
import { answer } from "./support/child.ts";
import { FRAME_HEADER } from "./support/stream.ts";

/**
 * The floor: the least program that does the relay's work with the same system calls. It says yes to every RTSP request,
 * finds the packets in what a publisher sends, and hands each picture on as one write per TCP reader, or one `sendmmsg`
 * for all UDP readers. No checks, no buffers, no state.
 */

const MARKER = 0x80;
const MEDIA = 0x24;

/** What publishers and readers of a path share. */
interface Place {
	sdp: string;
	readonly readers: Socket[];
	burst: Burst | undefined;
}

const places = new Map<string, Place>();

function placeOf(url: string): Place {
	const name = url.split("/")[3] ?? "";
	const found = places.get(name);
	if (found) return found;
	const place: Place = { sdp: "", readers: [], burst: undefined };
	places.set(name, place);
	return place;
}

/** What a publisher sends on: whole pictures. */
class Forward {
	readonly #place: Place;
	/** Where the present picture begins, in the chunks not yet handed on. */
	#packets: Buffer[] = [];

	constructor(place: Place) {
		this.#place = place;
	}

	/** One interleaved packet, with its four bytes before it. */
	packet(framed: Buffer): void {
		const { readers, burst } = this.#place;
		if (readers.length === 0 && !burst) return;
		this.#packets.push(framed);
		if (((framed[FRAME_HEADER + 1] ?? 0) & MARKER) === 0) return;
		if (burst) burst.send(this.#packets.map((packet) => packet.subarray(FRAME_HEADER)));
		if (readers.length > 0) {
			const batch = Buffer.concat(this.#packets);
			for (const reader of readers) reader.write(batch);
		}
		this.#packets = [];
	}
}

function isLetter(byte: number): boolean {
	return byte >= 0x41 && byte <= 0x5a;
}

class Connection {
	readonly #socket: Socket;
	#rest: Buffer = Buffer.alloc(0);
	#forward: Forward | undefined;
	#port = 0;
	#foreign = false;

	constructor(socket: Socket) {
		this.#socket = socket;
		socket.setNoDelay(true);
		socket.on("data", (data) => this.#take(data));
		socket.on("error", () => socket.destroy());
	}

	/** What is neither a request nor media is only read: it stands for what other protocols send. */
	#take(data: Buffer): void {
		if (this.#rest.length === 0 && data[0] !== MEDIA && !isLetter(data[0]!)) this.#foreign = true;
		if (this.#foreign) return;
		const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, data]) : data;
		let at = 0;
		while (at + FRAME_HEADER <= bytes.length) {
			const end = bytes[at] === MEDIA ? this.#media(bytes, at) : this.#request(bytes, at);
			if (end < 0) break;
			at = end;
		}
		this.#rest = bytes.subarray(at);
	}

	/** Each of the two gives the place behind what it took, or −1 where more must come. */
	#media(bytes: Buffer, at: number): number {
		const end = at + FRAME_HEADER + bytes.readUInt16BE(at + 2);
		if (end > bytes.length) return -1;
		if (bytes[at + 1] === 0) this.#forward?.packet(bytes.subarray(at, end));
		return end;
	}

	#request(bytes: Buffer, at: number): number {
		const blank = bytes.indexOf("\r\n\r\n", at);
		if (blank < 0) return -1;
		const head = bytes.toString("latin1", at, blank);
		const end = blank + 4 + Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0);
		if (end > bytes.length) return -1;
		this.#answer(head, bytes.toString("utf8", blank + 4, end));
		return end;
	}

	#answer(head: string, body: string): void {
		const [method = "", url = ""] = head.split(" ");
		const place = placeOf(url);
		const lines = [`CSeq: ${/^cseq:\s*(\d+)/im.exec(head)?.[1]}`, "Session: 1"];
		if (method === "ANNOUNCE") place.sdp = body;
		if (method === "SETUP") lines.push(`Transport: ${this.#setup(place, head)}`);
		if (method === "RECORD") this.#forward = new Forward(place);
		const sdp = method === "DESCRIBE" ? place.sdp : "";
		this.#socket.write(`RTSP/1.0 200 OK\r\n${lines.join("\r\n")}\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`);
		if (method === "PLAY") this.#play(place);
	}

	#setup(place: Place, head: string): string {
		const transport = /^transport:\s*(.*)$/im.exec(head)?.[1]?.trim() ?? "";
		const port = /client_port=(\d+)/.exec(transport)?.[1];
		if (port === undefined) return transport;
		place.burst ??= new Burst();
		this.#port = Number(port);
		return `${transport};server_port=${place.burst.port}-${place.burst.port + 1}`;
	}

	#play(place: Place): void {
		if (this.#port > 0) place.burst?.add(this.#port);
		else {
			place.readers.push(this.#socket);
			this.#socket.once("close", () => place.readers.splice(place.readers.indexOf(this.#socket), 1));
		}
	}
}

const handlers = {
	/** Listens on a port of the loopback, by TCP and UDP; datagrams are read. */
	async start(port: number): Promise<void> {
		const socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20 }).on("message", () => undefined);
		await new Promise<void>((resolve) => socket.bind(port, "127.0.0.1", resolve));
		const server = createServer((socket) => new Connection(socket));
		await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
	},
};

export type FloorHandlers = typeof handlers;

answer(handlers);
