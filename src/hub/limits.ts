/** Largest RTP packet that leaves: 12 bytes of header and 1200 of payload fit an MTU of 1280 with all that is added. */
export const PACKET_BYTES = 1212;

/** How long packets are kept for repair, key frame or not. */
export const REPAIR_MS = 1000;

/** How long a stream that lost packets waits for a key frame before it goes on with what comes. */
export const KEY_FRAME_WAIT_MS = 10_000;

/** A publisher is asked for a key frame at most this often. */
export const KEY_FRAME_REQUEST_MS = 500;

/** Over less than this no bitrate is told. */
export const RATE_LEAST_MS = 500;
