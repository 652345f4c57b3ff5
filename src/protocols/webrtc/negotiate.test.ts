import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { codecOf, type Kind, type Track } from "../../media/track.ts";
import { attribute, attributes, parseSdp, writeSdp } from "../../wire/sdp.ts";
import { answerTo, remoteTransport } from "./answer.ts";
import { acceptedOf, negotiatePlay, negotiatePublish, type PlayableTrack } from "./negotiate.ts";
import { WebRtcRefusal } from "./refusal.ts";

const fingerprint = Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, "0")).join(":");
const head = `v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2 3
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 ${fingerprint}
a=setup:actpass
`;

/** A section with formats `payload type → [rtpmap, fmtp]`. */
function section(kind: string, mid: number, formats: Record<number, [string, string?]>, more = "a=recvonly"): string {
	const lines = Object.entries(formats).flatMap(([type, [map, fmtp]]) => [
		`a=rtpmap:${type} ${map}`,
		...(fmtp ? [`a=fmtp:${type} ${fmtp}`] : []),
		`a=rtcp-fb:${type} nack`,
		`a=rtcp-fb:${type} nack pli`,
		`a=rtcp-fb:${type} transport-cc`,
	]);
	const types = Object.keys(formats).join(" ");
	return [`m=${kind} 9 UDP/TLS/RTP/SAVPF ${types}`, `a=mid:${mid}`, "a=rtcp-mux", more, ...lines, ""].join("\n");
}

const h264 = (id: string, mode = 1): [string, string] => [
	"H264/90000",
	`level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${id}`,
];
const rtx = (of: number): [string, string] => ["rtx/90000", `apt=${of}`];

// As Chromium offers it.
const video = section(
	"video",
	0,
	{
		96: ["VP8/90000"],
		97: rtx(96),
		98: ["VP9/90000", "profile-id=0"],
		100: ["VP9/90000", "profile-id=2"],
		102: h264("42001f"),
		103: rtx(102),
		104: h264("42001f", 0),
		106: h264("42e01f"),
		107: rtx(106),
		112: h264("4d001f"),
		116: h264("64001f"),
		45: ["AV1/90000", "level-idx=5;profile=0;tier=0"],
		49: ["H265/90000", "level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST"],
	},
	[
		"a=recvonly",
		"a=rtcp-rsize",
		"a=extmap:1 urn:ietf:params:rtp-hdrext:toffset",
		"a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
		"a=extmap:5/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
	].join("\n"),
);
const audio = section("audio", 1, { 111: ["opus/48000/2", "minptime=10"], 0: ["PCMU/8000"], 8: ["PCMA/8000"] });

function track(kind: Kind, encoding: string, clockRate: number, fmtp = "", channels = 0): PlayableTrack {
	return { track: { kind, codec: codecOf(encoding), encoding, clockRate, channels, payloadType: 96, fmtp } };
}
const h264Track = (id: string) => track("video", "H264", 90_000, `packetization-mode=1;profile-level-id=${id}`);

const playing: [string, PlayableTrack, number | undefined][] = [
	["constrained baseline", h264Track("42c01e"), 106],
	["constrained baseline by main's flag", h264Track("4d801e"), 106],
	["baseline", h264Track("42001e"), 102],
	["main", h264Track("4d401f"), 112],
	["high", h264Track("640028"), 116],
	["constrained high", h264Track("640c28"), 116],
	["high 10", h264Track("6e0028"), undefined],
	["H.264 of unknown profile", track("video", "H264", 90_000), 106],
	["the profile in its parameter sets", track("video", "H264", 90_000, "sprop-parameter-sets=Z2QAKKzZ,aO4="), 116],
	["H.265", track("video", "H265", 90_000), 49],
	["H.265 main 10", track("video", "H265", 90_000, "profile-id=2"), undefined],
	["VP8", track("video", "VP8", 90_000), 96],
	["VP9", track("video", "VP9", 90_000), 98],
	["VP9 profile 2", track("video", "VP9", 90_000, "profile-id=2"), 100],
	["AV1", track("video", "AV1", 90_000), 45],
	["MPEG-4 video", track("video", "MP4V-ES", 90_000), undefined],
	["Opus", track("audio", "opus", 48_000, "", 2), 111],
	["G.711 µ-law", track("audio", "PCMU", 8_000), 0],
	["G.711 A-law", track("audio", "PCMA", 8_000, "", 1), 8],
	["G.711 in stereo", track("audio", "PCMA", 8_000, "", 2), undefined],
	["AAC", track("audio", "MPEG4-GENERIC", 48_000, "", 2), undefined],
];

describe("an offer to play", () => {
	for (const [name, one, expected] of playing) {
		it(`${expected === undefined ? "refuses" : "takes"} ${name}`, () => {
			const offer = parseSdp(head + video + audio);
			if (expected === undefined) assert.throws(() => negotiatePlay(offer, [one]), { status: 422 });
			else assert.equal(acceptedOf(negotiatePlay(offer, [one]))[0]?.format.track.payloadType, expected);
		});
	}

	it("leaves out and names what the peer cannot take", () => {
		const plan = negotiatePlay(parseSdp(head + video + audio), [
			h264Track("42c01e"),
			track("audio", "MPEG4-GENERIC", 48_000, "", 2),
			h264Track("42c01e"),
		]);
		assert.deepEqual(
			plan.sections.map((one) => one.taken),
			[true, false],
		);
		assert.deepEqual(plan.leftOut, [
			{ track: 1, codec: "MPEG4-GENERIC", reason: "the peer takes only PCMU, PCMA, opus" },
			{ track: 2, codec: "H264 (profile 42c01e)", reason: "the offer has no more video sections" },
		]);
	});

	it("takes what is made of a track in its place, and says why nothing is", () => {
		const aac = track("audio", "MPEG4-GENERIC", 48_000, "", 2);
		const offered = [h264Track("42c01e"), aac, { ...track("audio", "opus", 48_000, "", 2), madeOf: 1 }];
		const plan = negotiatePlay(parseSdp(head + video + audio), offered);
		assert.deepEqual(
			acceptedOf(plan).map(({ trackIndex }) => trackIndex),
			[0, 2],
		);
		assert.deepEqual(plan.leftOut, []);
		assert.deepEqual(
			negotiatePlay(parseSdp(head + video), offered).leftOut.map((one) => one.track),
			[1],
		);
		const failed = { ...aac, notMade: "ffmpeg is not installed" };
		const { leftOut } = negotiatePlay(parseSdp(head + video + audio), [h264Track("42c01e"), failed]);
		assert.match(leftOut[0]!.reason, /^the peer takes only .*opus; ffmpeg is not installed$/);
	});

	it("gives each of several video tracks a section of its own", () => {
		const second = section("video", 2, { 120: h264("42e01f") });
		const plan = negotiatePlay(parseSdp(head + video + audio + second), [
			track("video", "VP8", 90_000),
			h264Track("42c01e"),
			track("audio", "opus", 48_000, "", 2),
		]);
		assert.deepEqual(
			plan.sections.map((one) => one.taken && [one.trackIndex, one.format.track.payloadType]),
			[
				[0, 96],
				[2, 111],
				[1, 120],
			],
		);
	});

	const differences: [string, PlayableTrack, Record<number, [string, string?]>, RegExp][] = [
		[
			"no parameters at all",
			h264Track("42c01f"),
			{ 96: ["H264/90000"] },
			/H264 \(profile 42c01f\): the peer takes only H264 \(profile 42000a, packetization-mode 0 where 1 is needed\)$/,
		],
		[
			"another packetization mode",
			h264Track("42c01f"),
			{ 96: h264("42e01f", 0) },
			/only H264 \(profile 42e01f, packetization-mode 0 where 1 is needed\)$/,
		],
		["another profile", h264Track("640028"), { 96: h264("42e01f") }, /only H264 \(profile 42e01f\)$/],
		[
			"another profile of VP9",
			track("video", "VP9", 90_000, "profile-id=2"),
			{ 98: ["VP9/90000", "profile-id=0"] },
			/VP9 \(profile 2\): the peer takes only VP9 \(profile 0\)$/,
		],
	];
	for (const [name, one, formats, message] of differences) {
		it(`says what differs: ${name}`, () => {
			assert.throws(() => negotiatePlay(parseSdp(head + section("video", 0, formats)), [one]), {
				status: 422,
				message,
			});
		});
	}

	it("refuses B-frames with their reason", () => {
		const unfit = { ...h264Track("640028"), unfit: "it has B-frames" };
		assert.throws(() => negotiatePlay(parseSdp(head + video), [unfit]), { status: 422, message: /B-frames/ });
	});

	it("refuses a stream whose video finds no place even though its audio does", () => {
		const tracks = [track("video", "MP4V-ES", 90_000), track("audio", "opus", 48_000, "", 2)];
		assert.throws(() => negotiatePlay(parseSdp(head + video + audio), tracks), { message: /no common video format/ });
		assert.equal(acceptedOf(negotiatePlay(parseSdp(head + audio), tracks)).length, 1);
	});

	const dead: Record<string, string> = {
		"that only sends": video.replace("a=recvonly", "a=sendonly"),
		"without DTLS": video.replaceAll("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
		"outside of the bundle": video.replace("a=mid:0", "a=mid:9"),
		"of port 0": video.replace("m=video 9", "m=video 0"),
	};
	for (const [name, text] of Object.entries(dead)) {
		it(`does not use a section ${name}`, () => {
			assert.throws(() => negotiatePlay(parseSdp(head + text), [h264Track("42c01e")]), WebRtcRefusal);
		});
	}

	it("uses one section only without a bundle", () => {
		const offer = parseSdp(head.replace("a=group:BUNDLE 0 1 2 3\n", "") + video + audio);
		const plan = negotiatePlay(offer, [h264Track("42c01e"), track("audio", "opus", 48_000, "", 2)]);
		assert.deepEqual(
			plan.sections.map((one) => one.taken),
			[true, false],
		);
	});
});

describe("an offer to publish", () => {
	const sending = (text: string) => text.replace("a=recvonly", "a=sendonly");
	const publish = (...sections: string[]) =>
		acceptedOf(negotiatePublish(parseSdp(head + sections.map(sending).join("")), 8));

	it("is asked for H.264 in constrained baseline, and for feedback", () => {
		const [first, second] = publish(video, section("audio", 1, { 111: ["opus/48000/2"] }));
		assert.equal(first?.format.track.payloadType, 106);
		assert.equal(first?.format.rtx, 107);
		assert.equal(first?.transportSequence, 4);
		assert.equal(second?.format.track.payloadType, 111);
	});

	it("else for what it named first", () => {
		assert.equal(publish(section("video", 0, { 96: ["VP8/90000"], 98: ["VP9/90000"] }))[0]?.format.track.codec, "vp8");
		assert.equal(
			publish(section("video", 0, { 45: h264("42e01f", 0), 96: ["VP8/90000"] }))[0]?.format.track.codec,
			"vp8",
		);
	});

	it("is refused without a known format, or with too many tracks", () => {
		assert.throws(() => publish(section("video", 0, { 96: ["FOO/90000"] })), { status: 422 });
		const offer = parseSdp(head + sending(video) + sending(audio));
		assert.throws(() => negotiatePublish(offer, 1), { status: 422, message: /2 tracks offered, at most 1/ });
	});
});

describe("an answer", () => {
	const offer = parseSdp(head + video + audio + section("application", 2, {}));
	const plan = negotiatePlay(offer, [h264Track("42c01e")]);
	const transport = {
		ufrag: "uuuu",
		password: "p".repeat(22),
		fingerprint: "AA:BB",
		candidates: ["1 1 udp 2130706431 192.0.2.1 8189 typ host"],
	};
	const answer = parseSdp(writeSdp(answerTo(plan, transport, "77", [{ ssrc: 1000, rtx: 1001 }])));

	it("has a section for each of the offer, in its order", () => {
		assert.deepEqual(
			answer.media.map((media) => [media.kind, media.port, attribute(media, "mid")]),
			[
				["video", 9, "0"],
				["audio", 0, "1"],
				["application", 0, "2"],
			],
		);
		assert.equal(attribute(answer, "group"), "BUNDLE 0");
		assert.equal(attribute(answer, "ice-lite"), "");
	});

	it("says what will be sent and how", () => {
		const [media] = answer.media;
		assert.ok(media);
		assert.deepEqual(media.formats, ["106", "107"]);
		assert.equal(attribute(media, "setup"), "passive");
		assert.equal(attribute(media, "sendonly"), "");
		assert.equal(attribute(media, "fingerprint"), "sha-256 AA:BB");
		assert.equal(attribute(media, "ssrc-group"), "FID 1000 1001");
		assert.deepEqual(attributes(media, "rtcp-fb"), ["106 nack", "106 nack pli"]);
		assert.deepEqual(attributes(media, "extmap"), []);
		assert.deepEqual(attributes(media, "candidate"), ["1 1 udp 2130706431 192.0.2.1 8189 typ host"]);
	});

	it("knows the other side", () => {
		assert.deepEqual(remoteTransport(offer, plan), {
			ufrag: "abcd",
			password: "abcdefghijklmnopqrstuvwx",
			fingerprint: { hash: "sha-256", value: fingerprint.toUpperCase() },
		});
	});

	const bad: Record<string, [string, string]> = {
		"without a fingerprint": ["a=fingerprint:", "a=x:"],
		"with a weak fingerprint": ["sha-256", "sha-1"],
		"without credentials": ["a=ice-pwd:", "a=x:"],
		"with short credentials": ["abcdefghijklmnopqrstuvwx", "abc"],
		"that waits for our handshake": ["setup:actpass", "setup:passive"],
		"that is ICE-lite": ["a=setup:actpass", "a=setup:actpass\na=ice-lite"],
		"without rtcp-mux": ["a=rtcp-mux", "a=x"],
	};
	for (const [name, [from, to]] of Object.entries(bad)) {
		it(`refuses an offer ${name}`, () => {
			const broken = parseSdp((head + video).replace(from, to));
			const made: Track = h264Track("42c01e").track;
			assert.throws(() => remoteTransport(broken, negotiatePlay(broken, [{ track: made }])), { status: 400 });
		});
	}
});
