import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Principal } from "../../access/access.ts";
import type { Action } from "../../access/actions.ts";
import { plainAddress } from "../../access/addresses.ts";
import { readAuthorization } from "../../access/credentials.ts";
import { newId } from "../../hub/path.ts";
import { type PathName, parsePathName, pathNameFault } from "../../media/path-name.ts";
import type { Millis } from "../../media/time.ts";
import { receiveInPlace } from "../../net/tcp-receive.ts";
import { writtenDirectly } from "../../net/tcp-send.ts";
import type { RtspContext } from "./context.ts";
import { ask, askPatiently, Declined } from "./declined.ts";
import { describeStream, readAnnouncement, trackOfControl } from "./description.ts";
import type { ConnectionState, SessionDetails } from "./items.ts";
import { type Headers, headerOf, type Message, type Request, RtspError, writeResponse } from "./message.ts";
import { type Peer, Player, type Visitor } from "./player.ts";
import { Publisher } from "./publisher.ts";
import { type SessionState, type Setup, type StatefulMethod, step } from "./session.ts";
import { StreamParser, type StreamSink } from "./stream-parser.ts";
import { parseTransports, type Transport, writeTransport } from "./transport.ts";
import { parseResource, type Resource } from "./url.ts";

/** Requests that may wait for the one that is being answered. */
const MAX_WAITING = 32;
/** Bytes that may wait for a client that asks and does not read: more than media ever leaves there. */
const MAX_UNSENT_BYTES = 2_097_152;

/** Letters of what a client says of itself that are kept. */
const MAX_TOLD = 1000;

interface Answer {
	readonly status: number;
	readonly headers?: Headers;
	readonly body?: string;
	/** The phrase after the status, where it is not the usual one. */
	readonly reason?: string;
	/** What follows once the answer is on its way. */
	readonly after?: () => void;
}

/** Somebody who may do something there. */
interface Guest {
	readonly path: PathName;
	readonly principal: Principal;
}

type Handler = (request: Request, resource: Resource) => Answer | Promise<Answer>;

const ok: Answer = { status: 200 };

/** One RTSP connection: requests are answered one after the other; it holds at most one session, which ends with it. */
export class RtspConnection implements StreamSink, Peer {
	readonly socket: Socket;
	readonly ip: string;
	readonly port: number;
	readonly localIp: string;
	readonly #context: RtspContext;
	readonly #parser: StreamParser;
	readonly #closed: (connection: RtspConnection) => void;
	readonly #waiting: Request[] = [];
	/** Its public name. */
	readonly id = newId();
	/** The session's. */
	readonly #id = randomBytes(12).toString("hex");
	readonly #created: number;
	readonly #disconnected: (() => void) | undefined;
	/** Whose session it is; undefined where there is none. */
	#visitor: (Visitor & { readonly since: number }) | undefined;
	#userAgent = "";
	#busy = false;
	#over = false;
	/** What cannot be read any further; told once all requests before it are answered. */
	#fault: RtspError | undefined;
	#state: SessionState = { at: "init" };
	#part: Player | Publisher | undefined;
	/** Who has been let in to read which path on this connection, by DESCRIBE. */
	#guest: Guest | undefined;
	#lastRequest: Millis;
	/** When the chunk came that is being read. */
	#chunkAt: Millis = 0;

	/** Takes over a socket that was just accepted. `closed` is called once, when the connection is gone. */
	constructor(context: RtspContext, socket: Socket, closed: (connection: RtspConnection) => void) {
		this.#context = context;
		this.socket = receiveInPlace(socket, (bytes, length) => this.#read(bytes, length));
		this.ip = plainAddress(this.socket.remoteAddress ?? "");
		this.port = this.socket.remotePort ?? 0;
		this.localIp = plainAddress(this.socket.localAddress ?? "");
		this.#closed = closed;
		this.#lastRequest = context.hub.clock.now();
		this.#created = context.hub.clock.unix();
		this.#disconnected = context.connected?.(`${context.scheme}Conn`, this.id);
		this.#parser = new StreamParser(this);
		this.socket.on("error", (error) => this.#close(error.message));
		this.socket.on("close", () => this.#close("the client closed the connection"));
	}

	/** How it is, for the API. */
	get state(): ConnectionState {
		return {
			id: this.id,
			created: this.#created,
			remoteAddress: `${this.ip}:${this.port}`,
			bytesRead: this.socket.bytesRead,
			bytesWritten: this.socket.bytesWritten + writtenDirectly(this.socket),
			userAgent: this.#userAgent,
			session: this.#session,
		};
	}

	get #session(): SessionDetails | undefined {
		const part = this.#part;
		const visitor = this.#visitor;
		if (!part || !visitor) return undefined;
		const runs = this.#state.at === "playing" || this.#state.at === "recording";
		return {
			id: visitor.id,
			created: visitor.since,
			state: runs ? (part instanceof Player ? "read" : "publish") : "idle",
			path: part.path,
			query: visitor.query,
			user: visitor.principal.name ?? "",
			transport: this.#setups[0]?.transport.lower,
			traffic: part.traffic,
		};
	}

	/** Called by the parser. */
	packet(channel: number, buffer: Uint8Array, offset: number, length: number): void {
		this.#part?.packet(channel, buffer, offset, length, this.#chunkAt);
	}

	/** Called by the parser. */
	message(message: Message): void {
		// Answers are to what we never ask.
		if (message.kind === "response") return;
		if (this.#waiting.length >= MAX_WAITING) throw new RtspError(400, `more than ${MAX_WAITING} requests at once`);
		this.#waiting.push(message);
		if (!this.#busy) this.#work().catch((error: unknown) => this.end(`${error}`));
	}

	/** To be called about once a second. */
	tick(now: Millis): void {
		const { requestTimeout, sessionTimeout } = this.#context;
		this.#part?.tick(now);
		if (!this.#part) {
			if (!this.#busy && now - this.#lastRequest > requestTimeout)
				this.end(`no request for ${requestTimeout / 1000} s`);
			return;
		}
		// Over TCP a player shows its life by taking what it is sent.
		const playsTcp = this.#state.at === "playing" && this.#state.setups[0]?.transport.lower === "tcp";
		const heard = Math.max(this.#lastRequest, this.#part.lastHeard);
		if (!playsTcp && now - heard > sessionTimeout) this.end(`no sign of life for ${sessionTimeout / 1000} s`);
	}

	/** Ends the connection after what has been written. */
	end(reason: string): void {
		this.#close(reason);
		this.socket.destroySoon();
	}

	#read(bytes: Buffer, length: number): void {
		if (this.#over || this.#fault) return;
		this.#chunkAt = this.#context.hub.clock.now();
		try {
			this.#parser.push(bytes, length);
		} catch (error) {
			if (!(error instanceof RtspError)) throw error;
			this.#fault = error;
			if (!this.#busy) this.#giveUp(error);
		}
	}

	#giveUp({ status, message }: RtspError): void {
		this.socket.write(writeResponse(status, [], "", message));
		this.end(message);
	}

	#close(reason: string): void {
		if (this.#over) return;
		this.#over = true;
		this.#parser.stop();
		this.#release(reason);
		this.#context.log.debug({ ip: this.ip, reason }, "RTSP connection closed");
		this.#disconnected?.();
		this.#closed(this);
	}

	async #work(): Promise<void> {
		this.#busy = true;
		for (let request = this.#waiting.shift(); request; request = this.#waiting.shift()) {
			const answering = this.#answer(request);
			const answer =
				answering instanceof Promise ? await answering.catch((error: unknown) => this.#declined(error)) : answering;
			if (this.#over) break;
			this.#lastRequest = this.#context.hub.clock.now();
			this.#send(request, answer);
			answer.after?.();
		}
		this.#busy = false;
		if (this.#fault && !this.#over) this.#giveUp(this.#fault);
	}

	#answer(request: Request): Answer | Promise<Answer> {
		this.#lastRequest = this.#context.hub.clock.now();
		const handler = this.#handlers.get(request.method);
		if (this.#userAgent === "") this.#userAgent = (headerOf(request, "user-agent") ?? "").slice(0, MAX_TOLD);
		try {
			if (!handler) throw new Declined(501, `there is no method ${request.method.slice(0, 20)}`);
			this.#checkSession(request);
			return handler(request, parseResource(request.url));
		} catch (error) {
			return this.#declined(error);
		}
	}

	/** A fault of ours is told in the log: the client can do nothing about it. */
	#declined(error: unknown): Answer {
		if (error instanceof Declined) return { status: error.status, reason: error.message };
		this.#context.log.error({ ip: this.ip, err: error }, "an RTSP request failed");
		return { status: 500 };
	}

	#send(request: Request, { status, headers = [], body, reason }: Answer): void {
		const sequence = headerOf(request, "cseq");
		const head: [string, string][] = sequence === undefined ? [] : [["CSeq", sequence]];
		this.socket.write(writeResponse(status, [...head, ["Server", "Vedette"], ...headers], body, reason));
		const { writableLength } = this.socket;
		if (writableLength <= MAX_UNSENT_BYTES) return;
		this.#close(`${writableLength} bytes of answers are not read, at most ${MAX_UNSENT_BYTES}`);
		this.socket.destroy();
	}

	#checkSession(request: Request): void {
		const id = headerOf(request, "session")?.split(";")[0]?.trim();
		if (headerOf(request, "cseq") === undefined) throw new Declined(400, "a request needs a CSeq");
		if (id !== undefined && id !== this.#id) throw new Declined(454, "this connection has no such session");
	}

	readonly #handlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
		["OPTIONS", () => ({ status: 200, headers: [["Public", [...this.#handlers.keys()].join(", ")]] })],
		["DESCRIBE", (request, resource) => this.#describe(request, resource)],
		["ANNOUNCE", (request, resource) => this.#announce(request, resource)],
		["SETUP", (request, resource) => this.#setUp(request, resource)],
		["PLAY", (request) => this.#play(request)],
		["RECORD", () => this.#record()],
		["PAUSE", () => this.#pause()],
		["GET_PARAMETER", () => ok],
		["SET_PARAMETER", () => ok],
		["TEARDOWN", () => this.#tearDown()],
	]);

	async #describe(request: Request, { path, query }: Resource): Promise<Answer> {
		const accept = headerOf(request, "accept");
		if (accept !== undefined && !/application\/sdp|\*/i.test(accept)) {
			throw new Declined(406, "only application/sdp can be given");
		}
		const admitted = await this.#admit(request, "read", path);
		if ("status" in admitted) return admitted;
		this.#guest = admitted;
		await this.#wake(admitted, query);
		const stream = ask(() => this.#context.hub.find(admitted.path));
		const base = request.url.endsWith("/") ? request.url : `${request.url}/`;
		const headers: Headers = [
			["Content-Base", base],
			["Content-Type", "application/sdp"],
		];
		return { status: 200, headers, body: describeStream(admitted.path, stream) };
	}

	/** Waits for the pictures of a path that sleeps. */
	#wake({ path, principal }: Guest, query: string): Promise<void> {
		const remoteAddress = `${this.ip}:${this.port}`;
		const type = `${this.#context.scheme}Session`;
		const reader = { type, user: principal.name ?? "", remoteAddress, query };
		return askPatiently(this.#context.hub.wanted(path, reader));
	}

	async #announce(request: Request, { path, query }: Resource): Promise<Answer> {
		this.#check("ANNOUNCE", { tracks: 1 });
		const type = headerOf(request, "content-type");
		if (type !== undefined && !/^application\/sdp\b/i.test(type))
			throw new Declined(415, "only application/sdp is read");
		const admitted = await this.#admit(request, "publish", path);
		if ("status" in admitted) return admitted;
		const announced = readAnnouncement(request.body);
		const { path: name, principal } = admitted;
		const { hub, scheme } = this.#context;
		const from = { type: `${scheme}Session`, id: this.id, remoteAddress: `${this.ip}:${this.port}` };
		ask(() => hub.demand.check(name, { ...from, identity: principal.identity }));
		this.#state = this.#check("ANNOUNCE", { tracks: announced.tracks.length });
		this.#part = new Publisher(this.#context, this, name, announced, this.#visit(principal, query));
		return { status: 200, headers: [this.#sessionHeader()] };
	}

	#setUp(request: Request, resource: Resource): Answer | Promise<Answer> {
		const asked = parseTransports(headerOf(request, "transport") ?? "");
		const part = this.#part;
		if (part instanceof Publisher) return this.#setUpWith(part, controlIn(part, resource, this.#setups), asked);
		if (part && part.path !== resource.path) throw new Declined(459, `this session plays "${part.path}"`);
		if (part) return this.#setUpWith(part, trackIn(part, resource), asked);
		return this.#setUpFirst(request, resource, asked);
	}

	/** The first SETUP of a player opens its session. */
	async #setUpFirst(request: Request, resource: Resource, asked: readonly Transport[]): Promise<Answer> {
		const known = this.#guest?.path === resource.path ? this.#guest : undefined;
		const admitted = known ?? (await this.#admit(request, "read", resource.path));
		if ("status" in admitted) return admitted;
		await this.#wake(admitted, resource.query);
		const stream = ask(() => this.#context.hub.find(admitted.path));
		const visitor = this.#visit(admitted.principal, resource.query);
		const player = new Player(this.#context, this, admitted.path, stream, visitor);
		const answer = this.#setUpWith(player, trackIn(player, resource), asked);
		this.#part = player;
		return answer;
	}

	#setUpWith(part: Player | Publisher, track: number, asked: readonly Transport[]): Answer {
		const transport = choose(part, track, asked);
		const next = this.#check("SETUP", { track, transport });
		part.open(track, transport);
		this.#state = next;
		return { status: 200, headers: [["Transport", writeTransport(transport)], this.#sessionHeader()] };
	}

	#play(request: Request): Answer {
		const next = this.#check("PLAY", undefined);
		const player = this.#part;
		if (!(player instanceof Player)) throw new Declined(455, "nothing is set up");
		const info = player.play(this.#setups, request.url.replace(/\/+$/, ""));
		this.#state = next;
		const after = () => player.start(this.#context.hub.clock.now());
		return { status: 200, headers: [["RTP-Info", info], this.#sessionHeader()], after };
	}

	#record(): Answer {
		const next = this.#check("RECORD", undefined);
		if (!(this.#part instanceof Publisher)) throw new Declined(455, "nothing is announced");
		this.#part.record(this.#setups);
		this.#state = next;
		return { status: 200, headers: [this.#sessionHeader()] };
	}

	#pause(): Answer {
		this.#state = this.#check("PAUSE", undefined);
		this.#part?.pause();
		return { status: 200, headers: [this.#sessionHeader()] };
	}

	#tearDown(): Answer {
		if (this.#state.at === "init") throw new Declined(454, "there is no session");
		this.#release("the client left");
		return ok;
	}

	get #setups(): readonly Setup[] {
		return this.#state.at === "init" ? [] : this.#state.setups;
	}

	#check<Method extends StatefulMethod>(method: Method, input: Parameters<typeof step<Method>>[2]): SessionState {
		const next = step(this.#state, method, input);
		if ("status" in next) throw new Declined(next.status, next.reason);
		return next;
	}

	#visit(principal: Principal, query: string): Visitor {
		this.#visitor = { principal, id: newId(), query: query.slice(0, MAX_TOLD), since: this.#context.hub.clock.unix() };
		return this.#visitor;
	}

	#sessionHeader(): readonly [string, string] {
		return ["Session", `${this.#id};timeout=${Math.floor(this.#context.sessionTimeout / 1000)}`];
	}

	#release(reason: string): void {
		this.#part?.close(reason);
		this.#part = undefined;
		this.#state = { at: "init" };
	}

	/** Whether the client may do that there: who it is, or the answer that says no. */
	async #admit(request: Request, action: Action, text: string): Promise<Guest | Answer> {
		const path = parsePathName(text);
		if (!path) throw new Declined(400, `the path "${text.slice(0, 40)}" ${pathNameFault(text) ?? ""}`);
		const { access } = this.#context;
		const credentials = readAuthorization(headerOf(request, "authorization"), request.method, request.url);
		const outcome = await access.check(credentials, action, path, this.ip);
		if (outcome.ok) return { path, principal: outcome.principal };
		switch (outcome.reason) {
			case "credentials": {
				const challenges = access.challenges(this.ip, outcome.stale, action === "publish" ? path : undefined);
				return { status: 401, headers: challenges.map((value) => ["WWW-Authenticate", value] as const) };
			}
			case "forbidden":
				throw new Declined(403, `not allowed to ${action} "${path}"`);
			case "throttled":
				throw new Declined(503, `too many wrong logins, try again in ${Math.ceil(outcome.retryAfterMs / 1000)} s`);
			default:
				return outcome satisfies never;
		}
	}
}

/** The track that a player's SETUP is about. */
function trackIn(player: Player, { control }: Resource): number {
	const { tracks } = player.stream;
	if (control === "" && tracks.length === 1) return 0;
	if (control === "") throw new Declined(459, `"${player.path}" has ${tracks.length} tracks: set up each of them`);
	const track = trackOfControl(control);
	if (!tracks[track]) throw new Declined(404, `"${player.path}" has no ${control}, only ${tracks.length} tracks`);
	return track;
}

/** The track that a publisher's SETUP is about: by its control attribute, else the next one. */
function controlIn(publisher: Publisher, { path, control }: Resource, setups: readonly Setup[]): number {
	const { controls } = publisher.announced;
	const asked = control || path;
	const track = controls.findIndex((one) => one !== "" && (one === asked || parseResource(one).control === asked));
	if (track >= 0) return track;
	if (setups.length >= controls.length) throw new Declined(404, `there is no track "${asked.slice(0, 40)}"`);
	return setups.length;
}

function choose(part: Player | Publisher, track: number, asked: readonly Transport[]): Transport {
	let last = new Declined(461, "no transport that is known: RTP/AVP/TCP or RTP/AVP over UDP, unicast");
	for (const transport of asked) {
		try {
			return part.prepare(track, transport);
		} catch (error) {
			if (!(error instanceof Declined)) throw error;
			last = error;
		}
	}
	throw last;
}
