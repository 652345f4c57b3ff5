import { randomBytes } from "node:crypto";
import { ChunkReader, FIRST_CHUNK_BYTES } from "./chunk-reader.ts";
import { writeMessages } from "./chunk-writer.ts";
import { type Command, readCommand } from "./command.ts";
import { Handshake, RANDOM_BYTES } from "./handshake.ts";
import {
	AGGREGATE,
	AUDIO,
	acknowledgement,
	DATA_AMF0,
	DATA_AMF3,
	type Message,
	PING_REQUEST,
	PING_RESPONSE,
	SET_CHUNK_SIZE,
	splitAggregate,
	USER_CONTROL,
	userControl,
	VIDEO,
	WINDOW_SIZE,
} from "./message.ts";

/** What both sides may have on the way without an acknowledgement, until the peer says another size. */
export const WINDOW_BYTES = 2_500_000;

/** What a link tells its owner. What these throw comes out of `push`. */
export interface LinkEvents {
	/** Bytes for the peer. */
	write(bytes: Buffer): void;
	/** The handshake is done: the connection is free for commands. */
	opened?(): void;
	/** A message of audio, video or data. */
	media(message: Message): void;
	command(command: Command): void;
}

/**
 * One side of a connection below its commands: the handshake, chunks, and the protocol control messages (RTMP 1.0 section
 * 5.4), which it answers by itself. No socket and no clock.
 */
export class Link {
	readonly #events: LinkEvents;
	readonly #chunks: ChunkReader;
	#handshake: Handshake | undefined;
	/** Size of the chunks that are sent. */
	#chunkBytes = FIRST_CHUNK_BYTES;
	#received = 0;
	#acknowledged = 0;
	#window = WINDOW_BYTES;
	#stopped = false;

	/** Messages above `maxMessage` bytes are a fault of the peer's. */
	constructor(side: "server" | "client", maxMessage: number, events: LinkEvents) {
		this.#events = events;
		this.#handshake = new Handshake(side, randomBytes(RANDOM_BYTES));
		this.#chunks = new ChunkReader(maxMessage, (message) => this.#message(message));
	}

	/** Bytes that have come. */
	get received(): number {
		return this.#received;
	}

	/** Largest message that is taken from now on, in bytes. */
	set maxMessage(bytes: number) {
		this.#chunks.maxMessage = bytes;
	}

	/** What a client begins with. */
	hello(): void {
		if (this.#handshake) this.#events.write(this.#handshake.hello());
	}

	/** Takes the next bytes. Throws `RtmpError` and `AmfError`: the connection is to end. */
	push(chunk: Buffer): void {
		if (this.#stopped) return;
		this.#received += chunk.length;
		if (this.#handshake) this.#shake(this.#handshake, chunk);
		else this.#chunks.push(chunk);
		if (this.#received - this.#acknowledged < this.#window) return;
		this.#acknowledged = this.#received;
		this.send(acknowledgement(this.#received));
	}

	/** Sends messages. A new chunk size among them is valid from the message behind it. */
	send(...messages: readonly Message[]): void {
		const parts = messages.map((message) => {
			const bytes = writeMessages([message], this.#chunkBytes);
			if (message.type === SET_CHUNK_SIZE) this.#chunkBytes = message.body.readUInt32BE(0);
			return bytes;
		});
		if (parts.length > 0) this.#events.write(Buffer.concat(parts));
	}

	/** Nothing is handed on any more, not even the rest of what was pushed. */
	stop(): void {
		this.#stopped = true;
	}

	#shake(handshake: Handshake, chunk: Buffer): void {
		const { reply, rest } = handshake.push(chunk);
		if (reply) this.#events.write(reply);
		if (!rest) return;
		this.#handshake = undefined;
		this.#events.opened?.();
		if (rest.length > 0) this.#chunks.push(rest);
	}

	#message(message: Message): void {
		if (this.#stopped) return;
		const { type, body } = message;
		switch (type) {
			case AUDIO:
			case VIDEO:
			case DATA_AMF0:
			case DATA_AMF3:
				this.#events.media(message);
				return;
			case AGGREGATE:
				for (const one of splitAggregate(message)) this.#message(one);
				return;
			case WINDOW_SIZE:
				if (body.length >= 4) this.#window = Math.max(1, body.readUInt32BE(0));
				return;
			case USER_CONTROL:
				if (body.length < 6 || body.readUInt16BE(0) !== PING_REQUEST) return;
				this.send(userControl(PING_RESPONSE, body.readUInt32BE(2)));
				return;
			default: {
				const command = readCommand(message);
				if (command) this.#events.command(command);
			}
		}
	}
}
