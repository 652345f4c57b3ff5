import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { Access } from "../../access/access.ts";
import { pathSettings } from "../../config/path-schema.ts";
import { systemClock } from "../../hub/clock.ts";
import { Hub } from "../../hub/hub.ts";
import type { Publication } from "../../hub/path.ts";
import { parsePathName } from "../../media/path-name.ts";
import type { Track } from "../../media/track.ts";
import { Pool } from "../../net/pool.ts";
import { createLog } from "../../observe/log.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { writeMessages } from "./chunk-writer.ts";
import { openRtmpClient } from "./client.ts";
import { ClientSession } from "./client-session.ts";
import { readCommand } from "./command.ts";
import { Handshake } from "./handshake.ts";
import { CHUNK_BYTES } from "./media-writer.ts";
import { type Message, PING_REQUEST, USER_CONTROL, userControl, VIDEO } from "./message.ts";
import { publishRtmp } from "./publish.ts";
import { RtmpServer } from "./server.ts";
import { parseAddress } from "./url.ts";

const name = parsePathName("live/stream")!;
async function world({ maxConnections = 10, requestTimeout = 5000 } = {}) {
	const settings = pathSettings.parse({ graceTime: "100 ms", behind: "300 ms" });
	const pool = new Pool(64 * 1024 * 1024);
	const hub = new Hub({ pool, clock: systemClock, maxPaths: 10, settings: () => ({ key: "all_others", settings }) });
	const log = createLog({ level: "silent", file: "", format: "json" });
	const pause = { loginTime: 1000, failureDelay: 0, failures: 10, failurePause: 1000 };
	const access = new Access({ anonymous: ["publish", "read"], guests: [], users: [], ...pause });
	const context = { hub, access, log, requestTimeout, maxMessage: 1_000_000 };
	const server = await RtmpServer.listen(context, { address: [{ host: "127.0.0.1", port: 0 }], maxConnections });
	const [port] = server.ports;
	return {
		...{ hub, server, port: port!, url: `rtmp://127.0.0.1:${port}/live/stream` },
		async [Symbol.asyncDispose]() {
			hub.close("the end");
			await server.close();
		},
	};
}

async function until(ready: () => boolean, what: string, ms = 5000): Promise<void> {
	for (const end = performance.now() + ms; !ready(); await new Promise((resolve) => setTimeout(resolve, 5))) {
		if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
	}
}

const video = (codec: Track["codec"], encoding: string, fmtp = ""): Track => {
	return { kind: "video", codec, encoding, clockRate: 90_000, channels: 0, payloadType: 96, fmtp };
};
const h264 = video("h264", "H264", "packetization-mode=1;sprop-parameter-sets=Z0LAHtkAUAW7,aMuDyyA=");
const h265 = video("h265", "H265");
const opus: Track = {
	...{ kind: "audio", codec: "opus", encoding: "opus", clockRate: 48_000, channels: 2 },
	...{ payloadType: 97, fmtp: "" },
};
const info = { type: "test", id: "p", remoteAddress: "", identity: "p" };

function picture(pts: number, key: boolean, bytes = 100) {
	return { track: 0, pts, key, units: [Buffer.alloc(bytes, key ? 0x65 : 0x41)] };
}

/** A player of bare sockets, to do what a client library would not. */
class Player {
	readonly socket: Socket;
	readonly messages: Message[] = [];
	readonly #handshake = new Handshake("client", Buffer.alloc(1528));
	readonly #session: ClientSession;
	#chunks: ChunkReader | undefined;

	constructor(url: string, fourCcs: boolean) {
		const address = parseAddress(url);
		this.socket = connect(address.port, address.host);
		this.#session = new ClientSession(address, "play");
		this.socket.write(this.#handshake.hello());
		this.socket.on("error", () => undefined);
		this.socket.on("data", (chunk) => this.#read(Buffer.from(chunk), fourCcs));
	}

	send(...messages: Message[]): void {
		this.socket.write(writeMessages(messages, CHUNK_BYTES));
	}

	get statuses(): string[] {
		const commands = this.messages.map((one) => readCommand(one)).filter((one) => one !== undefined);
		return commands.map(({ name: what, values }) => `${what} ${JSON.stringify(values[1] ?? null)}`);
	}

	get pictures(): Message[] {
		return this.messages.filter(({ type, body }) => type === VIDEO && body[1] === 1);
	}

	#read(chunk: Buffer, fourCcs: boolean): void {
		if (this.#chunks) {
			this.#chunks.push(chunk);
			return;
		}
		const { reply, rest } = this.#handshake.push(chunk);
		if (reply) this.socket.write(reply);
		if (!rest) return;
		this.#chunks = new ChunkReader(10_000_000, (message) => this.#message(message));
		const [size, ...others] = this.#session.start();
		this.socket.write(writeMessages([size!], 128));
		this.send(...others.map((one) => (fourCcs ? one : withoutFourCcs(one))));
		this.#chunks.push(rest);
	}

	#message(message: Message): void {
		this.messages.push(message);
		const command = readCommand(message);
		const taken = command && this.#session.command(command);
		if (taken && taken.do !== "end") this.send(...taken.send);
	}
}

/** As players do that know nothing of Enhanced RTMP. */
function withoutFourCcs(message: Message): Message {
	const text = message.body.toString("latin1").replace("fourCcList", "otherCcLst");
	return { ...message, body: Buffer.from(text, "latin1") };
}

test("H.265 and Opus go through the server by Enhanced RTMP", async () => {
	await using here = await world();
	const signal = AbortSignal.timeout(10_000);
	const sets = ["40010c01ffff016000000300900000030000", "420101016000000300900000030000030078", "4401c172b46240"];
	const units = [...sets, "2601aabb"].map((hex) => Buffer.from(hex, "hex"));
	const publishing = await publishRtmp(here.url, [h265, opus], signal);
	for (let i = 0; i < 40; i++) {
		publishing.write({ track: 0, pts: i * 3000, key: i % 10 === 0, units: i % 10 === 0 ? units : [units[3]!] });
		publishing.write({ track: 1, pts: i * 960, key: true, units: [Buffer.of(0xfc, i)] });
	}
	await until(() => here.hub.path(name)?.stream?.keyFrame(0) !== undefined, "a key frame");
	assert.deepEqual(
		here.hub.find(name).tracks.map(({ codec }) => codec),
		["h265", "opus"],
	);
	const types = new Set<number>();
	const player = await openRtmpClient({
		...{ url: here.url, goal: "play", maxMessage: 100_000, signal },
		onMedia: ({ type, body }) => types.add(type * 256 + body[0]!),
	});
	await until(() => types.has(VIDEO * 256 + 0x91), "an H.265 key frame");
	player.close();
	publishing.client.close();
	await until(() => here.hub.path(name) === undefined, "the end");
});

test("a player that announced no such codec is told so; another track is played all the same", async () => {
	await using here = await world();
	const publication = here.hub.publish(name, [h265], info, { onEnd: () => undefined });
	const refused = new Player(here.url, false);
	await once(refused.socket, "close");
	assert.match(refused.statuses.at(-1)!, /NetStream.Play.StreamNotFound.*cannot be sent H265/);
	publication.close("over");
	const both = here.hub.publish(name, [h264, opus], info, { onEnd: () => undefined });
	both.frame(picture(0, true));
	const player = new Player(here.url, false);
	await until(() => player.pictures.length === 1, "a picture");
	assert.deepEqual(here.hub.find(name).readers.values().next().value?.tracks, [0]);
	player.socket.destroy();
});

test("nobody publishes there, or the path is none: the player hears it", async () => {
	await using here = await world();
	for (const [path, reason] of [
		["live/none", /StreamNotFound.*nobody publishes to \\"live\/none\\"/],
		["v3/paths", /StreamNotFound.*belongs to the web server/],
	] as const) {
		const player = new Player(here.url.replace("live/stream", path), true);
		await once(player.socket, "close");
		assert.match(player.statuses.at(-1)!, reason);
	}
});

test("a player that stops reading is cut to a key frame, and nobody waits for it", async () => {
	await using here = await world();
	const publication: Publication = here.hub.publish(name, [h264], info, { onEnd: () => undefined });
	let n = 0;
	const send = (): void => publication.frame(picture(n * 3000, n++ % 10 === 0, 100_000));
	send();
	const slow = new Player(here.url, true);
	const quick = new Player(here.url, true);
	await until(() => slow.pictures.length === 1 && quick.pictures.length === 1, "first pictures");
	slow.socket.pause();
	const readers = [...here.hub.find(name).readers];
	const timer = setInterval(send, 10);
	await until(() => readers.some(({ counters }) => counters.cuts >= 2), "two cuts");
	slow.socket.resume();
	const before = slow.pictures.length;
	await until(() => slow.pictures.length > before + 120, "pictures again");
	clearInterval(timer);
	await until(() => quick.pictures.length === n, "all pictures");
	const gaps = slow.pictures.map(({ timestamp }, i) => timestamp - (slow.pictures[i - 1]?.timestamp ?? timestamp));
	const after = gaps.findIndex((gap) => gap > 40);
	assert.ok(after > 0, "there is a gap");
	for (const [i, gap] of gaps.entries()) if (gap > 40) assert.equal(slow.pictures[i]!.body[0], 0x17);
	slow.socket.destroy();
	quick.socket.destroy();
});

test("a ping is answered; noise, half-open connections and too many of them are ended", async () => {
	await using here = await world({ maxConnections: 4, requestTimeout: 500 });
	const noise = connect(here.port, "127.0.0.1").on("error", () => undefined);
	noise.write(Buffer.alloc(5000, 0x55));
	await once(noise, "close");
	const silent = connect(here.port, "127.0.0.1").on("error", () => undefined);
	const publication = here.hub.publish(name, [h264], info, { onEnd: () => undefined });
	publication.frame(picture(0, true));
	const player = new Player(here.url, true);
	await until(() => player.pictures.length === 1, "a picture");
	player.send(userControl(PING_REQUEST, 77));
	const answered = ({ type, body }: Message): boolean =>
		type === USER_CONTROL && body.toString("hex") === "00070000004d";
	await until(() => player.messages.some(answered), "an answer");
	const others = [1, 2, 3].map(() => connect(here.port, "127.0.0.1").on("error", () => undefined));
	await until(() => here.server.turnedAway === 1, "one turned away");
	await once(silent, "close");
	await Promise.all(others.filter(({ closed }) => !closed).map((one) => once(one, "close")));
	assert.ok(player.socket.writable);
	assert.equal(here.server.kick("nobody"), false);
	assert.equal(here.server.kick(here.server.list()[0]!.id), true);
	await once(player.socket, "close");
});

test("a client that is not let in may not make the server keep much", async () => {
	await using here = await world();
	const handshake = new Handshake("client", Buffer.alloc(1528));
	const socket = connect(here.port, "127.0.0.1").on("error", () => undefined);
	socket.write(Buffer.concat([handshake.hello(), Buffer.alloc(1536)]));
	socket.write(Buffer.from("06" + "000000" + "0f0000" + "09" + "01000000", "hex"));
	socket.resume();
	await once(socket, "close");
	assert.equal(here.server.connections, 0);
});
