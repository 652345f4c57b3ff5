import { z } from "zod";
import { pathNameFault } from "../media/path-name.ts";
import { addresses, choice, count, duration, fingerprint, flag, group, senders, size, text } from "./fields.ts";
import { forward } from "./forward-schema.ts";
import { pathHooks } from "./hook-schema.ts";
import { parseUdpSource } from "./udp-source.ts";

const source = z
	.string()
	.regex(
		/^(publisher|(rtsps?|rtmps?|srt|https?|whep|wheps|udp\+rtp|udp\+mpegts):\/\/[^\s/]+.*)$/,
		'expected "publisher" or an address rtsp://… , rtsps://… , rtmp://… , rtmps://… , srt://… , http(s)://….m3u8 , whep://… , wheps://… , udp+rtp://:PORT or udp+mpegts://:PORT',
	)
	.refine((value) => !value.startsWith("udp+") || parseUdpSource(value), {
		message: "expected udp+rtp:// or udp+mpegts:// with an IP address of this machine or a group, or none, and a port",
	})
	.prefault("publisher")
	.describe("Where the stream comes from: publisher (somebody sends it), or an address to pull it from");

function passphrase(description: string) {
	const length = "expected 10 to 79 characters, or none";
	return z
		.string()
		.regex(/^(.{10,79})?$/, length)
		.prefault("")
		.describe(description);
}

/** The settings of one path. */
export const pathSettings = group("Settings of every path that is not named here", {
	source,
	allow: senders("Who may send to a udp+rtp:// or udp+mpegts:// source: addresses and ranges, or any"),
	sdp: text("", "What comes to a udp+rtp:// source: an SDP file, or SDP itself; without it H.264 is recognised"),
	rtpSDP: text("", "MediaMTX's name for sdp"),
	sourceOnDemand: flag(
		false,
		"Whether a source is pulled only while somebody wants the path, and for idleAfter longer",
	),
	transport: choice(["tcp", "udp"], "tcp", "How an rtsp:// source is pulled: tcp or udp"),
	sourceFingerprint: fingerprint("The certificate of an rtsps:// or rtmps:// source"),
	srtPublishPassphrase: passphrase("SRT publishers encrypt with this, 10 to 79 characters; empty: they must not"),
	srtReadPassphrase: passphrase("What SRT readers get is encrypted with this, 10 to 79 characters; empty: it is not"),
	srt: group("An SRT port of this path's own, also for callers without a stream id: who sends publishes, others read", {
		address: addresses("", "UDP address or list of addresses, like :9000; empty for none"),
	}),
	forward,
	overridePublisher: flag(
		false,
		"Whether a second publisher takes the path over at once, even while the first one sends",
	),
	silentAfter: duration(
		"2 s",
		"A publisher that sent nothing for this long may be replaced by anyone who may publish",
		{
			min: "100 ms",
			max: "1 h",
		},
	),
	onDemand: flag(true, "Whether a robot's camera sleeps while nobody wants it; false: it streams always"),
	startTimeout: duration("10 s", "How long readers of a path that sleeps wait for pictures", {
		min: "1 s",
		max: "5 m",
	}),
	idleAfter: duration("10 s", "A path that nobody wants any more is put to sleep after this time", { max: "1 d" }),
	maxHold: duration("1 h", "A start by MQTT or the page lapses after so long without readers; 0 for never", {
		max: "365 d",
	}),
	graceTime: duration("10 s", "How long readers wait for a publisher that has gone", { max: "1 d" }),
	maxReaders: count(10_000, "Readers at the same time", { min: 1 }),
	behind: duration("1 s", "A reader whose oldest unsent data is older than this is cut to the next key frame", {
		min: "100 ms",
		max: "1 m",
	}),
	batch: duration("4 ms", "A batch is handed on with the last packet of a picture, or this long after its first", {
		max: "1 s",
	}),
	reorderTime: duration("200 ms", "How long a missing packet from the publisher is waited for", { max: "5 s" }),
	cacheSize: size("16 MiB", "Data since the last key frame that is kept for those who join", {
		min: "64 KiB",
		max: "1 GiB",
	}),
	cacheAge: duration("10 s", "Oldest data that is kept for those who join", { min: "100 ms", max: "5 m" }),
	maxUnsent: size("4 MiB", "Data that may wait for one reader's connection", { min: "64 KiB", max: "1 GiB" }),
	maxTracks: count(8, "Tracks of one stream", { min: 1, max: 16 }),
	maxPacketSize: size("64 KiB", "Largest packet that is taken from a publisher", { min: "256 B", max: "64 KiB" }),
	maxFrameSize: size("8 MiB", "Largest picture that is taken from a publisher", { min: "4 KiB", max: "256 MiB" }),
	...pathHooks,
});

export type PathSettings = z.output<typeof pathSettings>;

function keyFault(key: string): string | undefined {
	return key === "all_others" ? undefined : pathNameFault(key.replaceAll("*", "x"));
}

const key = z.string().check((context) => {
	const fault = keyFault(context.value);
	if (fault) context.issues.push({ code: "custom", message: `the path's name ${fault}`, input: context.value });
});

/** A UDP port takes packets from anyone who reaches it: the file says who that may be. */
const namesSenders = z.check<Record<string, PathSettings>>(({ value, issues }) => {
	for (const [name, { source: address, allow }] of Object.entries(value)) {
		const udp = parseUdpSource(address);
		if (!udp || udp.loopback || allow.length > 0) continue;
		const message = `expected the addresses of the senders, like [192.0.2.7] or [10.0.0.0/8], or [any] for everybody`;
		issues.push({ code: "custom", message, input: value, path: [name, "allow"] });
	}
});

/** A port leads to one path. */
const namesPort = z.check<Record<string, PathSettings>>(({ value, issues }) => {
	for (const [name, { srt }] of Object.entries(value)) {
		if (srt.address.length === 0 || (name !== "all_others" && !name.includes("*"))) continue;
		const message = "expected no address here: only a path with a name of its own can have a port of its own";
		issues.push({ code: "custom", message, input: value, path: [name, "srt", "address"] });
	}
});

/** A certificate that is named must be asked for: nobody is to think that another one would be refused. */
const namesCertificate = z.check<Record<string, PathSettings>>(({ value, issues }) => {
	for (const [name, { source: address, sourceFingerprint }] of Object.entries(value)) {
		if (sourceFingerprint === "" || /^(rtsps|rtmps):/.test(address)) continue;
		const message = "expected none here: it is for rtsps:// and rtmps:// sources";
		issues.push({ code: "custom", message, input: value, path: [name, "sourceFingerprint"] });
	}
});

/** A camera is known by its path's name. */
const namesWaker = z.check<Record<string, PathSettings>>(({ value, issues }) => {
	for (const [name, { forward: targets }] of Object.entries(value)) {
		if (!targets.some(({ wake }) => wake) || (name !== "all_others" && !name.includes("*"))) continue;
		const message = "expected no wake: true here: only a path with a name of its own can be kept awake";
		issues.push({ code: "custom", message, input: value, path: [name, "forward"] });
	}
});

/** All paths: by name, by pattern (`robot1/*`), and `all_others`. */
export const paths = z
	.record(key, pathSettings)
	.check(namesSenders, namesPort, namesCertificate, namesWaker)
	.prefault({ all_others: {} })
	.describe("Settings by path name, by pattern (robot1/*), or for all_others; a path that fits none is refused");
