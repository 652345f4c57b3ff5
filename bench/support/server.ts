import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { relaySchema } from "../../src/config/relay-schema.ts";
import type { FloorHandlers } from "../floor.ts";
import { Child } from "./child.ts";
import { freePorts, listening } from "./ports.ts";
import { cpuMs, descendants, residentBytes } from "./usage.ts";

/** A server that does the work that is measured, in processes of its own. */
export interface Server extends AsyncDisposable {
	readonly pid: number;
	readonly rtspPort: number;
	/** Ports of RTSP's RTP and RTCP. */
	readonly rtpPorts: readonly [rtp: number, rtcp: number];
	/** UDP and TCP. */
	readonly webrtcPort: number;
	readonly httpPort: number;
	/** Where viewers of a path POST their offer; undefined where there is no WebRTC. */
	whep(path: string): string | undefined;
	/** Any page of the server's HTTP port. */
	http(path: string): string;
	/** Where a path is published to and read from by RTMP, and by SRT; undefined where the server has none. */
	rtmp(path: string): string | undefined;
	srt(path: string, goal: "publish" | "read"): string | undefined;
	/** Milliseconds of processor time so far, of all its processes. */
	cpuMs(): number;
	/** Bytes of memory in use. */
	residentBytes(): number;
}

interface StartOptions {
	/** Sender threads. */
	readonly threads?: number;
	/** The processor that it has to do with. */
	readonly core?: number;
}

/** What can be started for a way. */
export interface Candidate {
	readonly name: string;
	start(options?: StartOptions): Promise<Server>;
}

const START_TIMEOUT_MS = 20_000;

interface Ports {
	readonly rtsp: number;
	readonly rtp: number;
	readonly http: number;
	readonly webrtc: number;
	readonly rtmp: number;
	readonly srt: number;
}

async function ports(): Promise<Ports> {
	const [rtsp = 0, rtp = 0, http = 0, webrtc = 0, rtmp = 0, srt = 0] = await freePorts(6);
	return { rtsp, rtp, http, webrtc, rtmp, srt };
}

/** A server that was started by a command line. */
class CommandServer implements Server {
	readonly rtspPort: number;
	readonly rtpPorts: readonly [number, number];
	readonly webrtcPort: number;
	readonly httpPort: number;
	readonly #ports: Ports;
	readonly #process: ChildProcess;
	readonly #done: () => void;
	#output = "";

	constructor(
		ports: Ports,
		command: readonly string[],
		environment: Readonly<Record<string, string>>,
		done: () => void,
	) {
		const [program = "", ...args] = command;
		this.#ports = ports;
		this.rtspPort = ports.rtsp;
		this.rtpPorts = [ports.rtp, ports.rtp + 1];
		this.webrtcPort = ports.webrtc;
		this.httpPort = ports.http;
		this.#done = done;
		this.#process = spawn(program, args, {
			env: { ...process.env, ...environment },
			stdio: ["ignore", "pipe", "pipe"],
		});
		const keep = (text: Buffer) => {
			this.#output = (this.#output + text.toString()).slice(-4000);
		};
		this.#process.stdout?.on("data", keep);
		this.#process.stderr?.on("data", keep);
		this.#process.once("error", (error) => keep(Buffer.from(error.message)));
	}

	/** Resolves when it listens; rejects with what it printed. */
	async ready(): Promise<this> {
		const alive = () => this.#process.exitCode === null && this.#process.pid !== undefined;
		const up = await listening(this.rtspPort, START_TIMEOUT_MS, alive);
		if (up && (await listening(this.httpPort, START_TIMEOUT_MS, alive))) return this;
		await this[Symbol.asyncDispose]();
		throw new Error(`the server did not start:\n${this.#output}`);
	}

	whep(path: string): string {
		return this.http(`/${path}/whep`);
	}

	http(path: string): string {
		return `http://127.0.0.1:${this.httpPort}${path}`;
	}

	rtmp(path: string): string {
		return `rtmp://127.0.0.1:${this.#ports.rtmp}/${path}`;
	}

	srt(path: string, goal: "publish" | "read"): string {
		return `srt://127.0.0.1:${this.#ports.srt}?streamid=${goal}:${path}`;
	}

	get pid(): number {
		return this.#process.pid ?? 0;
	}

	cpuMs(): number {
		return this.#pids().reduce((sum, pid) => sum + cpuMs(pid), 0);
	}

	residentBytes(): number {
		return this.#pids().reduce((sum, pid) => sum + residentBytes(pid), 0);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		if (this.#process.pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null) {
			const gone = once(this.#process, "exit");
			this.#process.kill("SIGTERM");
			const late = setTimeout(() => this.#process.kill("SIGKILL"), 5000);
			await gone;
			clearTimeout(late);
		}
		this.#done();
	}

	#pids(): number[] {
		const { pid } = this.#process;
		return pid === undefined ? [] : [pid, ...descendants(pid)];
	}
}

/** Doors of the relay that the bench does not use. */
function closed(settings: Readonly<Record<string, string>>): string[] {
	const doors = Object.entries(relaySchema.parse({})).flatMap(([name, section]) =>
		typeof section === "object" && "address" in section ? [name] : [],
	);
	return doors.map((name) => `${name}.address`).filter((key) => !Object.hasOwn(settings, key));
}

/** The relay of this tree; at its end it writes a processor profile into the folder `profile`, where one is given. */
export const vedette = (profile?: string): Candidate => ({
	name: "vedette",
	async start({ threads, core } = {}) {
		const at = await ports();
		const state = mkdtempSync(join(tmpdir(), "vedette-bench-"));
		const settings = {
			stateDir: state,
			"http.address": `127.0.0.1:${at.http}`,
			"rtsp.address": `127.0.0.1:${at.rtsp}`,
			"rtsp.rtpAddress": `127.0.0.1:${at.rtp}`,
			"rtsp.rtcpAddress": `127.0.0.1:${at.rtp + 1}`,
			"webrtc.address": `127.0.0.1:${at.webrtc}`,
			"rtmp.address": `127.0.0.1:${at.rtmp}`,
			"srt.address": `127.0.0.1:${at.srt}`,
			"log.level": "warn",
			...(threads === undefined ? {} : { threads: String(threads) }),
		};
		const command = [
			...(core === undefined ? [] : ["taskset", "-c", String(core)]),
			...[new URL("../../bin/vedette", import.meta.url).pathname, "relay", "--open"],
			...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
			...closed(settings).flatMap((key) => ["--set", `${key}=""`]),
		];
		const environment: Record<string, string> = profile ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` } : {};
		const done = () => rmSync(state, { recursive: true, force: true });
		return new CommandServer(at, command, environment, done).ready();
	},
});

/** The bare program of `floor.ts`. */
export const floor: Candidate = {
	name: "floor",
	async start() {
		const { rtsp } = await ports();
		const child = new Child<FloorHandlers>(new URL("../floor.ts", import.meta.url));
		await child.ask("start", rtsp);
		return {
			pid: child.pid,
			rtspPort: rtsp,
			rtpPorts: [0, 0],
			webrtcPort: 0,
			httpPort: 0,
			whep: () => undefined,
			rtmp: (path) => `tcp://127.0.0.1:${rtsp}/${path}`,
			srt: (path) => `udp://127.0.0.1:${rtsp}/${path}`,
			http: (path) => path,
			cpuMs: () => cpuMs(child.pid),
			residentBytes: () => residentBytes(child.pid),
			[Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
		};
	},
};

/**
 * Another server, by the command that starts it: `{rtsp}`, `{rtp}`, `{http}` and `{webrtc}` in it are the ports. MediaMTX
 * is told its ports by its own environment.
 */
export function peer(name: string, command: string): Candidate {
	return {
		name,
		async start() {
			const at = await ports();
			const words = command
				.split(" ")
				.map((word) => word.replace(/\{(\w+)\}/g, (_, key) => String(at[key as keyof Ports])));
			return new CommandServer(at, words, mediamtx(at), () => {}).ready();
		},
	};
}

function mediamtx(at: Ports): Record<string, string> {
	return {
		MTX_RTSPADDRESS: `127.0.0.1:${at.rtsp}`,
		MTX_RTPADDRESS: `127.0.0.1:${at.rtp}`,
		MTX_RTCPADDRESS: `127.0.0.1:${at.rtp + 1}`,
		MTX_WEBRTCADDRESS: `127.0.0.1:${at.http}`,
		MTX_WEBRTCLOCALUDPADDRESS: `127.0.0.1:${at.webrtc}`,
		MTX_WEBRTCADDITIONALHOSTS: "127.0.0.1",
		MTX_RTMPADDRESS: `127.0.0.1:${at.rtmp}`,
		MTX_HLS: "no",
		MTX_SRTADDRESS: `127.0.0.1:${at.srt}`,
		MTX_MOQ: "no",
		MTX_RTSPTRANSPORTS: "udp,tcp",
		MTX_PATHS_ALL_OTHERS_SOURCE: "publisher",
		MTX_LOGLEVEL: "warn",
	};
}
