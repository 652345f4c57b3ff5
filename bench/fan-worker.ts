import { randomBytes } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { native } from "../src/net/native.ts";
import { openEvp } from "../src/net/sender/evp.ts";
import { Burst } from "./support/burst.ts";
import { memory } from "./support/sockets.ts";
import { FRAME_HEADER, LoadStream, usual } from "./support/stream.ts";

/** A bare sending thread: told to, it encrypts a key frame for each of its receivers and sends it, and knows nothing else. */

export interface FanWork {
	/** Whom all threads send by. */
	readonly socket: { fd: number; port: number };
	readonly receivers: readonly number[];
	/** A word that grows by one for each picture to be sent. */
	readonly turn: Int32Array<SharedArrayBuffer>;
}

const RTP_HEADER = 12;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const EVP_CTRL_AEAD_GET_TAG = 0x10;
const U = "uint64_t";

const evp = openEvp();
if (!native || !evp) throw new Error("no OpenSSL");
const { newContext, start, gcm, next, additional, cipher } = evp;
const control = native.self.bind("EVP_CIPHER_CTX_ctrl", "int", [U, "int", "int", U]);
const { socket, receivers, turn } = workerData as FanWork;
const burst = new Burst(socket);
const nonce = memory(NONCE_BYTES);
const contexts = receivers.map((port) => {
	burst.add(port);
	const key = memory(TAG_BYTES);
	randomBytes(TAG_BYTES).copy(key.bytes);
	const context = newContext();
	start(context, gcm, 0, key.address, nonce.address);
	return context;
});

const stream = new LoadStream(usual);

/** The packets of the bench's key frame but for its parameter sets, with room for a tag behind each. */
function keyFrame(turn: number): Buffer[] {
	const { memory: unit, starts } = stream.prepare(turn * usual.group, 0, 0);
	return starts.slice(1, -1).map((start, i) => {
		const packet = Buffer.alloc(starts[i + 2]! - start - FRAME_HEADER + TAG_BYTES);
		unit.bytes.copy(packet, 0, start + FRAME_HEADER, starts[i + 2]!);
		return packet;
	});
}

/** AEAD_AES_128_GCM as SRTP uses it, RFC 7714, but for the nonce, which stays the same: nobody decrypts it. */
function seal(receiver: number, from: number, to: number, length: number): void {
	const context = contexts[receiver]!;
	const payload = length - RTP_HEADER - TAG_BYTES;
	next(context, 0, 0, 0, nonce.address);
	additional(context, 0, to, RTP_HEADER);
	cipher(context, to + RTP_HEADER, from + RTP_HEADER, payload);
	cipher(context, to + RTP_HEADER + payload, 0, 0);
	control(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, to + length - TAG_BYTES);
}

parentPort?.postMessage("ready");
for (let last = 0; ; ) {
	Atomics.wait(turn, 0, last);
	last = Atomics.load(turn, 0);
	burst.sendSealed(keyFrame(last), seal);
}
