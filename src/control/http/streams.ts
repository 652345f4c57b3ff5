import type { ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Principal } from "../../access/access.ts";
import { NO_SOURCE } from "../../hub/refused.ts";
import { type PathName, parsePathName } from "../../media/path-name.ts";
import type { StreamInfo, Streams } from "../page-api.ts";
import { streamDemand, withoutAddresses } from "../stream-demand.ts";
import { offlineView, streamView } from "../stream-view.ts";
import { cameraOf } from "./camera-ids.ts";
import type { Guard } from "./guard.ts";
import { about } from "./openapi/operation.ts";
import { streamOperations as operations } from "./openapi/streams.ts";
import { HttpRefusal } from "./refusal.ts";
import type { HttpRoom } from "./room.ts";
import { configuredNames } from "./v3.ts";

const PERIOD_MS = 1000;
/** A listener's right to listen is looked at again this often. */
const RECHECK_TICKS = 15;
const MAX_LISTENERS = 2000;
/** A listener that has not taken this much is left out until it has. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Every stream there is, by name. */
function allStreams({ hub, ledger, thumbnails, config }: HttpRoom): readonly StreamInfo[] {
	const woken = hub.demand.list();
	const known = [...configuredNames({ config }), ...woken.map(({ path }) => path)];
	const views = new Map(known.map((name) => [name, offlineView(name)]));
	const demands = new Map(woken.map((view) => [view.path as string, view]));
	const faults = new Map<string, string>(hub.sourceFaults);
	const now = hub.clock.now();
	for (const path of hub.paths) {
		const picture = path.stream && thumbnails.version(path.stream, now);
		views.set(path.name, streamView(hub, ledger, path, picture));
	}
	return [...views.values()]
		.map((view) => ({
			...view,
			demand: streamDemand(demands.get(view.name)),
			sourceFault: faults.get(view.name) ?? null,
		}))
		.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One stream; a path of which nothing is known is offline. */
function oneStream({ hub, ledger, thumbnails }: HttpRoom, name: PathName): StreamInfo {
	const path = hub.path(name);
	const picture = path?.stream && thumbnails.version(path.stream, hub.clock.now());
	const view = path ? streamView(hub, ledger, path, picture) : offlineView(name);
	return { ...view, demand: streamDemand(hub.demand.get(name)), sourceFault: hub.sourceFaults.get(name) ?? null };
}

/** For who may not know from where others come, and where sources are. */
function discreet(view: StreamInfo): StreamInfo {
	const { publisher, demand, sourceFault } = view;
	return {
		...view,
		publisher: publisher && { ...publisher, address: null },
		demand: demand && withoutAddresses(demand),
		sourceFault: sourceFault && NO_SOURCE,
	};
}

/** What one principal may see of it. */
function visible(all: readonly StreamInfo[], principal: Principal): readonly StreamInfo[] {
	const seen = all.filter(({ name }) => principal.may("read", parsePathName(name)));
	return principal.may("api") ? seen : seen.map(discreet);
}

function listOf(room: HttpRoom, all: readonly StreamInfo[], principal: Principal): Streams {
	return { now: Math.round(room.hub.clock.unix()), streams: visible(all, principal) };
}

interface Listener {
	readonly request: FastifyRequest;
	readonly response: ServerResponse;
	principal: Principal;
}

/** Tells all listeners once a second what `GET /api/streams` would answer. */
class Feed {
	readonly #room: HttpRoom;
	readonly #guard: Guard;
	readonly #listeners = new Set<Listener>();
	#timer: NodeJS.Timeout | undefined;
	#ticks = 0;

	constructor(room: HttpRoom, guard: Guard) {
		this.#room = room;
		this.#guard = guard;
	}

	add(request: FastifyRequest, reply: FastifyReply, principal: Principal): void {
		if (this.#listeners.size >= MAX_LISTENERS) {
			throw new HttpRefusal(503, `${MAX_LISTENERS} pages listen already`, { "Retry-After": "10" });
		}
		reply.hijack();
		const response = reply.raw;
		for (const [name, value] of Object.entries(reply.getHeaders()))
			if (value !== undefined) response.setHeader(name, value);
		response.writeHead(200, {
			"Content-Type": "text/event-stream",
			"Cache-Control": "no-store",
			"X-Accel-Buffering": "no",
		});
		const listener = { request, response, principal };
		this.#listeners.add(listener);
		response.on("close", () => this.#remove(listener));
		response.write("retry: 2000\n\n");
		response.write(this.#event(allStreams(this.#room), principal));
		this.#timer ??= setInterval(() => this.#tick(), PERIOD_MS).unref();
	}

	close(): void {
		for (const { response } of this.#listeners) response.end();
	}

	#remove(listener: Listener): void {
		this.#listeners.delete(listener);
		if (this.#listeners.size > 0) return;
		clearInterval(this.#timer);
		this.#timer = undefined;
	}

	#tick(): void {
		const all = allStreams(this.#room);
		const recheck = ++this.#ticks % RECHECK_TICKS === 0;
		// What one user may see, every page of that user is told.
		const events = new Map<string, string>();
		for (const listener of this.#listeners) {
			if (recheck) void this.#recheck(listener);
			const { response, principal } = listener;
			const event = events.get(principal.identity) ?? this.#event(all, principal);
			events.set(principal.identity, event);
			if (response.writableLength <= MAX_UNSENT_BYTES) response.write(event);
		}
	}

	#event(all: readonly StreamInfo[], principal: Principal): string {
		return `event: streams\ndata: ${JSON.stringify(listOf(this.#room, all, principal))}\n\n`;
	}

	async #recheck(listener: Listener): Promise<void> {
		try {
			listener.principal = await this.#guard.admit(listener.request, "read");
		} catch {
			listener.response.end();
		}
	}
}

/** The list of streams, once and as events. */
export function streamRoutes(app: FastifyInstance, room: HttpRoom, guard: Guard): void {
	const feed = new Feed(room, guard);
	app.addHook("preClose", async () => feed.close());

	app.get("/api/streams", about(operations.list), async (request, reply) => {
		const principal = await guard.admit(request, "read");
		reply.header("Cache-Control", "no-store");
		return listOf(room, allStreams(room), principal);
	});

	app.get<{ Params: { "*": string } }>("/api/streams/*", about(operations.get), async (request, reply) => {
		const { path } = cameraOf(room.config.streams, request.params["*"]);
		const principal = await guard.admit(request, "read", path);
		reply.header("Cache-Control", "no-store");
		const stream = oneStream(room, path);
		return { now: Math.round(room.hub.clock.unix()), stream: principal.may("api") ? stream : discreet(stream) };
	});

	app.get("/api/events", { exposeHeadRoute: false, ...about(operations.events) }, async (request, reply) => {
		const principal = await guard.admit(request, "read");
		feed.add(request, reply, principal);
		return reply;
	});
}
