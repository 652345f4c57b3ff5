import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { attribute, attributes, MAX_SDP_BYTES, MAX_SDP_LINE_BYTES, parseSdp, SdpError, writeSdp } from "./sdp.ts";
import { mediaOf, trackOf, tracksOf } from "./sdp-tracks.ts";

const full = [
	"v=0",
	"o=- 3724394400 3724394405 IN IP4 198.51.100.1",
	"s=Call to John Smith",
	"i=SDP Offer #1",
	"u=http://www.example.com/sdp.pdf",
	"e=Jane Doe <jane@example.com>",
	"p=+1 617 555-6011",
	"c=IN IP4 198.51.100.1",
	"b=AS:500",
	"t=0 0",
	"a=tool:test",
	"m=audio 49170 RTP/AVP 0",
	"m=video 51372 RTP/AVP 99",
	"c=IN IP6 2001:db8::2",
	"a=rtpmap:99 H264/90000",
	"a=fmtp:99 packetization-mode=1;profile-level-id=42e01f;sprop-parameter-sets=Z0LgH5Y1QKALdAAA,aM4yyA==",
	"a=recvonly",
	"",
].join("\r\n");

describe("a session description", () => {
	it("is written as it was read", () => assert.equal(writeSdp(parseSdp(full)), full));

	it("keeps unknown lines and puts lines in the order of the standard", () => {
		const description = parseSdp("v=0\ns=x\nx=strange\nt=1 2\no=me 1 1 IN IP4 0.0.0.0\nm=video 0 RTP/AVP 96\ny=odd\n");
		assert.equal(
			writeSdp(description),
			"v=0\r\no=me 1 1 IN IP4 0.0.0.0\r\ns=x\r\nt=1 2\r\nx=strange\r\nm=video 0 RTP/AVP 96\r\ny=odd\r\n",
		);
	});

	it("is forgiven for missing lines, indentation, bare line feeds and ffmpeg's heading", () => {
		const description = parseSdp("SDP:\n\n  v=0\n  m=video 5004/2 RTP/AVP 96\n  a=recvonly\n");
		assert.equal(description.media[0]?.port, 5004);
		assert.equal(attribute(description.media[0] ?? { attributes: [] }, "recvonly"), "");
	});

	it("tells attributes of one name apart", () => {
		const media = parseSdp("v=0\nm=video 9 X 1\na=extmap:1 a\na=extmap:2 b\na=mid:0\n").media[0];
		assert.ok(media);
		assert.deepEqual(attributes(media, "extmap"), ["1 a", "2 b"]);
		assert.equal(attribute(media, "none"), undefined);
	});

	const bad: Record<string, string> = {
		empty: "",
		"another version": "v=1\r\n",
		"no equals sign": "v=0\r\nhello\r\n",
		"a media line without a protocol": "v=0\r\nm=video 1\r\n",
		"a port out of range": "v=0\r\nm=video 65536 RTP/AVP 96\r\n",
		"too many bytes": `v=0\r\n${"a=x\r\n".repeat(MAX_SDP_BYTES / 5)}`,
		"too long a line": `v=0\r\na=${"x".repeat(MAX_SDP_LINE_BYTES)}`,
		"too many lines": `v=0\n${"a=\n".repeat(2000)}`,
		"too many media": `v=0\n${"m=video 0 RTP/AVP 96\n".repeat(65)}`,
	};
	for (const [name, text] of Object.entries(bad)) {
		it(`refuses ${name}`, () => assert.throws(() => parseSdp(text), SdpError));
	}

	it("survives any text, and what it wrote reads back the same", () => {
		const line = fc.tuple(fc.constantFrom("a", "c", "m", "b", "t", "o", "s", "zz", "a=rtpmap"), fc.string());
		fc.assert(
			fc.property(fc.array(line), (lines) => {
				const text = `v=0\n${lines.map(([type, value]) => `${type}=${value}`).join("\n")}`;
				let description: ReturnType<typeof parseSdp>;
				try {
					description = parseSdp(text);
				} catch (error) {
					assert.ok(error instanceof SdpError);
					return;
				}
				for (const media of description.media) trackOf(media);
				const written = writeSdp(description);
				assert.equal(writeSdp(parseSdp(written)), written);
			}),
			{ seed: 1 },
		);
	});
});

describe("tracks of a description", () => {
	it("reads payload types with and without a map", () => {
		const tracks = tracksOf(parseSdp(full).media).map(({ track }) => track);
		assert.deepEqual(
			tracks.map((track) => [
				track.kind,
				track.codec,
				track.encoding,
				track.clockRate,
				track.channels,
				track.payloadType,
			]),
			[
				["audio", "pcmu", "PCMU", 8000, 0, 0],
				["video", "h264", "H264", 90_000, 0, 99],
			],
		);
		assert.match(tracks[1]?.fmtp ?? "", /^packetization-mode=1;.*aM4yyA==$/);
	});

	it("writes them back", () => {
		const [media] = parseSdp(
			"v=0\nm=audio 0 RTP/AVP 111\na=rtpmap:111 opus/48000/2\na=fmtp:111 useinbandfec=1\n",
		).media;
		assert.ok(media);
		const track = trackOf(media);
		assert.ok(track);
		assert.equal(track.channels, 2);
		assert.deepEqual(mediaOf(track), media);
	});

	const none: Record<string, string> = {
		"a dynamic type without a map": "m=video 0 RTP/AVP 96",
		"no RTP": "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
		"a clock rate of zero": "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/0",
		"a clock rate that is no number": "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/x",
		"a payload type above 127": "m=video 0 RTP/AVP 200\na=rtpmap:200 H264/90000",
		"no format": "m=video 0 RTP/AVP",
	};
	for (const [name, text] of Object.entries(none)) {
		it(`has none for ${name}`, () => assert.deepEqual(tracksOf(parseSdp(`v=0\n${text}\n`).media), []));
	}

	it("survives any attributes: a track has numbers that make sense and reads back the same, or there is none", () => {
		let taken = 0;
		const kind = fc.constantFrom("video", "audio", "application", "text", "image");
		const type = fc.oneof(
			fc.constantFrom("0", "96", "14", "127", "128", "x", "1e1", "-1"),
			fc.string({ maxLength: 4 }),
		);
		const rate = fc.oneof(fc.constantFrom("90000", "8000/2", "48000/256", "0", "1e9", "0x10", ""), fc.string());
		const encoding = fc.oneof(fc.constantFrom("H264", "opus", "PCMU", "", "__proto__"), fc.string({ maxLength: 6 }));
		const parameters = fc.oneof(fc.constantFrom("", "a=b;c", "apt=96"), fc.string());
		fc.assert(
			fc.property(kind, type, encoding, rate, parameters, (of, format, name, clock, fmtp) => {
				const attributes = [
					{ name: "rtpmap", value: `${format} ${name}/${clock}` },
					{ name: "fmtp", value: `${format} ${fmtp}` },
				];
				const base = { kind: of, port: 0, protocol: "RTP/AVP", connection: "", lines: [] };
				const [found] = tracksOf([{ ...base, formats: [format], attributes }]);
				if (!found) return;
				taken++;
				const { track } = found;
				assert.ok(track.payloadType >= 0 && track.payloadType <= 127 && Number.isInteger(track.payloadType));
				assert.ok(track.clockRate > 0 && track.clockRate <= 1e8 && Number.isInteger(track.clockRate));
				assert.ok(track.channels >= 0 && track.channels <= 255 && Number.isInteger(track.channels));
				const again = trackOf(mediaOf(track));
				assert.deepEqual(again, track.kind === "audio" ? track : { ...track, channels: 0 });
			}),
			{ seed: 5, numRuns: 10_000 },
		);
		assert.ok(taken > 200, `${taken} were tracks`);
	});
});
