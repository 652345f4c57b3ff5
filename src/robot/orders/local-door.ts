import { rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import type { Address } from "../../config/address.ts";
import type { Log } from "../../observe/log.ts";
import type { StateReport } from "../../wire/robot-messages.ts";

/** What can be asked of a robot on its own machine. Each throws an `Error` for people where it cannot be done. */
export interface LocalDesk {
	/** `camera` undefined: all of them. `seconds` undefined: as configured. */
	trigger(camera: string | undefined, name: string, seconds: number | undefined): void;
	pause(camera: string | undefined, paused: boolean): void;
	/** By the camera's name. */
	status(): Readonly<Record<string, StateReport>>;
}

type Route = (desk: LocalDesk, camera: string | undefined, query: URLSearchParams) => void;

const MAX_NAME = 64;
const MOST_CONNECTIONS = 50;
const REQUEST_TIMEOUT_MS = 5000;
const MAX_SECONDS = 86_400;

const routes: Readonly<Record<string, Route>> = {
	trigger: (desk, camera, query) => {
		const name = (query.get("name") ?? "a local request").slice(0, MAX_NAME);
		desk.trigger(camera, name, secondsOf(query.get("seconds")));
	},
	pause: (desk, camera) => desk.pause(camera, true),
	resume: (desk, camera) => desk.pause(camera, false),
};

/** Only these may be asked by HTTP; who may use the socket's file may do all. */
const overHttp: ReadonlySet<string> = new Set(["trigger"]);

function secondsOf(text: string | null): number | undefined {
	if (text === null) return undefined;
	const seconds = Number(text);
	if (!(seconds > 0 && seconds <= MAX_SECONDS))
		throw new Error(`expected seconds from 1 to ${MAX_SECONDS}, got ${text}`);
	return seconds;
}

/** The socket by which the command line talks to the robot of that name that runs here. */
export function robotSocket(stateDir: string, robot: string): string {
	return join(stateDir, `robot-${robot}.sock`);
}

/**
 * Answers those on the robot's own machine: `POST /trigger[/CAMERA]?name=&seconds=`, `POST /pause[/CAMERA]`,
 * `POST /resume[/CAMERA]` and `GET /status` on a socket that only its owner can open, and `POST /trigger` by HTTP on
 * loopback, where that is configured.
 */
export class LocalDoor implements AsyncDisposable {
	readonly #servers: readonly Server[];

	private constructor(servers: readonly Server[]) {
		this.#servers = servers;
	}

	/** `socket` undefined: none. Rejects where an address is taken; a robot whose socket is taken goes without it. */
	static async open(
		desk: LocalDesk,
		socket: string | undefined,
		addresses: readonly Address[],
		log: Log,
	): Promise<LocalDoor> {
		const own = socket === undefined ? [] : await openSocket(desk, socket, log);
		const http = addresses.map((address) => listening(desk, (route) => overHttp.has(route), address));
		return new LocalDoor([...own, ...(await Promise.all(http))]);
	}

	/** Of the HTTP addresses. */
	get ports(): readonly number[] {
		const places = this.#servers.map((server) => server.address());
		return places.filter((place) => typeof place === "object").map((place) => place?.port ?? 0);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await Promise.all(
			this.#servers.map((server) => {
				server.closeAllConnections();
				return new Promise((resolve) => server.close(resolve));
			}),
		);
	}
}

async function openSocket(desk: LocalDesk, path: string, log: Log): Promise<Server[]> {
	if (await isAnswered(path)) {
		log.warn({ socket: path }, "another robot of this name runs here: this one cannot be paused from the command line");
		return [];
	}
	rmSync(path, { force: true });
	return [await listening(desk, () => true, { path, readableAll: false, writableAll: false })];
}

function isAnswered(path: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(path);
		socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
		socket.once("connect", () => socket.destroy());
	});
}

function listening(desk: LocalDesk, allowed: (route: string) => boolean, where: object): Promise<Server> {
	const limits = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS };
	const server = createServer(limits, (request, response) => answer(desk, allowed, request, response));
	server.maxConnections = MOST_CONNECTIONS;
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(where, () => resolve(server));
	});
}

function answer(
	desk: LocalDesk,
	allowed: (route: string) => boolean,
	request: IncomingMessage,
	response: ServerResponse,
) {
	request.resume();
	const url = URL.parse(request.url ?? "/", "http://robot");
	if (!url) return say(response, 400, { error: "not an address" });
	const [, route = "", camera] = url.pathname.split("/");
	// A page in a browser on this machine may not pull the trigger: such requests carry an origin.
	if (request.headers.origin !== undefined) return say(response, 403, { error: "not from a web page" });
	if (request.method === "GET" && route === "status" && allowed(route)) return say(response, 200, desk.status());
	const act = Object.hasOwn(routes, route) && allowed(route) ? routes[route] : undefined;
	if (!act) return say(response, 404, { error: "not found" });
	if (request.method !== "POST") return say(response, 405, { error: "use POST" });
	try {
		act(desk, camera, url.searchParams);
		say(response, 200, desk.status());
	} catch (error) {
		say(response, 400, { error: error instanceof Error ? error.message : String(error) });
	}
}

function say(response: ServerResponse, status: number, body: object): void {
	response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}
