import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseAddress } from "../../src/config/address.ts";
import { settingsOf } from "../../src/config/path-settings.ts";
import { relaySchema } from "../../src/config/relay-schema.ts";
import { systemClock } from "../../src/hub/clock.ts";
import { Fans } from "../../src/hub/fans.ts";
import { Hub } from "../../src/hub/hub.ts";
import type { Publication } from "../../src/hub/path.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import type { Track } from "../../src/media/track.ts";
import { Pool } from "../../src/net/pool.ts";
import { Sender } from "../../src/net/sender/sender.ts";
import type { SenderStream } from "../../src/net/sender/stream.ts";
import { createLog } from "../../src/observe/log.ts";
import type { WebRtcSettings } from "../../src/protocols/webrtc/context.ts";
import { WebRtcServer } from "../../src/protocols/webrtc/server.ts";
import { isRtcp } from "../../src/wire/rtcp.ts";
import { rtpMarker } from "../../src/wire/rtp.ts";
import { h264Track } from "../support/tracks.ts";

/** A hub with WebRTC on loopback, behind the smallest HTTP that WHIP and WHEP need. */
export interface WhepRoom extends AsyncDisposable {
	readonly hub: Hub;
	readonly server: WebRtcServer;
	/** `http://127.0.0.1:port`, without a slash at its end. */
	readonly url: string;
	/** Lines of the log. */
	readonly lines: string[];
}

const SESSION = /^\/(.+)\/(whip|whep)(?:\/([\w-]+))?$/;

async function bodyOf(request: IncomingMessage): Promise<string> {
	let text = "";
	for await (const chunk of request) text += chunk;
	return text;
}

async function serve(server: WebRtcServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const match = SESSION.exec(request.url ?? "");
	const path = parsePathName(match?.[1] ?? "");
	if (!match || !path) {
		response.setHeader("Content-Type", "text/html");
		response.end("<!doctype html><video id=v muted playsinline></video>");
		return;
	}
	const direction = match[2] === "whip" ? "publish" : "read";
	const id = match[3] ?? "";
	const body = await bodyOf(request);
	if (request.method === "POST") {
		const principal = { name: null, identity: "test", may: () => true };
		const remoteAddress = "127.0.0.1";
		const answer = await server.offer({
			direction,
			path,
			sdp: body,
			principal,
			remoteAddress,
			userAgent: "",
			query: "",
		});
		const headers = {
			Location: `${request.url}/${answer.id}`,
			ETag: `"${answer.etag}"`,
			"Content-Type": "application/sdp",
		};
		response.writeHead(201, headers).end(answer.sdp);
	} else if (request.method === "PATCH") {
		const ifMatch = request.headers["if-match"]?.replaceAll('"', "");
		const { etag, fragment } = await server.patch({ direction, path, id }, body, ifMatch);
		response.writeHead(fragment === undefined ? 204 : 200, { ETag: `"${etag}"` }).end(fragment);
	} else {
		response.writeHead(server.end({ direction, path, id }) ? 200 : 404).end();
	}
}

async function listen(server: WebRtcServer): Promise<Server> {
	const http = createServer((request, response) => {
		serve(server, request, response).catch((error: Error & { status?: number }) => {
			response.writeHead(error.status ?? 404).end(error.message);
		});
	});
	http.listen(0, "127.0.0.1");
	await once(http, "listening");
	return http;
}

/** Starts a room on free ports. */
export async function startRoom(
	settings: Partial<WebRtcSettings> = {},
	options: { threads?: number; yaml?: Record<string, unknown> } = {},
): Promise<WhepRoom> {
	const config = relaySchema.parse(options.yaml ?? {});
	const pool = new Pool(64 * 1024 * 1024);
	const hub = new Hub({ pool, clock: systemClock, maxPaths: 100, settings: (name) => settingsOf(config.paths, name) });
	const lines: string[] = [];
	const destination = { write: (line: string) => void lines.push(line) };
	const log = createLog({ level: "info", file: "", format: "json" }, destination);
	const sender = Sender.create({ pool, threads: options.threads ?? 0 });
	const fans = new Fans<SenderStream>((ring) => sender.open(ring));
	const address = [parseAddress("127.0.0.1:0")!];
	const server = await WebRtcServer.listen(
		{ hub, fans, log, certificateFile: undefined },
		{ ...config.webrtc, address, ...settings },
	);
	const http = await listen(server);
	const { port } = http.address() as AddressInfo;
	return {
		hub,
		server,
		url: `http://127.0.0.1:${port}`,
		lines,
		[Symbol.asyncDispose]: async () => {
			http.closeAllConnections();
			http.close();
			hub.close("the test is over");
			await server.close();
			await sender.close();
		},
	};
}

/** What ffmpeg publishes: the arguments of its encoder, and how the track is described. */
export interface Source {
	readonly encoder: readonly string[];
	readonly track: Track;
}

const h264 = h264Track("packetization-mode=1;profile-level-id=42c01f");

const live = ["-preset", "ultrafast", "-tune", "zerolatency", "-g", "60", "-b:v", "1500k", "-minrate", "1500k"];

export const sources = {
	baseline: { encoder: ["-c:v", "libx264", "-profile:v", "baseline", ...live], track: h264 },
	bframes: {
		encoder: ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "60"],
		track: { ...h264, fmtp: "packetization-mode=1" },
	},
	vp8: {
		encoder: ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "60", "-b:v", "1M"],
		track: { ...h264, codec: "vp8", encoding: "VP8", fmtp: "" },
	},
} satisfies Record<string, Source>;

/** A live picture. */
export interface FfmpegCamera extends AsyncDisposable {
	readonly publication: Publication;
	/** How many whole pictures it has sent in the last so many seconds. */
	pictures(seconds: number): number;
}

/** Publishes what ffmpeg encodes, straight into the hub, until it is disposed of. */
export async function publishFfmpeg(hub: Hub, name: string, source: Source): Promise<FfmpegCamera> {
	const socket = createSocket("udp4");
	socket.bind(0, "127.0.0.1");
	await once(socket, "listening");
	const info = { type: "rtspSession", id: `id-${name}`, remoteAddress: "127.0.0.1:1", identity: "ffmpeg" };
	const publication = hub.publish(parsePathName(name)!, [source.track], info, { onEnd: () => {} });
	const pictures: number[] = [];
	socket.on("message", (packet) => {
		if (isRtcp(packet)) return;
		if (rtpMarker(packet, 0)) pictures.push(performance.now());
		publication.packet(0, packet, 0, packet.length);
	});
	const input = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-pix_fmt", "yuv420p"];
	const output = ["-f", "rtp", "-payload_type", "96", `rtp://127.0.0.1:${socket.address().port}?pkt_size=1200`];
	const child: ChildProcess = spawn("ffmpeg", ["-loglevel", "error", ...input, ...source.encoder, ...output], {
		stdio: ["ignore", "ignore", "inherit"],
	});
	return {
		publication,
		pictures: (seconds) => pictures.filter((at) => at > performance.now() - seconds * 1000).length,
		[Symbol.asyncDispose]: async () => {
			child.kill("SIGKILL");
			await once(child, "exit");
			socket.close();
			publication.close("the test is over");
		},
	};
}

/** Waits until `done` holds. Throws with `what` after `ms`. */
export async function until(what: string, done: () => boolean, ms = 10_000): Promise<void> {
	const end = performance.now() + ms;
	while (!done()) {
		if (performance.now() > end) throw new Error(`timed out: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}
