/** Format parameters made of what is in the stream, for publishers that announce nothing. */

const base64 = (set: Uint8Array): string => Buffer.from(set).toString("base64");

/** Format parameters of H.264 (RFC 6184 section 8.1) from its parameter sets, NAL units without start codes. */
export function h264Fmtp(sps: Uint8Array, pps: Uint8Array): string {
	const profile = Buffer.from(sps.subarray(1, 4)).toString("hex");
	return `packetization-mode=1;profile-level-id=${profile};sprop-parameter-sets=${base64(sps)},${base64(pps)}`;
}

/** The same of H.265 (RFC 7798 section 7.1). */
export function h265Fmtp(vps: Uint8Array, sps: Uint8Array, pps: Uint8Array): string {
	return `sprop-vps=${base64(vps)};sprop-sps=${base64(sps)};sprop-pps=${base64(pps)}`;
}
