/**
 * SRTP and SRTCP, RFC 3711 and (AEAD) RFC 7714: keys, packets out, packets in with replay windows. Pure: the primitives
 * are given by the caller. For what is sent to many viewers at once see `net/sender`, which takes the keys from here.
 */

/** `gcm` is SRTP_AEAD_AES_128_GCM, `cm` is SRTP_AES128_CM_SHA1_80. */
export type SrtpProfile = "gcm" | "cm";

/** Ciphers and hashes on whole messages. `out` may be the same bytes as the input. */
export interface SrtpPrimitives {
	/** AES-128-GCM: writes `plain.length` + 16 bytes to `out`. `iv` has 12 bytes. */
	seal(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, plain: Uint8Array, out: Uint8Array): void;
	/** Writes `sealed.length` − 16 bytes to `out`; false where the tag is wrong, and then `out` means nothing. */
	open(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array, out: Uint8Array): boolean;
	/** AES-128 in counter mode. `iv` has 16 bytes. */
	counter(key: Uint8Array, iv: Uint8Array, data: Uint8Array, out: Uint8Array): void;
	/** HMAC-SHA1: 20 bytes. */
	hmacSha1(key: Uint8Array, data: Uint8Array): Uint8Array;
}

export interface SrtpMaster {
	/** 16 bytes. */
	readonly key: Uint8Array;
	/** 12 bytes (`gcm`) or 14 (`cm`). */
	readonly salt: Uint8Array;
}

/** Session keys of one direction. */
export interface SrtpKeys {
	readonly profile: SrtpProfile;
	/** 16 bytes. */
	readonly key: Uint8Array;
	/** 20 bytes; only `cm` uses it. */
	readonly auth: Uint8Array;
	/** 12 bytes (`gcm`) or 14 (`cm`). */
	readonly salt: Uint8Array;
	readonly rtcpKey: Uint8Array;
	readonly rtcpAuth: Uint8Array;
	readonly rtcpSalt: Uint8Array;
}

const saltBytes = { gcm: 12, cm: 14 } as const;
const tagBytes = { gcm: 16, cm: 10 } as const;
const MAX_SOURCES = 64;
const WINDOW = 1_024;
const INDEX_BYTES = 4;

function derive(master: SrtpMaster, label: number, length: number, primitives: SrtpPrimitives): Uint8Array {
	const iv = new Uint8Array(16);
	iv.set(master.salt);
	iv[7]! ^= label;
	const out = new Uint8Array(length);
	primitives.counter(master.key, iv, out, out);
	return out;
}

/** Session keys from a master key, RFC 3711 section 4.3 (key derivation rate 0), RFC 7714 section 11. */
export function deriveKeys(profile: SrtpProfile, master: SrtpMaster, primitives: SrtpPrimitives): SrtpKeys {
	const salt = saltBytes[profile];
	return {
		profile,
		key: derive(master, 0, 16, primitives),
		auth: derive(master, 1, 20, primitives),
		salt: derive(master, 2, salt, primitives),
		rtcpKey: derive(master, 3, 16, primitives),
		rtcpAuth: derive(master, 4, 20, primitives),
		rtcpSalt: derive(master, 5, salt, primitives),
	};
}

function xorU32(bytes: Uint8Array, at: number, value: number): void {
	bytes[at]! ^= value >>> 24;
	bytes[at + 1]! ^= (value >>> 16) & 255;
	bytes[at + 2]! ^= (value >>> 8) & 255;
	bytes[at + 3]! ^= value & 255;
}

/**
 * The initialisation vector of a packet: RFC 7714 sections 8.1 and 9.1 (12 bytes), RFC 3711 section 4.1.1 (16 bytes).
 * Its index is 48 bits for RTP (`high` is the roll-over counter, `low` the sequence number), 31 bits for RTCP.
 */
function vector(
	profile: SrtpProfile,
	salt: Uint8Array,
	ssrc: number,
	index: { rtp?: [number, number]; rtcp?: number },
) {
	const iv = new Uint8Array(profile === "gcm" ? 12 : 16);
	iv.set(salt);
	const at = profile === "gcm" ? 2 : 4;
	xorU32(iv, at, ssrc);
	if (index.rtp) {
		const [high, low] = index.rtp;
		xorU32(iv, at + 4, high);
		iv[at + 8]! ^= low >> 8;
		iv[at + 9]! ^= low & 255;
	} else xorU32(iv, at + 6, index.rtcp ?? 0);
	return iv;
}

/** Which of the last 1,024 indices were seen, RFC 3711 section 3.3.2. */
class ReplayWindow {
	readonly #seen = new Uint32Array(WINDOW / 32);
	#highest = -1;

	/** Whether a packet of this index is new and not older than the window. */
	fresh(index: number): boolean {
		if (index > this.#highest) return true;
		if (this.#highest - index >= WINDOW) return false;
		return (this.#seen[(index % WINDOW) >> 5]! & (1 << (index & 31))) === 0;
	}

	/** Notes an index; to be called once its packet has proved genuine. */
	add(index: number): void {
		if (index - this.#highest >= WINDOW) this.#seen.fill(0);
		else
			for (let next = this.#highest + 1; next < index; next++) this.#seen[(next % WINDOW) >> 5]! &= ~(1 << (next & 31));
		this.#seen[(index % WINDOW) >> 5]! |= 1 << (index & 31);
		if (index > this.#highest) this.#highest = index;
	}

	get highest(): number {
		return this.#highest;
	}
}

/** The packet's index by its sequence number and the highest index so far, RFC 3711 appendix A; below 0 is not one. */
function guessIndex(sequence: number, highest: number): number {
	if (highest < 0) return sequence;
	const rollOver = Math.floor(highest / 65_536);
	const last = highest % 65_536;
	const difference = sequence - last;
	const guess = difference > 32_768 ? rollOver - 1 : difference < -32_768 ? rollOver + 1 : rollOver;
	return guess * 65_536 + sequence;
}

/** Bytes of an RTP header with its sources and extension, RFC 3550 section 5.1; undefined where the packet is none. */
function headerBytes(packet: Uint8Array): number | undefined {
	if (packet.length < 12 || packet[0]! >> 6 !== 2) return undefined;
	let length = 12 + (packet[0]! & 15) * 4;
	if (packet[0]! & 0x10) {
		if (packet.length < length + 4) return undefined;
		length += 4 + ((packet[length + 2]! << 8) | packet[length + 3]!) * 4;
	}
	return length <= packet.length ? length : undefined;
}

function u32(bytes: Uint8Array, at: number): number {
	return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
	bytes[at] = value >>> 24;
	bytes[at + 1] = value >>> 16;
	bytes[at + 2] = value >>> 8;
	bytes[at + 3] = value;
}

function sameTag(digest: Uint8Array, bytes: Uint8Array, at: number): boolean {
	let difference = 0;
	for (let index = 0; index < tagBytes.cm; index++) difference |= digest[index]! ^ bytes[at + index]!;
	return difference === 0;
}

/** Encrypts one direction, for traffic of few packets: reports, feedback, a viewer over TCP. */
export class SrtpSender {
	readonly #keys: SrtpKeys;
	readonly #primitives: SrtpPrimitives;
	#rtcpIndex = 0;

	constructor(keys: SrtpKeys, primitives: SrtpPrimitives) {
		this.#keys = keys;
		this.#primitives = primitives;
	}

	/** One RTP packet with its roll-over counter, which the caller counts. Undefined where it is no RTP packet. */
	rtp(packet: Uint8Array, rollOver: number): Uint8Array | undefined {
		const { profile, key, auth, salt } = this.#keys;
		const header = headerBytes(packet);
		if (header === undefined) return undefined;
		const sequence = (packet[2]! << 8) | packet[3]!;
		const iv = vector(profile, salt, u32(packet, 8), { rtp: [rollOver, sequence] });
		const out = new Uint8Array(packet.length + tagBytes[profile]);
		out.set(packet.subarray(0, header));
		if (profile === "gcm") {
			this.#primitives.seal(key, iv, packet.subarray(0, header), packet.subarray(header), out.subarray(header));
			return out;
		}
		this.#primitives.counter(key, iv, packet.subarray(header), out.subarray(header));
		putU32(out, packet.length, rollOver);
		const digest = this.#primitives.hmacSha1(auth, out.subarray(0, packet.length + 4));
		out.set(digest.subarray(0, tagBytes.cm), packet.length);
		return out;
	}

	/** One RTCP packet, RFC 3711 section 3.4. */
	rtcp(packet: Uint8Array): Uint8Array {
		const { profile, rtcpKey, rtcpAuth, rtcpSalt } = this.#keys;
		const index = this.#rtcpIndex;
		this.#rtcpIndex = (this.#rtcpIndex + 1) & 0x7fffffff;
		const iv = vector(profile, rtcpSalt, u32(packet, 4), { rtcp: index });
		const out = new Uint8Array(packet.length + INDEX_BYTES + tagBytes[profile]);
		out.set(packet.subarray(0, 8));
		if (profile === "gcm") {
			const at = packet.length + tagBytes.gcm;
			putU32(out, at, (index | 0x80000000) >>> 0);
			const aad = new Uint8Array(12);
			aad.set(packet.subarray(0, 8));
			aad.set(out.subarray(at), 8);
			this.#primitives.seal(rtcpKey, iv, aad, packet.subarray(8), out.subarray(8, at));
			return out;
		}
		this.#primitives.counter(rtcpKey, iv, packet.subarray(8), out.subarray(8));
		putU32(out, packet.length, (index | 0x80000000) >>> 0);
		const covered = packet.length + INDEX_BYTES;
		out.set(this.#primitives.hmacSha1(rtcpAuth, out.subarray(0, covered)).subarray(0, tagBytes.cm), covered);
		return out;
	}
}

/** Decrypts one direction in place, with a replay window per source; at most 64 sources. */
export class SrtpReceiver {
	readonly #keys: SrtpKeys;
	readonly #primitives: SrtpPrimitives;
	readonly #rtp = new Map<number, ReplayWindow>();
	readonly #rtcp = new Map<number, ReplayWindow>();

	constructor(keys: SrtpKeys, primitives: SrtpPrimitives) {
		this.#keys = keys;
		this.#primitives = primitives;
	}

	/** The packet without its protection, a view into the same bytes; undefined where it is forged, old or no packet. */
	rtp(packet: Uint8Array): Uint8Array | undefined {
		const { profile } = this.#keys;
		const header = headerBytes(packet);
		if (header === undefined || packet.length < header + tagBytes[profile]) return undefined;
		const ssrc = u32(packet, 8);
		const window = this.#rtp.get(ssrc) ?? new ReplayWindow();
		const sequence = (packet[2]! << 8) | packet[3]!;
		const index = guessIndex(sequence, window.highest);
		if (index < 0 || !window.fresh(index)) return undefined;
		const opened = this.#openRtp(packet, header, ssrc, [Math.floor(index / 65_536), sequence]);
		if (!opened || !this.#note(this.#rtp, ssrc, window, index)) return undefined;
		return opened;
	}

	#openRtp(packet: Uint8Array, header: number, ssrc: number, index: [number, number]): Uint8Array | undefined {
		const { profile, key, auth, salt } = this.#keys;
		const iv = vector(profile, salt, ssrc, { rtp: index });
		const end = packet.length - tagBytes[profile];
		const body = packet.subarray(header, end);
		if (profile === "gcm") {
			const sealed = packet.subarray(header);
			return this.#primitives.open(key, iv, packet.subarray(0, header), sealed, body)
				? packet.subarray(0, end)
				: undefined;
		}
		const covered = new Uint8Array(end + 4);
		covered.set(packet.subarray(0, end));
		putU32(covered, end, index[0]);
		if (!sameTag(this.#primitives.hmacSha1(auth, covered), packet, end)) return undefined;
		this.#primitives.counter(key, iv, body, body);
		return packet.subarray(0, end);
	}

	/** As `rtp`, for RTCP. A packet that is not encrypted is refused. */
	rtcp(packet: Uint8Array): Uint8Array | undefined {
		const { profile } = this.#keys;
		const tag = tagBytes[profile];
		if (packet.length < 8 + INDEX_BYTES + tag) return undefined;
		const at = profile === "gcm" ? packet.length - INDEX_BYTES : packet.length - INDEX_BYTES - tag;
		const word = u32(packet, at);
		if (word >>> 31 === 0) return undefined;
		const ssrc = u32(packet, 4);
		const index = word & 0x7fffffff;
		const window = this.#rtcp.get(ssrc) ?? new ReplayWindow();
		if (!window.fresh(index)) return undefined;
		const opened = this.#openRtcp(packet, at, ssrc, index);
		if (!opened || !this.#note(this.#rtcp, ssrc, window, index)) return undefined;
		return opened;
	}

	#openRtcp(packet: Uint8Array, at: number, ssrc: number, index: number): Uint8Array | undefined {
		const { profile, rtcpKey, rtcpAuth, rtcpSalt } = this.#keys;
		const iv = vector(profile, rtcpSalt, ssrc, { rtcp: index });
		if (profile === "gcm") {
			const aad = new Uint8Array(12);
			aad.set(packet.subarray(0, 8));
			aad.set(packet.subarray(at), 8);
			const end = at - tagBytes.gcm;
			const good = this.#primitives.open(rtcpKey, iv, aad, packet.subarray(8, at), packet.subarray(8, end));
			return good ? packet.subarray(0, end) : undefined;
		}
		const covered = at + INDEX_BYTES;
		if (!sameTag(this.#primitives.hmacSha1(rtcpAuth, packet.subarray(0, covered)), packet, covered)) return undefined;
		const body = packet.subarray(8, at);
		this.#primitives.counter(rtcpKey, iv, body, body);
		return packet.subarray(0, at);
	}

	/** Notes an index of a genuine packet; false where its source is one too many. */
	#note(windows: Map<number, ReplayWindow>, ssrc: number, window: ReplayWindow, index: number): boolean {
		if (!windows.has(ssrc)) {
			if (windows.size >= MAX_SOURCES) return false;
			windows.set(ssrc, window);
		}
		window.add(index);
		return true;
	}
}
