import assert from "node:assert/strict";
import { parsePlaylist } from "../../../src/protocols/hls/m3u8.ts";
import { RtspError, writeRequest, writeResponse } from "../../../src/protocols/rtsp/message.ts";
import { StreamParser } from "../../../src/protocols/rtsp/stream-parser.ts";
import { parseTransports, writeTransport } from "../../../src/protocols/rtsp/transport.ts";
import { parseStreamId } from "../../../src/protocols/srt/stream-id.ts";
import { type MediaDescription, parseSdp, SdpError, writeSdp } from "../../../src/wire/sdp.ts";
import { mediaOf, tracksOf } from "../../../src/wire/sdp-tracks.ts";
import { inPieces, type Target } from "../target.ts";

const bytes = (lines: string): Buffer => Buffer.from(lines.replaceAll("\n", "\r\n"));

const camera = bytes(`v=0
o=- 1 1 IN IP4 127.0.0.1
s=camera
c=IN IP4 239.1.1.1/64
t=0 0
a=control:*
m=video 9000 RTP/AVP 96
b=AS:2000
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;profile-level-id=42c01f;sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuDyyA=
a=control:trackID=0
m=audio 9002 RTP/AVP 97 8
a=rtpmap:97 MPEG4-GENERIC/48000/2
a=fmtp:97 streamtype=5;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1190
a=control:trackID=1
`);

const offer = bytes(`v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=ice-options:trickle
m=video 9 UDP/TLS/RTP/SAVPF 102 103
c=IN IP4 0.0.0.0
a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
a=fingerprint:sha-256 0F:74:31:25:CB:A2:13:EC:28:6F:6D:2C:61:FF:5D:C2:BC:B9:DB:3D:98:14:8D:1A:BB:EA:33:0C:A4:60:A8:8E
a=setup:actpass
a=mid:0
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=recvonly
a=rtcp-mux
a=rtpmap:102 H264/90000
a=rtcp-fb:102 nack pli
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:1
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=ssrc-group:FID 1 2
`);

const withoutLines = (media: MediaDescription): MediaDescription => ({ ...media, lines: [] });

const sdp: Target = {
	corpus: [camera, offer],
	errors: [SdpError],
	take: (input) => {
		const parsed = parseSdp(input.toString("utf8"));
		for (const { track } of tracksOf(parsed.media)) mediaOf(track, { port: 0 });
		// Lines are written in the order of RFC 8866, whatever order they came in.
		const written = writeSdp(parsed);
		const again = parseSdp(written);
		assert.deepEqual(again.attributes, parsed.attributes);
		assert.deepEqual(again.media.map(withoutLines), parsed.media.map(withoutLines));
		assert.equal(writeSdp(again), written);
	},
};

const common: [string, string][] = [["CSeq", "2"]];
const rtsp: Target = {
	corpus: [
		writeRequest("OPTIONS", "rtsp://127.0.0.1/cam", common),
		writeRequest(
			"ANNOUNCE",
			"rtsp://u:p@h:8554/a/b?x=1",
			[...common, ["Content-Type", "application/sdp"]],
			`${camera}`,
		),
		writeRequest("SETUP", "rtsp://h/cam/trackID=0", [...common, ["Transport", "RTP/AVP/TCP;unicast;interleaved=0-1"]]),
		writeRequest("PLAY", "*", [...common, ["Session", "1234;timeout=60"], ["Range", "npt=0-"]]),
		writeResponse(200, [...common, ["Public", "DESCRIBE, SETUP"]], "body"),
		Buffer.concat([Buffer.of(0x24, 0, 0, 4, 1, 2, 3, 4), writeResponse(401, common), Buffer.of(0x24, 1, 0, 1, 9)]),
	],
	errors: [RtspError],
	take: (input) => {
		const parser = new StreamParser({
			packet: (channel, buffer, offset, length) => {
				assert.ok(channel <= 255 && length <= 0xffff && offset >= 0 && offset + length <= buffer.length);
			},
			message: ({ headers, body }) => {
				assert.ok(body.length <= 131_072);
				for (const [, value] of headers) {
					for (const one of parseTransports(value)) assert.deepEqual(parseTransports(writeTransport(one)), [one]);
				}
			},
		});
		inPieces(input, (piece) => parser.push(piece));
	},
};

const srtStreamId: Target = {
	corpus: [
		"publish:live/cam",
		"read:cam:user:pass:a=b",
		"#!::m=publish,r=live/cam,u=robot,s=secret,h=host,t=stream",
	].map((text) => Buffer.from(text)),
	errors: [],
	take: (input) => {
		const target = parseStreamId(input.toString("utf8"));
		assert.ok(target === undefined || target.path.length > 0);
	},
};

const media = bytes(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-PART-INF:PART-TARGET=0.2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.6
#EXT-X-MEDIA-SEQUENCE:17
#EXT-X-DISCONTINUITY-SEQUENCE:2
#EXT-X-MAP:URI="init.mp4",BYTERANGE="800@0"
#EXT-X-KEY:METHOD=AES-128,URI="key",IV=0x000102030405060708090a0b0c0d0e0f
#EXTINF:2.000,title
#EXT-X-BYTERANGE:1000@800
seg17.mp4
#EXT-X-DISCONTINUITY
#EXT-X-KEY:METHOD=NONE
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T12:00:00.000Z
#EXTINF:1.9,
https://other.example.org/seg18.ts?a=b
#EXT-X-PART:DURATION=0.2,URI="part.mp4",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="next.mp4"
#EXT-X-ENDLIST
`);

const variants = bytes(`#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",DEFAULT=YES,AUTOSELECT=YES,URI="audio/en.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=2000000,CODECS="avc1.42c01f,mp4a.40.2",RESOLUTION=1280x720,AUDIO="a"
video/720.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=500000,CODECS="avc1.42c01e"
low.m3u8
`);

const m3u8: Target = {
	corpus: [media, variants],
	errors: [Error],
	take: (input) => {
		const playlist = parsePlaylist(input.toString("utf8"), "https://example.org/live/index.m3u8");
		if (playlist.kind === "multivariant") return;
		assert.ok(Number.isFinite(playlist.target));
		for (const { duration, number, range } of playlist.segments) {
			assert.ok(duration >= 0 && Number.isFinite(duration) && Number.isSafeInteger(number));
			assert.ok(!range || (Number.isSafeInteger(range.at) && Number.isSafeInteger(range.bytes)));
		}
	},
};

/** Formats that are text. */
export const textTargets: Readonly<Record<string, Target>> = { sdp, rtsp, "srt-stream-id": srtStreamId, m3u8 };
