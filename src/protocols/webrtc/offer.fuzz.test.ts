import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { codecOf, type Kind } from "../../media/track.ts";
import { parseSdp, writeSdp } from "../../wire/sdp.ts";
import { answerTo, remoteTransport } from "./answer.ts";
import { fragmentCredentials, parseOffer, writeFragment } from "./fragment.ts";
import { negotiatePlay, negotiatePublish, type PlayableTrack, sourceHints } from "./negotiate.ts";
import { WebRtcRefusal } from "./refusal.ts";

const fingerprint = Array.from({ length: 32 }, () => "AB").join(":");
const offer = `v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 ${fingerprint}
a=setup:actpass
m=video 9 UDP/TLS/RTP/SAVPF 96 97 102
a=mid:0
a=sendrecv
a=rtcp-mux
a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;profile-level-id=42e01f
a=rtcp-fb:96 nack
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:102 VP9/90000
a=ssrc:1 cname:x
m=audio 9 UDP/TLS/RTP/SAVPF 111 0
a=mid:1
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2`.split("\n");

const track = (kind: Kind, encoding: string, clockRate: number): PlayableTrack => ({
	track: { kind, codec: codecOf(encoding), encoding, clockRate, channels: 0, payloadType: 96, fmtp: "" },
});
const tracks = [track("video", "H264", 90_000), track("audio", "opus", 48_000)];
const transport = {
	ufrag: "LOCL",
	password: "p".repeat(22),
	fingerprint,
	candidates: ["1 1 udp 1 192.0.2.1 1 typ host"],
};

/** What somebody changed in a good offer: a line left out, put twice, moved, cut, or its value replaced. */
const change = fc.record({
	at: fc.nat(offer.length - 1),
	how: fc.constantFrom("drop", "twice", "move", "cut", "value", "insert"),
	to: fc.nat(offer.length - 1),
	text: fc.oneof(
		fc.string(),
		fc.string({ unit: "binary" }),
		fc.constantFrom("-1", "128", "99999999999", "96 97", "__proto__", "sha-256 00", "BUNDLE", "0/sendonly", " ", "%"),
	),
});
type Change = { at: number; how: string; to: number; text: string };

function spoil(changes: readonly Change[]): string {
	const lines = [...offer];
	for (const { at, how, to, text } of changes) {
		const line = lines[at] ?? "";
		const colon = line.indexOf(line.includes(":") ? ":" : "=");
		if (how === "drop") lines.splice(at, 1);
		else if (how === "twice") lines.splice(to, 0, line);
		else if (how === "move") lines.splice(to, 0, ...lines.splice(at, 1));
		else if (how === "cut") lines[at] = line.slice(0, to);
		else if (how === "value") lines[at] = line.slice(0, colon + 1) + text;
		else lines.splice(at, 0, `a=${text}`);
	}
	return lines.join("\n");
}

/** Everything that is done with an offer; true where it was answered, false where it was refused as it should be. */
function answered(text: string, direction: "play" | "publish"): boolean {
	try {
		const parsed = parseOffer(text);
		const plan = direction === "play" ? negotiatePlay(parsed, tracks) : negotiatePublish(parsed, 8);
		remoteTransport(parsed, plan);
		for (const hint of sourceHints(plan)) assert.ok(hint.payloadType <= 127 && hint.ssrcs.length <= 16);
		const answer = parseSdp(writeSdp(answerTo(plan, transport, "1", [{ ssrc: 1, rtx: 2 }, undefined])));
		assert.deepEqual(
			answer.media.map(({ kind, port }) => [kind, port === 0]),
			plan.sections.map(({ media, taken }) => [media.kind, !taken]),
		);
		assert.match(writeFragment(plan, transport), /a=ice-ufrag:LOCL\r\n/);
		return true;
	} catch (error) {
		if (!(error instanceof WebRtcRefusal)) throw error;
		assert.ok(error.status >= 400 && error.status < 500 && error.message !== "");
		return false;
	}
}

suite("offers", () => {
	for (const direction of ["play", "publish"] as const) {
		test(`to ${direction} that somebody changed are answered or refused, and nothing else`, () => {
			const outcomes = { true: 0, false: 0 };
			fc.assert(
				fc.property(fc.array(change, { maxLength: 4 }), (changes) => {
					outcomes[`${answered(spoil(changes), direction)}`]++;
				}),
				{ seed: 41, numRuns: 2_500 },
			);
			assert.ok(outcomes.true > 300 && outcomes.false > 300, JSON.stringify(outcomes));
		});
	}

	test("of any text are refused", () => {
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (text) => {
				assert.equal(answered(text, "play"), false);
				assert.equal(answered(`v=0\n${text}`, "publish"), false);
			}),
			{ seed: 42, numRuns: 2_500 },
		);
	});

	test("for an ICE restart are read or refused", () => {
		fc.assert(
			fc.property(fc.array(change, { maxLength: 4 }), fc.string(), (changes, text) => {
				for (const fragment of [spoil(changes).slice(4), text]) {
					try {
						const credentials = fragmentCredentials(fragment);
						assert.ok(credentials === undefined || credentials.password.length >= 22);
					} catch (error) {
						assert.ok(error instanceof WebRtcRefusal && error.status === 400, `${error}`);
					}
				}
			}),
			{ seed: 43, numRuns: 2_500 },
		);
	});
});
