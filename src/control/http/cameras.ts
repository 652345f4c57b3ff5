import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Bounds } from "../../hub/demand/wants.ts";
import type { Reader } from "../../hub/reader.ts";
import { Refused } from "../../hub/refused.ts";
import type { PathName } from "../../media/path-name.ts";
import { bytesIn } from "../ledger.ts";
import { alwaysOn, cameraOf, idOf, type NamedCamera } from "./camera-ids.ts";
import { wanterOf } from "./client.ts";
import type { Guard } from "./guard.ts";
import { cameraOperations as operations } from "./openapi/cameras.ts";
import { about } from "./openapi/operation.ts";
import { HttpRefusal } from "./refusal.ts";
import type { HttpRoom } from "./room.ts";

/** A start by this API lapses after so long without viewers. */
const LAPSE_MS = 300_000;

/** Our words for what a camera does, and this API's. */
const states = { idle: "idle", starting: "starting", live: "active", stopping: "stopping", error: "error" } as const;

const MOST_KBPS = 1_000_000;

/** One of the bandwidths in a start's body, kbit/s. */
function bandwidthOf(body: unknown, name: string): number | undefined {
	const value =
		body !== null && typeof body === "object" && Object.hasOwn(body, name) ? Reflect.get(body, name) : undefined;
	if (value === undefined) return undefined;
	if (typeof value === "number" && value > 0 && value <= MOST_KBPS) return value;
	throw new HttpRefusal(400, `${name}: expected kbit/s, above 0 and at most ${MOST_KBPS}`);
}

/** The body of a start, which may be missing. */
function boundsOf(body: unknown): Bounds {
	if (body !== undefined && body !== null && typeof body !== "object") throw new HttpRefusal(400, "expected an object");
	const maxBandwidth = bandwidthOf(body, "max_bandwidth");
	const minBandwidth = bandwidthOf(body, "min_bandwidth");
	if ((minBandwidth ?? 0) > (maxBandwidth ?? MOST_KBPS)) {
		throw new HttpRefusal(400, "min_bandwidth is above max_bandwidth");
	}
	return { maxBandwidth, minBandwidth };
}

/** When something was, as ISO 8601; `at` in milliseconds of the hub's clock. */
function timeOf({ hub }: HttpRoom, at: number): string {
	return new Date(hub.clock.unix() - (hub.clock.now() - at)).toISOString();
}

/** The names by which this API knows one run of a camera. */
function namesOf(room: HttpRoom, { id, path }: NamedCamera) {
	const run = room.hub.path(path)?.publication?.info.id ?? "none";
	return { session_id: `stream-${id.slice(0, 8)}-${run.slice(0, 8)}`, stream_id: run, camera_id: id };
}

interface Run {
	readonly state: (typeof states)[keyof typeof states];
	/** Unix milliseconds; undefined where it never began. */
	readonly since: number | undefined;
	readonly error: string;
}

/** What a camera does now; undefined where it is asleep or nothing is known of it. */
function runOf({ hub }: HttpRoom, path: PathName): Run | undefined {
	const view = hub.demand.get(path);
	const since = hub.path(path)?.publication?.since;
	if (view && view.state !== "idle" && view.state !== "live") {
		return { state: states[view.state], since: view.since, error: view.error };
	}
	return since === undefined ? undefined : { state: "active", since, error: "" };
}

function statsOf(room: HttpRoom, camera: NamedCamera, run: Run) {
	const { publication, stream } = room.hub.path(camera.path) ?? {};
	const now = room.hub.clock.unix();
	return {
		...namesOf(room, camera),
		state: run.state,
		started_at: run.since === undefined ? null : new Date(run.since).toISOString(),
		stopped_at: null,
		duration_seconds: run.since === undefined ? 0 : Math.max(0, Math.round((now - run.since) / 1000)),
		error_message: run.error || null,
		pipeline_id: camera.path,
		rtp_endpoint_id: publication?.info.id ?? null,
		webrtc_endpoint_id: null,
		viewer_count: stream?.audience ?? 0,
		keepalive_stats: { keepalive_count: 0 },
		manager_stats: { bytes_received: stream ? bytesIn(stream) : 0 },
	};
}

function viewerOf(room: HttpRoom, camera: NamedCamera, { info, joinedAt }: Reader) {
	return {
		viewer_id: info.id,
		...{ camera_id: camera.id, stream_id: namesOf(room, camera).stream_id },
		created_at: timeOf(room, joinedAt),
		webrtc_endpoint_id: info.id,
		connected: true,
		type: info.type,
		user: info.user,
		remote_address: info.remoteAddress,
	};
}

function viewersOf(room: HttpRoom, camera: NamedCamera) {
	const readers = room.hub.path(camera.path)?.stream?.readers ?? [];
	return [...readers].filter(({ info }) => !info.passive).map((reader) => viewerOf(room, camera, reader));
}

/** Whether anything could ever come from a path. */
function isKnown({ hub, config }: HttpRoom, { id, path }: NamedCamera): boolean {
	const declared = Object.hasOwn(config.streams, id) || Object.hasOwn(config.paths, path);
	return declared || hub.demand.get(path) !== undefined || hub.path(path)?.publication !== undefined;
}

/** The camera that a request names, where it may do that. Throws `HttpRefusal` with 401, 403 or 404. */
async function askedFor(room: HttpRoom, guard: Guard, request: FastifyRequest, action: "read" | "control") {
	const camera = cameraOf(room.config.streams, (request.params as { "*": string })["*"]);
	const principal = await guard.admit(request, action, camera.path);
	if (!isKnown(room, camera)) throw new HttpRefusal(404, `there is no camera "${camera.id}"`);
	return { camera, principal };
}

function running(room: HttpRoom, camera: NamedCamera): Run {
	const run = runOf(room, camera.path);
	if (!run) throw notActive(camera);
	return run;
}

function notActive({ id }: NamedCamera): HttpRefusal {
	return new HttpRefusal(404, `No active stream for camera ${id}`);
}

async function start(room: HttpRoom, guard: Guard, request: FastifyRequest) {
	const { camera, principal } = await askedFor(room, guard, request, "control");
	const bounds = boundsOf(request.body);
	const by = wanterOf(request, "api", principal);
	const { before, pictures } = room.hub.demand.start(camera.path, { by, bounds, lapse: LAPSE_MS, givesUp: true });
	if (before !== "idle" && before !== "stopping" && before !== "error") {
		pictures.catch(() => undefined);
		const { session_id } = namesOf(room, camera);
		if (before === "always on") throw alwaysOn(camera.id, { session_id });
		throw new HttpRefusal(409, `camera ${camera.id} is already ${states[before]}`, {}, { session_id });
	}
	try {
		await pictures;
	} catch (error) {
		const reason = error instanceof Refused ? error.message : String(error);
		throw new HttpRefusal(500, `camera ${camera.id} did not start: ${reason}`);
	}
	return statsOf(room, camera, running(room, camera));
}

async function stop(room: HttpRoom, guard: Guard, request: FastifyRequest) {
	const { camera, principal } = await askedFor(room, guard, request, "control");
	const run = runOf(room, camera.path);
	const before = run && statsOf(room, camera, run);
	// Also where nothing runs: a start may be kept of a robot that is not back yet after a restart.
	const found = room.hub.demand.stop(camera.path, wanterOf(request, "api", principal));
	if (found === "always on") throw alwaysOn(camera.id);
	if (!before) throw notActive(camera);
	return {
		...before,
		state: "stopped",
		stopped_at: new Date(room.hub.clock.unix()).toISOString(),
		stats: before.manager_stats,
	};
}

/** Every camera that does something. */
function activeCameras(room: HttpRoom): readonly NamedCamera[] {
	const woken = room.hub.demand.list().filter(({ state }) => state !== "idle");
	const publishing = [...room.hub.paths].filter(({ publication }) => publication);
	const paths = new Set([...woken.map(({ path }) => path), ...publishing.map(({ name }) => name)]);
	return [...paths].sort().map((path) => ({ id: idOf(room.config.streams, path), path }));
}

/** Cameras by their ids, started and stopped: `/streams` and `/viewers`, in the shapes of the livestreaming service that Kurento's users know. */
export function cameraRoutes(app: FastifyInstance, room: HttpRoom, guard: Guard): void {
	app.get("/streams", about(operations.list), async (request) => {
		const principal = await guard.admit(request, "read");
		const streams = activeCameras(room)
			.filter(({ path }) => principal.may("read", path))
			.flatMap((camera) => {
				const run = runOf(room, camera.path);
				return run ? [statsOf(room, camera, run)] : [];
			});
		return { streams, count: streams.length };
	});
	app.get("/streams/*", about(operations.get), async (request) => {
		const { camera, principal } = await askedFor(room, guard, request, "read");
		const stream = statsOf(room, camera, running(room, camera));
		const viewers = principal.may("api", camera.path) ? viewersOf(room, camera) : [];
		return { stream, viewers, viewer_count: stream.viewer_count };
	});
	app.get("/viewers", about(operations.viewers), async (request) => {
		await guard.admit(request, "api");
		const viewers = activeCameras(room).flatMap((camera) => viewersOf(room, camera));
		return { viewers, count: viewers.length };
	});
	app.get("/viewers/*", about(operations.viewersOf), async (request) => {
		const camera = cameraOf(room.config.streams, (request.params as { "*": string })["*"]);
		await guard.admit(request, "api", camera.path);
		if (!isKnown(room, camera)) throw new HttpRefusal(404, `there is no camera "${camera.id}"`);
		const viewers = viewersOf(room, camera);
		return { camera_id: camera.id, viewers, count: viewers.length };
	});
	app.post("/streams/*", about(operations.start, operations.stop), async (request, reply) => {
		const { "*": rest } = request.params as { "*": string };
		const match = /^(.+)\/(start|stop)$/.exec(rest);
		if (!match) throw new HttpRefusal(404, "expected /streams/ID/start or /streams/ID/stop");
		(request.params as { "*": string })["*"] = match[1]!;
		if (match[2] === "stop") return stop(room, guard, request);
		return reply.code(201).send(await start(room, guard, request));
	});
}
