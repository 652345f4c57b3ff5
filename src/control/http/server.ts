import { once } from "node:events";
import { readFileSync, unlinkSync } from "node:fs";
import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import {
	createServer as createSecureServer,
	type ServerOptions as SecureOptions,
	type Server as SecureServer,
} from "node:https";
import { connect, type ListenOptions } from "node:net";
import type { SecureContext } from "node:tls";
import type { FastifyInstance } from "fastify";
import { TlsMaterial } from "../../access/tls.ts";
import type { Address } from "../../config/address.ts";
import { buildApp, type Role } from "./app.ts";
import { alsoSecure } from "./either.ts";
import { boundPipelining } from "./pipelining.ts";
import type { HttpRoom } from "./room.ts";
import { isWebSocket, routeUpgrades } from "./upgrade.ts";

/** Where the HTTP server listens, with the ports that were given for port 0. */
export interface HttpServer {
	/** Ports by role, in the order of the addresses. */
	readonly ports: Readonly<Record<OpenRole, readonly number[]>>;
	/** Ends all connections. */
	close(): Promise<void>;
}

/** The roles that are listened for by TCP. */
type OpenRole = "all" | "api" | "metrics" | "signaling";

/** The same in TLS; nothing where there is no certificate. */
interface TlsAddresses {
	readonly address: readonly Address[];
	/** File names; empty for none. */
	readonly cert: string;
	readonly key: string;
}

export interface HttpAddresses {
	readonly http: readonly Address[];
	readonly https: TlsAddresses;
	/** For TLS at the addresses of `http` and `signaling`, beside HTTP; undefined for none. */
	readonly tls: (() => SecureContext) | undefined;
	readonly signaling: { readonly address: readonly Address[]; readonly tls: TlsAddresses };
	readonly api: readonly Address[];
	readonly metrics: readonly Address[];
	/** Path of the Unix socket for the relay's own user; undefined for none. */
	readonly socket: string | undefined;
	/** How long a login's cookie is good, in milliseconds. */
	readonly loginTime: number;
}

const MAX_HEADER_BYTES = 16 * 1024;
const KEEP_ALIVE_MS = 30_000;
/** The longest path that a Unix socket can have on every system. */
const MAX_SOCKET_PATH = 100;

type Limits = HttpRoom["config"]["http"];

function optionsOf({ requestTimeout }: Limits): ServerOptions {
	return {
		requestTimeout,
		headersTimeout: requestTimeout,
		connectionsCheckingInterval: Math.min(5000, requestTimeout),
		keepAliveTimeout: KEEP_ALIVE_MS,
		maxHeaderSize: MAX_HEADER_BYTES,
		noDelay: true,
		shouldUpgradeCallback: isWebSocket,
	};
}

/** In TLS: clients that name the host get a renewed certificate at once, the others with the next start. */
function makeSecureServer(listener: RequestListener, limits: Limits, { cert, key }: TlsAddresses): SecureServer {
	const material = new TlsMaterial({ cert, key });
	const files = { cert: readFileSync(cert), key: readFileSync(key) };
	const named: SecureOptions = { SNICallback: (_name, done) => done(null, material.context) };
	return createSecureServer({ ...optionsOf(limits), ...files, ...named }, listener);
}

function makeServer(listener: RequestListener, limits: Limits, tls: TlsAddresses | undefined): Server | SecureServer {
	const server = tls ? makeSecureServer(listener, limits, tls) : createServer(optionsOf(limits), listener);
	server.maxConnections = limits.maxConnections;
	server.maxHeadersCount = 100;
	return server;
}

async function listen(server: Server | SecureServer, options: ListenOptions): Promise<number> {
	const listening = once(server, "listening");
	server.listen(options);
	await listening;
	const address = server.address();
	return typeof address === "object" && address !== null ? address.port : 0;
}

/** Whether somebody answers at a Unix socket. */
function isAlive(path: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(path);
		const tell = (alive: boolean) => {
			socket.destroy();
			resolve(alive);
		};
		socket.on("connect", () => tell(true)).on("error", () => tell(false));
	});
}

async function listenAtSocket(server: Server | SecureServer, path: string): Promise<void> {
	if (await isAlive(path)) throw new Error(`another relay uses ${path}`);
	try {
		unlinkSync(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
	}
	// The file must never be there with more rights than it is to have.
	const before = process.umask(0o177);
	try {
		const listening = once(server, "listening");
		server.listen({ path });
		process.umask(before);
		await listening;
	} finally {
		process.umask(before);
	}
}

/** Builds the routes once for each role and listens on all addresses; what is open is closed again where one fails. */
class Servers {
	readonly ports: Record<OpenRole, number[]> = { all: [], api: [], metrics: [], signaling: [] };
	readonly #room: HttpRoom;
	readonly #loginTime: number;
	readonly #apps: FastifyInstance[] = [];
	readonly #servers: (Server | SecureServer)[] = [];
	/** What ends connections that have not said yet whether they speak TLS. */
	readonly #greetings: (() => void)[] = [];

	constructor(room: HttpRoom, loginTime: number) {
		this.#room = room;
		this.#loginTime = loginTime;
	}

	async open(role: OpenRole, addresses: readonly Address[], tls?: TlsAddresses, either?: () => SecureContext) {
		const secured = tls?.cert && tls.key ? tls : undefined;
		if (addresses.length === 0 && !secured) return;
		const app = await this.#app(role);
		for (const { host, port } of addresses) {
			const server = this.#server(app);
			if (either) this.#greetings.push(alsoSecure(server, either, this.#room.config.http.requestTimeout));
			this.ports[role].push(await listen(server, host === "" ? { port } : { host, port }));
		}
		if (!secured) return;
		for (const { host, port } of secured.address) {
			const server = this.#server(app, secured);
			this.ports[role].push(await listen(server, host === "" ? { port } : { host, port }));
		}
	}

	async openSocket(path: string): Promise<void> {
		if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
			this.#room.log.warn(
				{ path },
				"the state directory's path is too long for a socket: vedette status needs the API",
			);
			return;
		}
		await listenAtSocket(this.#server(await this.#app("local")), path);
	}

	async close(): Promise<void> {
		for (const app of this.#apps) await app.close();
		for (const server of this.#servers) {
			server.close();
			server.closeAllConnections();
		}
		for (const end of this.#greetings) end();
	}

	async #app(role: Role): Promise<FastifyInstance> {
		const app = await buildApp(this.#room, role, this.#loginTime);
		this.#apps.push(app);
		return app;
	}

	#server(app: FastifyInstance, tls?: TlsAddresses): Server | SecureServer {
		const listener = boundPipelining((request, response) => app.routing(request, response));
		const server = makeServer(listener, this.#room.config.http, tls);
		routeUpgrades(server, app);
		this.#servers.push(server);
		return server;
	}
}

/** Opens the web page, WHIP, WHEP and the API. Rejects where an address cannot be listened on (`EADDRINUSE`, …). */
export async function startHttp(room: HttpRoom, addresses: HttpAddresses): Promise<HttpServer> {
	const servers = new Servers(room, addresses.loginTime);
	try {
		await servers.open("all", addresses.http, addresses.https, addresses.tls);
		await servers.open("signaling", addresses.signaling.address, addresses.signaling.tls, addresses.tls);
		await servers.open("api", addresses.api);
		await servers.open("metrics", addresses.metrics);
		if (addresses.socket !== undefined) await servers.openSocket(addresses.socket);
	} catch (error) {
		await servers.close();
		throw error;
	}
	return { ports: servers.ports, close: () => servers.close() };
}
