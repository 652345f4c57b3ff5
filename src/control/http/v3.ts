import type { FastifyInstance } from "fastify";
import type { Guard } from "./guard.ts";
import { about } from "./openapi/operation.ts";
import { sessionOperations, v3Operations } from "./openapi/v3.ts";
import { HttpRefusal } from "./refusal.ts";
import type { HttpRoom, SessionSource } from "./room.ts";
import { idlePathItem, type PathItem, pathItem } from "./v3-path.ts";

interface ListQuery {
	readonly page?: string;
	readonly itemsPerPage?: string;
}

const DEFAULT_ITEMS = 100;
const MAX_ITEMS = 1000;

function numberOf(text: string | undefined, preset: number, least: number, most: number, name: string): number {
	if (text === undefined) return preset;
	const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
	if (value < least || value > most) throw new HttpRefusal(400, `${name} must be a number from ${least} to ${most}`);
	return value;
}

/** One page of a list, in the shape of MediaMTX's control API. */
function paginate<T>(items: readonly T[], { page, itemsPerPage }: ListQuery) {
	const count = numberOf(itemsPerPage, DEFAULT_ITEMS, 1, MAX_ITEMS, "itemsPerPage");
	const at = numberOf(page, 0, 0, 1_000_000, "page");
	return {
		itemCount: items.length,
		pageCount: Math.ceil(items.length / count),
		items: items.slice(at * count, (at + 1) * count),
	};
}

/** Names of single paths that the configuration has. */
export function configuredNames({ config }: Pick<HttpRoom, "config">): string[] {
	return Object.keys(config.paths).filter((key) => key !== "all_others" && !key.includes("*"));
}

function allPaths(room: HttpRoom): PathItem[] {
	const items = new Map(configuredNames(room).map((name) => [name, idlePathItem(name)]));
	for (const path of room.hub.paths) items.set(path.name, pathItem(path, room.ledger));
	return [...items.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function pathRoutes(app: FastifyInstance, room: HttpRoom, guard: Guard): void {
	app.get<{ Querystring: ListQuery }>("/v3/paths/list", about(v3Operations.paths), async (request) => {
		await guard.admit(request, "api");
		return paginate(allPaths(room), request.query);
	});
	app.get<{ Params: { "*": string } }>("/v3/paths/get/*", about(v3Operations.path), async (request) => {
		await guard.admit(request, "api");
		const name = request.params["*"];
		for (const path of room.hub.paths) if (path.name === name) return pathItem(path, room.ledger);
		if (configuredNames(room).includes(name)) return idlePathItem(name);
		throw new HttpRefusal(404, "path not found");
	});
}

function muxerRoutes(app: FastifyInstance, { hls }: HttpRoom, guard: Guard): void {
	app.get<{ Querystring: ListQuery }>("/v3/hlsmuxers/list", about(v3Operations.muxers), async (request) => {
		await guard.admit(request, "api");
		return paginate(hls?.muxers() ?? [], request.query);
	});
	app.get<{ Params: { "*": string } }>("/v3/hlsmuxers/get/*", about(v3Operations.muxer), async (request) => {
		await guard.admit(request, "api");
		const found = hls?.muxers().find(({ path }) => path === request.params["*"]);
		if (!found) throw new HttpRefusal(404, "muxer not found");
		return found;
	});
}

/** As in MediaMTX; without `path` those of all paths. */
function forwardRoutes(app: FastifyInstance, { forwards }: HttpRoom, guard: Guard): void {
	app.get<{ Querystring: ListQuery & { readonly path?: string } }>(
		"/v3/paths/forward/list",
		about(v3Operations.forwards),
		async (request) => {
			await guard.admit(request, "api");
			return paginate(forwards?.list(request.query.path) ?? [], request.query);
		},
	);
	app.get<{ Querystring: { readonly path?: string; readonly id?: string } }>(
		"/v3/paths/forward/get",
		about(v3Operations.forward),
		async (request) => {
			await guard.admit(request, "api");
			const found = forwards?.list(request.query.path).find(({ id }) => id === request.query.id);
			if (!found) throw new HttpRefusal(404, "path or forward destination not found");
			return found;
		},
	);
}

function sessionRoutes(app: FastifyInstance, guard: Guard, name: string, source: SessionSource): void {
	const operations = sessionOperations(name);
	app.get<{ Querystring: ListQuery }>(`/v3/${name}/list`, about(operations.list), async (request) => {
		await guard.admit(request, "api");
		return paginate(source.list(), request.query);
	});
	app.get<{ Params: { id: string } }>(`/v3/${name}/get/:id`, about(operations.get), async (request) => {
		await guard.admit(request, "api");
		const found = source.list().find(({ id }) => id === request.params.id);
		if (!found) throw new HttpRefusal(404, "session not found");
		return found;
	});
	app.post<{ Params: { id: string } }>(`/v3/${name}/kick/:id`, about(operations.kick), async (request) => {
		await guard.admit(request, "api");
		if (!source.kick?.(request.params.id)) throw new HttpRefusal(404, "session not found");
		return { status: "ok" };
	});
}

/** The part of MediaMTX's control API that tells about paths and sessions. */
export function v3Routes(app: FastifyInstance, room: HttpRoom, guard: Guard): void {
	app.get("/v3/info", about(v3Operations.info), async (request) => {
		await guard.admit(request, "api");
		return { version: `vedette ${room.version}`, started: new Date(room.startedAt).toISOString() };
	});
	pathRoutes(app, room, guard);
	forwardRoutes(app, room, guard);
	muxerRoutes(app, room, guard);
	for (const [name, source] of Object.entries(room.sessions)) sessionRoutes(app, guard, name, source);
}
