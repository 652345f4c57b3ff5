/**
 * What the main thread and the sender threads share: the record of a destination (its address, keys, tracks and
 * counters) and the commands. All positions are bytes from the start of the record or command block, all values
 * little-endian words unless said otherwise.
 */

/** Most tracks a destination can take; a track's number in its stream is below it. */
export const MAX_TRACKS = 16;

/** The word at the start of a record: who may write to it. */
export const RECORD_FREE = 0;
export const RECORD_TAKEN = 1;

export const RECORD = {
	state: 0,
	/** Bytes of the socket address at `name`: 16 or 28. */
	nameBytes: 4,
	/** `struct sockaddr_in` or `sockaddr_in6`. */
	name: 8,
	/** Counters (64-bit floats). */
	packets: 40,
	octets: 48,
	dropped: 56,
	cuts: 64,
	resent: 72,
	refused: 80,
	socket: 88,
	protection: 92,
	flags: 96,
	/** Key (16 bytes), authentication key (20), salt (14). */
	key: 112,
	authKey: 128,
	salt: 148,
	/** SHA-1 states after the inner and outer block of the authentication key (5 words each). */
	inner: 168,
	outer: 188,
	tracks: 256,
} as const;

/** Within a record's track, from `RECORD.tracks + track * TRACK_BYTES`. */
export const TRACK = {
	taken: 0,
	payloadType: 4,
	ssrc: 8,
	rtxPayloadType: 12,
	rtxSsrc: 16,
	/** Sequence number of the first packet, where the destination has its own numbers. */
	firstSequence: 20,
	/** Timestamp of the live edge: what a burst's timestamps are pressed towards. */
	edge: 24,
	/** How near to it; 0 for a track whose timestamps stay. */
	factor: 28,
	/** Written by the sender: what was sent last; the sequence number is the extended one. */
	lastSequence: 32,
	lastTimestamp: 36,
	sent: 40,
	/** Extended sequence number of the next retransmission; kept by the sender. */
	rtxFirst: 44,
	packets: 48,
	octets: 56,
	iv: 64,
	rtxIv: 80,
} as const;

export const TRACK_BYTES = 96;
export const RECORD_BYTES = RECORD.tracks + MAX_TRACKS * TRACK_BYTES;

export const PROTECTION_NONE = 0;
export const PROTECTION_GCM = 1;
export const PROTECTION_CM = 2;

/** The destination has its own sequence numbers. */
export const FLAG_REWRITE = 1;
/** The timestamps of the burst are pressed together. */
export const FLAG_SQUEEZE = 2;

export const NO_RTX = 0xffff_ffff;

/** What a thread owns, from the start of its block. */
export const THREAD = {
	/** Commands posted and taken, and the stamp of the last command that is settled. */
	posted: 0,
	taken: 4,
	settled: 8,
	ended: 12,
	/** Where the block of the thread begins that this one wakes. */
	next: 16,
	commands: 64,
	scratch: 64 + 512 * 64,
	/** Control messages by segment size. */
	controls: 64 + 512 * 64 + 1024,
} as const;

export const COMMANDS = 512;
export const COMMAND_WORDS = 16;
export const CONTROL_BYTES = 24;
/** Segments above this size leave one by one. */
export const MAX_SEGMENT = 2047;
export const THREAD_BYTES = THREAD.controls + (MAX_SEGMENT + 1) * CONTROL_BYTES;

/** Commands. Word 0 is the kind, word 1 the stamp. */
export const DO_SOCKET = 1;
export const DO_BATCH = 2;
export const DO_JOIN = 3;
export const DO_LEAVE = 4;
export const DO_ADDRESS = 5;
export const DO_RESEND = 6;
export const DO_REPLAY = 7;
export const DO_CLOSE = 8;
export const DO_STOP = 9;

/** Most sequence numbers in one command. */
export const RESEND_MAX = 6;
