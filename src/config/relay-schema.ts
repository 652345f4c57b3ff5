import { z } from "zod";
import { pathNameFault } from "../media/path-name.ts";
import { access } from "./access-schema.ts";
import { addresses, choice, count, duration, flag, group, oneAddress, ranges, size, text, texts } from "./fields.ts";
import { relayHooks } from "./hook-schema.ts";
import { paths } from "./path-schema.ts";

const pathName = z.string("expected the name of a path").refine((path) => pathNameFault(path) === undefined, {
	error: ({ input }) => `the path ${pathNameFault(String(input))}, got "${String(input).slice(0, 80)}"`,
});

/** The first part of topics. */
const TOPIC = /^[^#+\s]*[^#+\s/]$/;
const BROKER = /^(mqtts?|wss?):\/\/[^/]+/;

const iceServer = z.strictObject({
	urls: z
		.union([z.string(), z.array(z.string())])
		.transform((urls) => [urls].flat())
		.describe("turn: or stun: address, or a list of them"),
	username: z.string().optional().describe("For turn:"),
	credential: z.string().optional().describe("For turn:"),
});

const http = group("Web page, WHIP, WHEP and API", {
	address: addresses(":8080", "Address or list of addresses"),
	tls: group("HTTPS, where there is a certificate", {
		address: addresses(":8443", "Address or list of addresses"),
		cert: text("", "File of the certificate with its chain, PEM; read again when it changes"),
		key: text("", "File of its key, PEM"),
	}),
	maxBody: size("256 KiB", "Largest request body", { min: "16 KiB", max: "16 MiB" }),
	requestTimeout: duration("10 s", "A request must have arrived whole within this time", { min: "1 s", max: "5 m" }),
	maxConnections: count(10_000, "Connections at the same time", { min: 1 }),
	trustedProxies: ranges("Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed"),
	allowOrigins: z
		.array(z.string().regex(/^(\*|https?:\/\/[^\s/]+)$/, 'expected an origin like "https://example.org", or "*"'))
		.prefault([])
		.describe("Other web sites whose pages may use this relay (CORS)"),
});

/** The door with TLS beside an open one. */
function tls(description: string, preset: string) {
	return group(description, {
		address: addresses(preset, "Address or list of addresses"),
		cert: text("", "File of the certificate with its chain, PEM; read again when it changes"),
		key: text("", "File of its key, PEM"),
	});
}

const rtsp = group("RTSP", {
	address: addresses(":8554", "Address or list of addresses"),
	rtpAddress: oneAddress(":8000", "UDP address for RTP, with an even port; empty for no UDP"),
	rtcpAddress: oneAddress(":8001", "UDP address for RTCP, with the port after RTP's; empty for no UDP"),
	sessionTimeout: duration("60 s", "A session without any sign of life ends after this time", {
		min: "5 s",
		max: "1 h",
	}),
	requestTimeout: duration("10 s", "A connection without a session must send a request within this time", {
		min: "1 s",
		max: "5 m",
	}),
	maxConnections: count(10_000, "Connections at the same time", { min: 1 }),
	tls: tls("RTSPS, where there is a certificate: media comes by the same connection alone", ":8322"),
}).superRefine(({ rtpAddress: [rtp], rtcpAddress: [rtcp] }, context) => {
	if (!rtp || !rtcp) return;
	// Clients expect RTCP on the port after RTP's, whatever they are told (RFC 3550 section 11).
	const fault = (key: string, message: string): void =>
		context.addIssue({ code: "custom", path: [key], message: `expected ${message}` });
	if (rtp.port % 2 === 1) fault("rtpAddress", `an even port, got ${rtp.port}; RTCP has the odd one after it`);
	else if (rtp.port === 0 && rtcp.port !== 0) fault("rtcpAddress", `port 0, as RTP's is, got ${rtcp.port}`);
	else if (rtp.port !== 0 && rtcp.port !== 0 && rtcp.port !== rtp.port + 1) {
		fault("rtcpAddress", `port ${rtp.port + 1}, the one after RTP's, got ${rtcp.port}`);
	}
});

const rtmp = group("RTMP: publish to and play rtmp://HOST/PATH?user=NAME&pass=PASSWORD", {
	address: addresses(":1935", "Address or list of addresses; empty for none"),
	requestTimeout: duration("10 s", "A connection must publish or play within this time, and a publisher send", {
		min: "1 s",
		max: "5 m",
	}),
	maxConnections: count(10_000, "Connections at the same time", { min: 1 }),
	maxMessage: size("8 MiB", "Largest message, which is a picture", { min: "64 KiB", max: "16 MiB" }),
	tls: tls("RTMPS, where there is a certificate", ":1936"),
});

const srt = group("SRT: publish with the stream id publish:PATH, read with read:PATH", {
	address: addresses(":8890", "UDP address or list of addresses; empty for none"),
	latency: duration("120 ms", "How long packets are held back so that lost ones can be sent again, at least", {
		min: "20 ms",
		max: "30 s",
	}),
	maxConnections: count(10_000, "Connections at the same time", { min: 1 }),
});

const webrtc = group("WebRTC: one port, UDP and TCP, for all viewers", {
	address: addresses(":8189", "Address or list of addresses"),
	tcp: flag(true, "Whether viewers whose network blocks UDP may come by TCP, on the same port number"),
	publicHosts: texts("Names or addresses by which the internet reaches this relay, where they are not its own"),
	iceServers: z
		.array(iceServer)
		.max(32)
		.prefault([])
		.describe("- { urls: turn:turn.example.org:3478, username: u, credential: p }: told to viewers"),
	handshakeTimeout: duration("10 s", "ICE and DTLS must have finished within this time", { min: "1 s", max: "1 m" }),
	maxSessions: count(10_000, "Viewers and publishers at the same time", { min: 1 }),
});

const hls = group("HLS with low latency, where the web page is: /PATH/index.m3u8", {
	closeAfter: duration("15 s", "A stream that nobody asked for so long is not cut into segments any more", {
		min: "5 s",
		max: "1 h",
	}),
});

const audio = group("Sound in the other codec, where a reader needs it: Opus for WebRTC, AAC for RTMP and HLS", {
	transcode: flag(true, "Make it with ffmpeg, once for each stream and only while somebody needs it"),
	ffmpeg: text("ffmpeg", "The program's name or file; without it such readers get no sound"),
});

const mqtt = group("Control by MQTT: who wants which camera, and the robots that send them", {
	broker: z
		.string()
		.refine((value) => ["", "embedded"].includes(value) || (BROKER.test(value) && URL.canParse(value)), {
			message: 'expected embedded, an address like "mqtt://USER:PASSWORD@HOST:1883", or nothing for no MQTT',
		})
		.prefault("embedded")
		.describe("embedded; or another broker: mqtt://USER:PASSWORD@HOST:1883, mqtts://…; empty for no MQTT"),
	address: addresses(
		":1883",
		"Address or list of addresses of the embedded broker, which is at /mqtt of the web server too; empty for none",
	),
	tls: group("The embedded broker over TLS, where there is a certificate", {
		address: addresses(":8883", "Address or list of addresses"),
		cert: text("", "File of the certificate with its chain, PEM; read again when it changes"),
		key: text("", "File of its key, PEM"),
	}),
	ca: text(
		"",
		"File of the authority that another broker's certificate is from, PEM; empty for those the system trusts",
	),
	prefix: z
		.string()
		.regex(TOPIC, "expected a topic without + and #, and no / at its end")
		.prefault("vedette")
		.describe("The first part of the topics"),
	topics: z
		.record(
			z
				.string()
				.min(1)
				.max(256)
				.regex(/^[^+#]+$/, "expected a topic without + and #"),
			pathName,
		)
		.prefault({})
		.describe("Topics with bare start and stop, and whose they are: { robot/stream: PATH }"),
	discovery: z
		.union([z.literal(""), z.string().regex(TOPIC)], "expected a topic without + and #, or nothing")
		.prefault("homeassistant")
		.describe("Where Home Assistant finds the robots; empty to tell it nothing"),
	maxConnections: count(10_000, "Connections to the embedded broker at the same time", { min: 1 }),
	maxConnectionsPerUser: count(2000, "Those of one user, or without a user of one address", { min: 1 }),
});

const signaling = group(
	"Signaling over WebSocket for WebRTC players of other systems; it is at /signaling of the web server too",
	{
		address: addresses(":8765", "Address or list of addresses; empty for none"),
		tls: group("The same in TLS, where there is a certificate", {
			address: addresses("", "Address or list of addresses"),
			cert: text("", "File of the certificate with its chain, PEM; read again when it changes"),
			key: text("", "File of its key, PEM"),
		}),
		camera: text("", "The camera of those who name none: an id of streams, or a path"),
	},
);

/** Ids that programs of other systems know cameras by. */
const namedStream = z.strictObject({
	path: pathName.describe("The path of its stream"),
	name: z.string().max(200).optional().describe("For people"),
	source: z.string().optional().describe("As paths.NAME.source"),
	maxViewers: count(10, "Viewers by WebRTC at the same time", { min: 1 }),
});

const log = group("Log", {
	level: choice(["trace", "debug", "info", "warn", "error", "silent"], "info", "trace debug info warn error silent"),
	file: text("", "A file that gets every line as JSON too"),
	format: choice(["auto", "pretty", "json"], "auto", "auto (pretty on a terminal, JSON otherwise), pretty, json"),
});

const limits = group("Limits of the whole relay", {
	maxPaths: count(10_000, "Paths with a publisher or readers", { min: 1 }),
	cacheSize: size("1 GiB", "Data that all streams together keep for readers", { min: "16 MiB" }),
});

/** The whole of vedette.yml. */
export const relaySchema = z.strictObject({
	stateDir: text(
		"",
		"Keys, certificates and logins are kept here; empty: ~/.local/state/vedette, /var/lib/vedette as a service",
	),
	http,
	rtsp,
	rtmp,
	srt,
	webrtc,
	hls,
	audio,
	mqtt,
	signaling,
	streams: z
		.record(z.string().min(1).max(200), namedStream)
		.prefault({})
		.describe("Cameras by the ids that /streams/ID knows: { ID: { path: PATH, name: For people, maxViewers: 10 } }"),
	api: group("The control API once more, on an address of its own", {
		address: addresses("127.0.0.1:9997", "Address or list of addresses; empty for none"),
	}),
	metrics: group("Prometheus metrics once more, on an address of their own", {
		address: addresses("127.0.0.1:9998", "Address or list of addresses; empty for none"),
	}),
	log,
	threads: z
		.union([z.literal("auto"), z.int().min(0).max(256)], 'expected "auto" or a number from 0 to 256')
		.prefault("auto")
		.describe(
			"Sender threads: auto (none for 128 viewers, then up to one less than the processor has cores, at least 1); 0 sends in the main thread",
		),
	access,
	hooks: group("Commands that the relay runs; more of them under paths", relayHooks),
	limits,
	paths,
});

/** vedette.yml as the program sees it: every key present, times in milliseconds, sizes in bytes. */
export type RelayConfig = z.output<typeof relaySchema>;
