import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Pool } from "../../src/net/pool.ts";
import { FLAG_FIRST, FLAG_KEY, FLAG_LAST, PacketRing } from "../../src/net/ring.ts";
import type { SendLevel } from "../../src/net/sender/channel.ts";
import type { JoinOptions, Protection, TrackOptions } from "../../src/net/sender/join.ts";
import { Sender, type SenderOptions } from "../../src/net/sender/sender.ts";
import type { SenderStream } from "../../src/net/sender/stream.ts";
import { openUdp, type UdpOptions, type UdpPort } from "../../src/net/udp.ts";

export const SSRC = 0x1234_5678;
/** A machine that is busy with other tests may take seconds to start a thread: no reason to leave packets out. */
const PATIENT_MS = 30_000;
const LIMITS = { bytes: 8 * 1024 * 1024, ageMs: 10_000, historyMs: 1_000 };

export interface Received {
	readonly marker: boolean;
	readonly payloadType: number;
	readonly sequence: number;
	readonly timestamp: number;
	readonly ssrc: number;
	readonly payload: Buffer;
	readonly bytes: Buffer;
}

function parse(bytes: Buffer): Received {
	return {
		marker: bytes[1]! >> 7 === 1,
		payloadType: bytes[1]! & 0x7f,
		sequence: bytes.readUInt16BE(2),
		timestamp: bytes.readUInt32BE(4),
		ssrc: bytes.readUInt32BE(8),
		payload: bytes.subarray(12),
		bytes,
	};
}

/** A viewer's socket, which keeps what it gets. */
export class Viewer {
	readonly packets: Received[] = [];
	readonly socket: Socket;
	port = 0;
	#wake = (): void => {};

	private constructor(family: 4 | 6) {
		this.socket = createSocket({ type: `udp${family}`, recvBufferSize: 4 << 20 });
	}

	/** @param sender the port that packets are taken from */
	static async open(sender: number, address = "127.0.0.1"): Promise<Viewer> {
		const viewer = new Viewer(address.includes(":") ? 6 : 4);
		viewer.socket.bind(0, address);
		await once(viewer.socket, "listening");
		viewer.port = viewer.socket.address().port;
		viewer.socket.on("message", (bytes, from) => {
			// On a busy machine others may still send to whoever had this port before.
			if (from.port !== sender) return;
			viewer.packets.push(parse(bytes));
			viewer.#wake();
		});
		return viewer;
	}

	/** Waits until `count` packets have come. */
	async got(count: number): Promise<Received[]> {
		const deadline = AbortSignal.timeout(PATIENT_MS);
		while (this.packets.length < count) {
			deadline.throwIfAborted();
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
				deadline.addEventListener("abort", () => resolve(), { once: true });
			});
		}
		return this.packets;
	}
}

export const VIDEO: TrackOptions = { payloadType: 96, ssrc: SSRC };

type Threads = SenderOptions["threads"];

export interface BenchSettings extends UdpOptions {
	readonly address?: string;
	readonly behindMs?: number;
}

/** A sender with one stream of made-up packets. */
export class SenderBench implements AsyncDisposable {
	readonly pool = new Pool(32 * 1024 * 1024);
	readonly ring = new PacketRing(this.pool, LIMITS);
	readonly log: string[] = [];
	readonly viewers: Viewer[] = [];
	readonly sender: Sender;
	readonly stream: SenderStream;
	port!: UdpPort;
	/** Next sequence number of each track. */
	readonly next = [0xfff0, 500];
	timestamp = 90_000;

	private constructor(threads: Threads, level: SendLevel | undefined, behindMs: number | undefined) {
		this.sender = Sender.create({ pool: this.pool, threads, level, behindMs, log: (line) => this.log.push(line) });
		this.stream = this.sender.open(this.ring);
	}

	static async open(threads: Threads, level?: SendLevel, settings: BenchSettings = {}): Promise<SenderBench> {
		const bench = new SenderBench(threads, level, settings.behindMs ?? PATIENT_MS);
		bench.port = await openUdp(settings.address ?? "127.0.0.1:0", () => {}, settings);
		return bench;
	}

	async viewer(address?: string): Promise<Viewer> {
		const viewer = await Viewer.open(this.port.port, address);
		this.viewers.push(viewer);
		return viewer;
	}

	/** Adds one access unit of `count` packets; returns their payloads. */
	unit(count: number, key = false, track = 0, size = 1000): Buffer[] {
		const payloads: Buffer[] = [];
		const first = this.ring.head;
		this.timestamp += 3000;
		for (let i = 0; i < count; i++) {
			const length = i === count - 1 ? size >> 1 : size;
			const payload = Buffer.alloc(length, (this.ring.head * 7) & 0xff);
			const sequence = this.next[track]!++;
			const at = this.ring.reserve(12 + length);
			const { bytes } = this.pool;
			bytes[at] = 0x80;
			bytes[at + 1] = (i === count - 1 ? 0x80 : 0) | 96;
			bytes.writeUInt16BE(sequence & 0xffff, at + 2);
			bytes.writeUInt32BE(this.timestamp, at + 4);
			bytes.writeUInt32BE(SSRC + track, at + 8);
			bytes.set(payload, at + 12);
			const flags = (i === 0 ? FLAG_FIRST | (key ? FLAG_KEY : 0) : 0) | (i === count - 1 ? FLAG_LAST : 0);
			this.ring.commit(12 + length, track, flags, sequence, this.timestamp, performance.now());
			payloads.push(payload);
		}
		if (key) this.ring.setJoin(first);
		this.ring.trim(performance.now());
		return payloads;
	}

	send(): void {
		this.stream.batch(this.ring.head);
	}

	options(viewer: Viewer, more: Partial<JoinOptions> = {}): JoinOptions {
		return {
			socket: this.port.sockets[0]!,
			address: viewer.socket.address().address,
			port: viewer.port,
			from: this.ring.join < 0 ? this.ring.head : this.ring.join,
			tracks: [VIDEO],
			protection: null,
			rewrite: false,
			...more,
		};
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.sender.close();
		await this.port.close();
		for (const viewer of this.viewers) viewer.socket.close();
	}
}

export const gcm: Protection = {
	profile: "AEAD_AES_128_GCM",
	key: Buffer.from("00112233445566778899aabbccddeeff", "hex"),
	salt: Buffer.from("a0b1c2d3e4f5061728394a5b", "hex"),
	authKey: new Uint8Array(0),
};
export const cm: Protection = {
	profile: "AES_CM_128_HMAC_SHA1_80",
	key: Buffer.from("ffeeddccbbaa99887766554433221100", "hex"),
	salt: Buffer.from("0102030405060708090a0b0c0d0e", "hex"),
	authKey: Buffer.from("000102030405060708090a0b0c0d0e0f10111213", "hex"),
};

/** The IV of a packet: the salt with SSRC, roll-over counter and sequence number mixed in at `at`. */
function mixed(salt: Uint8Array, length: number, at: number, packet: Received, rollover: number): Buffer {
	const iv = Buffer.alloc(length);
	iv.set(salt);
	const mix = Buffer.alloc(10);
	mix.writeUInt32BE(packet.ssrc, 0);
	mix.writeUInt32BE(rollover, 4);
	mix.writeUInt16BE(packet.sequence, 8);
	for (let i = 0; i < 10; i++) iv[at + i]! ^= mix[i]!;
	return iv;
}

/** Decrypts by node:crypto, as RFC 7714 sections 8.1 and 9 and RFC 3711 sections 4.1.1 and 4.2 say. */
export function unprotect(packet: Received, keys: Protection, rollover = 0): Buffer {
	const { bytes } = packet;
	if (keys.profile === "AEAD_AES_128_GCM") {
		const cipher = createDecipheriv("aes-128-gcm", keys.key, mixed(keys.salt, 12, 2, packet, rollover));
		cipher.setAAD(bytes.subarray(0, 12));
		cipher.setAuthTag(bytes.subarray(-16));
		return Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]);
	}
	const counter = Buffer.alloc(4);
	counter.writeUInt32BE(rollover);
	const hmac = createHmac("sha1", keys.authKey).update(bytes.subarray(0, -10)).update(counter).digest();
	assert.deepEqual(bytes.subarray(-10), hmac.subarray(0, 10));
	const cipher = createCipheriv("aes-128-ctr", keys.key, mixed(keys.salt, 16, 4, packet, rollover));
	return cipher.update(bytes.subarray(12, -10));
}
