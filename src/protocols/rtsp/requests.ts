import { randomBytes } from "node:crypto";
import type { Principal } from "../../access/access.ts";
import { newId } from "../../hub/path.ts";
import { admit, type Guest } from "./admission.ts";
import type { RtspContext } from "./context.ts";
import { ask, askPatiently, Declined } from "./declined.ts";
import { describeStream, readAnnouncement } from "./description.ts";
import type { SessionDetails } from "./items.ts";
import { type Headers, headerOf, type Request } from "./message.ts";
import { type Peer, Player, type Visitor } from "./player.ts";
import { Publisher } from "./publisher.ts";
import { type SessionState, type Setup, type StatefulMethod, step } from "./session.ts";
import { announcedTrack, chooseTransport, playedTrack } from "./setup.ts";
import { parseTransports, type Transport, writeTransport } from "./transport.ts";
import { parseResource, type Resource } from "./url.ts";

/** Letters of an address's query that are kept. */
const MAX_QUERY = 1000;

/** What a request is answered with, apart from what every answer has. */
export interface Answer {
	readonly status: number;
	readonly headers?: Headers;
	readonly body?: string;
	/** The phrase after the status, where it is not the usual one. */
	readonly reason?: string;
	/** What follows once the answer is on its way. */
	readonly after?: () => void;
}

type Handler = (request: Request, resource: Resource) => Answer | Promise<Answer>;

const ok: Answer = { status: 200 };

/** Obeys the requests of one client, who has at most one session. */
export class Requests {
	readonly #context: RtspContext;
	readonly #peer: Peer;
	/** The session's, which the client has to know. */
	readonly #id = randomBytes(12).toString("hex");
	/** Whose session it is; undefined where there was none. */
	#visitor: (Visitor & { readonly since: number }) | undefined;
	#state: SessionState = { at: "init" };
	#part: Player | Publisher | undefined;
	/** Who has been let in to read which path, by DESCRIBE. */
	#guest: Guest | undefined;

	constructor(context: RtspContext, peer: Peer) {
		this.#context = context;
		this.#peer = peer;
	}

	/** What plays or publishes; undefined without a session. */
	get part(): Player | Publisher | undefined {
		return this.#part;
	}

	/** The session for the API; undefined without one. */
	get session(): SessionDetails | undefined {
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

	/** Whether it plays by the connection itself. */
	get playsTcp(): boolean {
		return this.#state.at === "playing" && this.#state.setups[0]?.transport.lower === "tcp";
	}

	/** Obeys a request. Throws `Declined`, or rejects with it; anything else is a fault of ours. */
	answer(request: Request): Answer | Promise<Answer> {
		const handler = this.#handlers.get(request.method);
		if (!handler) throw new Declined(501, `there is no method ${request.method.slice(0, 20)}`);
		this.#checkSession(request);
		return handler(request, parseResource(request.url));
	}

	/** Ends the session, if there is one. */
	release(reason: string): void {
		this.#part?.close(reason);
		this.#part = undefined;
		this.#state = { at: "init" };
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
		const guest = await this.#admit(request, "read", path);
		this.#guest = guest;
		await this.#wake(guest, query);
		const stream = ask(() => this.#context.hub.find(guest.path));
		const base = request.url.endsWith("/") ? request.url : `${request.url}/`;
		const headers: Headers = [
			["Content-Base", base],
			["Content-Type", "application/sdp"],
		];
		return { status: 200, headers, body: describeStream(guest.path, stream) };
	}

	/** Waits for the pictures of a path that sleeps. */
	#wake({ path, principal }: Guest, query: string): Promise<void> {
		const { remoteAddress } = this.#peer;
		const type = `${this.#context.scheme}Session`;
		const reader = { type, user: principal.name ?? "", remoteAddress, query };
		return askPatiently(this.#context.hub.wanted(path, reader));
	}

	async #announce(request: Request, { path, query }: Resource): Promise<Answer> {
		this.#check("ANNOUNCE", { tracks: 1 });
		const type = headerOf(request, "content-type");
		if (type !== undefined && !/^application\/sdp\b/i.test(type))
			throw new Declined(415, "only application/sdp is read");
		const { path: name, principal } = await this.#admit(request, "publish", path);
		const announced = readAnnouncement(request.body);
		const { hub, scheme } = this.#context;
		const from = { type: `${scheme}Session`, id: this.#peer.id, remoteAddress: this.#peer.remoteAddress };
		ask(() => hub.demand.check(name, { ...from, identity: principal.identity }));
		this.#state = this.#check("ANNOUNCE", { tracks: announced.tracks.length });
		this.#part = new Publisher(this.#context, this.#peer, name, announced, this.#visit(principal, query));
		return { status: 200, headers: [this.#sessionHeader()] };
	}

	#setUp(request: Request, resource: Resource): Answer | Promise<Answer> {
		const asked = parseTransports(headerOf(request, "transport") ?? "");
		const part = this.#part;
		if (part instanceof Publisher) {
			const track = announcedTrack(part.announced.controls, this.#setups.length, resource);
			return this.#setUpWith(part, track, asked);
		}
		if (part && part.path !== resource.path) throw new Declined(459, `this session plays "${part.path}"`);
		if (part) return this.#setUpWith(part, trackIn(part, resource), asked);
		return this.#setUpFirst(request, resource, asked);
	}

	/** The first SETUP of a player opens its session. */
	async #setUpFirst(request: Request, resource: Resource, asked: readonly Transport[]): Promise<Answer> {
		const known = this.#guest?.path === resource.path ? this.#guest : undefined;
		const guest = known ?? (await this.#admit(request, "read", resource.path));
		await this.#wake(guest, resource.query);
		const stream = ask(() => this.#context.hub.find(guest.path));
		const visitor = this.#visit(guest.principal, resource.query);
		const player = new Player(this.#context, this.#peer, guest.path, stream, visitor);
		const answer = this.#setUpWith(player, trackIn(player, resource), asked);
		this.#part = player;
		return answer;
	}

	#setUpWith(part: Player | Publisher, track: number, asked: readonly Transport[]): Answer {
		const transport = chooseTransport(asked, (one) => part.prepare(track, one));
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
		this.release("the client left");
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

	/** Rejects with `Declined` where the client may not. */
	#admit(request: Request, action: "publish" | "read", path: string): Promise<Guest> {
		return admit(this.#context.access, this.#peer.ip, request, action, path);
	}

	#visit(principal: Principal, query: string): Visitor {
		this.#visitor = { principal, id: newId(), query: query.slice(0, MAX_QUERY), since: this.#context.hub.clock.unix() };
		return this.#visitor;
	}

	#sessionHeader(): readonly [string, string] {
		return ["Session", `${this.#id};timeout=${Math.floor(this.#context.sessionTimeout / 1000)}`];
	}
}

function trackIn({ path, stream }: Player, resource: Resource): number {
	return playedTrack(path, stream.tracks.length, resource);
}
