import { allActions } from "../../../access/actions.ts";
import { count, flag, list, number, object, oneOf, orNull, ref, type Schema, text } from "./schema.ts";

const unixMs = (description: string) => number(`${description} Unix milliseconds.`);

const streamExample = {
	name: "robot1/front",
	state: "live",
	since: 1_795_169_000_000,
	lastPacketAt: 1_795_169_400_110,
	tracks: [{ kind: "video", codec: "H264", width: 1280, height: 720, fps: 29.97, channels: null, webrtc: true }],
	publisher: { protocol: "rtsp", user: "robot1", address: "203.0.113.4:51234" },
	viewers: 3,
	bitrate: 2_034_000,
	lost: 12,
	thumbnail: "/thumbnails/robot1/front.mp4?v=17",
	watch: "/watch/robot1/front",
	whep: "/robot1/front/whep",
	demand: null,
	sourceFault: null,
};

const track = object({
	kind: text("`video`, `audio`, or what the publisher calls it."),
	codec: text("As MediaMTX writes it."),
	width: orNull(count("Pixels.")),
	height: orNull(count("Pixels.")),
	fps: orNull(number("Pictures per second.")),
	channels: orNull(count("Of sound.")),
	webrtc: flag("Whether WebRTC can carry it."),
});

/** What the dashboard and the page of a stream ask for. */
export const streamShapes: Readonly<Record<string, Schema>> = {
	Stream: {
		...object({
			name: text("The path's name."),
			state: oneOf(["live", "stalled", "offline"], "`stalled`: nothing has come for 2 s."),
			since: orNull(unixMs("When its publisher came.")),
			lastPacketAt: orNull(unixMs("When something came last.")),
			tracks: list(track),
			publisher: orNull(
				object({
					protocol: text("How it publishes."),
					user: orNull(text("Null for an anonymous one.")),
					address: orNull(text("Null for callers without the right `api`.")),
				}),
			),
			viewers: count("How many watch."),
			bitrate: number("bit/s over the last second."),
			lost: count("Packets that were lost on the way in."),
			thumbnail: orNull(text("Address of its picture.")),
			watch: text("Address of its page."),
			whep: text("Where to ask for it by WebRTC."),
			demand: orNull(ref("Demand")),
			sourceFault: orNull(
				text(
					"Why the relay gets nothing from the path's source; only that it is so for callers without the right `api`.",
				),
			),
		}),
		examples: [streamExample],
	},
	Streams: object({ now: unixMs("By the relay's clock."), streams: list(ref("Stream")) }),
	Demand: object({
		state: oneOf(["idle", "starting", "live", "stopping", "error"], "What the camera does."),
		since: unixMs("Since when."),
		online: flag("Whether what wakes it can be reached."),
		alwaysOn: flag("Whether it never sleeps."),
		error: orNull(text("Why it failed last.")),
		waiting: count("Readers that wait for pictures."),
		holds: list(
			object({
				by: text("How it was said: `api`, `mqtt`, `bridge`, …"),
				user: orNull(text("Who said start.")),
				address: orNull(text("Null for callers without the right `api`.")),
				since: unixMs("When."),
			}),
		),
	}),
	Me: object({
		user: orNull(text("Null for nobody in particular.")),
		may: list(oneOf(allActions, "An action that is allowed on some path."), ""),
		iceServers: list(
			object(
				{ urls: { type: ["string", "array"], items: { type: "string" } } },
				{ username: text(""), credential: text("") },
			),
			"For `RTCPeerConnection`.",
		),
		rtspPort: orNull(count("Where the relay takes RTSP; null for nowhere.")),
		version: text("The relay's."),
	}),
	Robot: object({
		name: text("The robot's."),
		joined: flag("Whether it came by an invitation."),
		joinedAt: orNull(unixMs("When.")),
		online: flag("Whether it is here."),
		since: orNull(unixMs("When it came or went last.")),
		cameras: list(
			object({
				name: text("The camera's."),
				path: text("Where it publishes."),
				state: orNull(text("What the robot says that it does.")),
				reason: text("Why; may be empty."),
				paused: flag("Whether somebody at the robot keeps it off."),
				trigger: orNull(object({ name: text("What set it off."), seconds: number("How long it goes on.") })),
				demand: orNull(ref("Demand")),
				wants: list(
					object({
						by: text("How it watches."),
						user: orNull(text("Who.")),
						address: orNull(text("From where.")),
					}),
					"Who watches it, or waits for its pictures; at most 20.",
				),
				stats: orNull({ type: "object", additionalProperties: true, description: "What the robot measures." }),
			}),
		),
	}),
	Invitation: {
		...object({ line: text("To be given to `vedette robot join`."), until: unixMs("Until when it is good.") }),
		examples: [{ line: "vedette://relay.example.org:8080/robot1/CODE/FINGERPRINT", until: 1_795_170_300_000 }],
	},
	Enrolment: object({
		name: text("The robot's.", { pattern: "^[A-Za-z0-9_-]{1,64}$" }),
		code: text("The invitation's.", { pattern: "^[A-Za-z0-9_-]{22}$" }),
		secret: text("What only this robot knows: 256 bits, base64url.", { pattern: "^[A-Za-z0-9_-]{43}$" }),
		machine: text("SHA-256 of what tells its machine, hexadecimal.", { pattern: "^[0-9a-f]{64}$" }),
	}),
	Welcome: object({
		name: text("The robot's."),
		prefix: text("The first part of the topics."),
		rtspPort: count("Where streams are taken by RTSP; 0 for nowhere."),
		rtspsPort: count("Where in TLS; where it is the same port, with the certificate of the web server."),
	}),
};
