/** Our side of a session, as the offer tells it. */
export interface LocalSide {
	readonly ufrag: string;
	readonly password: string;
	readonly fingerprint: string;
	readonly port: number;
}

/** The server's side, as its answer tells it. */
export interface RemoteSide {
	readonly ufrag: string;
	readonly password: string;
	readonly port: number;
	/** Payload type of resent packets; −1 where there is none. */
	readonly resent: number;
	/** Whether it begins the DTLS handshake. */
	readonly begins: boolean;
}

const H264 = 102;
const H264_RTX = 103;
const H264_OTHER = 104;
const H264_OTHER_RTX = 105;

function codec(type: number, resent: number, profile: string): string[] {
	return [
		`a=rtpmap:${type} H264/90000`,
		`a=rtcp-fb:${type} nack`,
		`a=rtcp-fb:${type} nack pli`,
		`a=rtcp-fb:${type} ccm fir`,
		`a=fmtp:${type} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=${profile}`,
		`a=rtpmap:${resent} rtx/90000`,
		`a=fmtp:${resent} apt=${type}`,
	];
}

/** The offer of a viewer that takes H.264 and has packets resent (RFC 4588), as a browser writes it. */
export function offer({ ufrag, password, fingerprint, port }: LocalSide): string {
	return [
		"v=0",
		"o=- 1 2 IN IP4 127.0.0.1",
		"s=-",
		"t=0 0",
		"a=group:BUNDLE 0",
		"a=msid-semantic: WMS",
		`m=video 9 UDP/TLS/RTP/SAVPF ${H264} ${H264_RTX} ${H264_OTHER} ${H264_OTHER_RTX}`,
		"c=IN IP4 0.0.0.0",
		"a=rtcp:9 IN IP4 0.0.0.0",
		`a=candidate:1 1 udp 2122260223 127.0.0.1 ${port} typ host`,
		"a=end-of-candidates",
		`a=ice-ufrag:${ufrag}`,
		`a=ice-pwd:${password}`,
		"a=ice-options:trickle",
		`a=fingerprint:sha-256 ${fingerprint}`,
		"a=setup:actpass",
		"a=mid:0",
		"a=recvonly",
		"a=rtcp-mux",
		"a=rtcp-rsize",
		...codec(H264, H264_RTX, "42e01f"),
		...codec(H264_OTHER, H264_OTHER_RTX, "42001f"),
		"",
	].join("\r\n");
}

function value(sdp: string, name: string): string {
	const found = new RegExp(`^a=${name}:(\\S+)`, "m").exec(sdp)?.[1];
	if (found === undefined) throw new Error(`the answer has no a=${name}`);
	return found;
}

/** Reads the answer. Throws where something that a viewer needs is missing. */
export function readAnswer(sdp: string): RemoteSide {
	const candidates = [...sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host/gim)];
	const [, , port] = candidates.find(([, address]) => address === "127.0.0.1") ?? [];
	if (port === undefined) throw new Error("the answer has no UDP candidate on the loopback");
	return {
		ufrag: value(sdp, "ice-ufrag"),
		password: value(sdp, "ice-pwd"),
		port: Number(port),
		resent: Number(/^a=rtpmap:(\d+) rtx\//m.exec(sdp)?.[1] ?? -1),
		begins: value(sdp, "setup") === "active",
	};
}
