import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { MqttConnection } from "../../src/net/mqtt.ts";
import { createLog } from "../../src/observe/log.ts";
import { robotTopic, type TopicKind } from "../../src/wire/robot-topics.ts";
import { heldBytes, inspectable } from "../soak/support/heap.ts";
import { freeUdpPorts } from "../support/ports.ts";
import { until } from "../support/until.ts";

const ROBOTS = 1000;
/** They do not come all in the same moment. */
const AT_ONCE = 100;
const MOST_BYTES = 200_000_000;
const vedette = join(import.meta.dirname, "../../bin/vedette");
const log = createLog({ level: "silent", file: "", format: "json" });

/** Memory of a process that is its own, in bytes. */
function residentBytes(pid: number): number {
	return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** `vedette relay --open` as it is installed, on free ports of loopback. */
async function startRelay(parts: AsyncDisposableStack) {
	const stateDir = mkdtempSync(join(tmpdir(), "vedette-many-"));
	parts.defer(() => rmSync(stateDir, { recursive: true, force: true }));
	const local = ["http", "rtsp", "mqtt", "webrtc"].map((part) => `${part}.address=127.0.0.1:0`);
	const none = ["rtsp.rtpAddress", "rtsp.rtcpAddress", "rtmp.address", "srt.address", "signaling.address"];
	const rest = ["log.format=json", `stateDir=${stateDir}`, "api.address=", "metrics.address="];
	const settings = [...local, ...none.map((key) => `${key}=`), ...rest].flatMap((setting) => ["--set", setting]);
	const child = spawn(vedette, ["relay", "--open", ...settings], { stdio: ["ignore", "pipe", "inherit"] });
	const closed = once(child, "close");
	parts.defer(async () => {
		child.kill("SIGKILL");
		await closed;
	});
	for await (const line of createInterface(child.stdout)) {
		if (!line.startsWith("{")) continue;
		const said = JSON.parse(line) as { msg: string; http: number[]; mqtt: number[] };
		if (said.msg !== "the relay is running") continue;
		child.stdout.resume();
		return {
			pid: child.pid!,
			httpUrl: `http://127.0.0.1:${said.http[0]}`,
			mqttUrl: `mqtt://127.0.0.1:${said.mqtt[0]}`,
		};
	}
	throw new Error("the relay ended");
}

async function compile(): Promise<void> {
	await using parts = new AsyncDisposableStack();
	const { pid } = await startRelay(parts);
	process.kill(pid, "SIGTERM");
	await until(() => !existsSync(`/proc/${pid}`), "the relay ends");
}

/** A robot as far as the broker is concerned: it is there, sleeps, and counts its orders. */
class Sleeper implements AsyncDisposable {
	orders = 0;
	readonly #connection: MqttConnection;

	constructor(url: string, robot: string) {
		const topic = (kind: TopicKind, camera?: string) => robotTopic("vedette", { robot, camera, kind });
		const say = (kind: TopicKind, camera: string | undefined, text: object) =>
			this.#connection.publish({ topic: topic(kind, camera), payload: JSON.stringify(text), retain: true });
		const session = robot;
		const gone = () => ({ topic: topic("available"), payload: '{"state":"offline"}', retain: true });
		this.#connection = new MqttConnection(
			{ url, clientId: `vedette-${robot}`, filters: [topic("time"), topic("order", "front")] },
			{
				will: gone,
				onUp: () => {
					say("available", undefined, { state: "online", session, cameras: ["front"] });
					say("state", "front", { state: "idle", session, reason: "nobody wants it" });
				},
				onDown: () => undefined,
				onMessage: (at) => {
					if (at.endsWith("/order")) this.orders += 1;
				},
			},
			log,
		);
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.#connection.close();
	}
}

test("a thousand sleeping robots need less than 200 MB of the relay", { timeout: 180_000 }, async (t) => {
	// The first start of all compiles, which takes memory of its own.
	await compile();
	await using parts = new AsyncDisposableStack();
	const inspector = await freeUdpPorts([0]);
	const relay = await inspectable(inspector, () => startRelay(parts));
	const before = residentBytes(relay.pid);
	const sleepers: Sleeper[] = [];
	let count = 0;
	const online = async () => {
		// Looking at all of them again and again would be most of the work, and of the garbage.
		await pause(200);
		const answer = await fetch(`${relay.httpUrl}/api/robots?limit=1`);
		count = ((await answer.json()) as { online: number }).online;
		return count >= sleepers.length;
	};
	while (sleepers.length < ROBOTS) {
		for (let n = 0; n < AT_ONCE; n++) sleepers.push(parts.use(new Sleeper(relay.mqttUrl, `robot${sleepers.length}`)));
		await until(online, () => `${count} robots are online`, 60_000);
	}
	const held = await heldBytes(relay.pid, inspector);
	await until(
		() => residentBytes(relay.pid) < MOST_BYTES,
		() => `${residentBytes(relay.pid)} bytes`,
	);
	const [now, first] = [residentBytes(relay.pid), before].map((bytes) => Math.round(bytes / 1e6));
	t.diagnostic(`${now} MB with ${ROBOTS} robots, ${first} MB without; ${Math.round(held / 1e6)} MB of it JavaScript's`);
	const last = sleepers.at(-1)!;
	const asked = last.orders;
	const query = `robot=robot${ROBOTS - 1}&camera=front`;
	const started = await fetch(`${relay.httpUrl}/stream/start?${query}`, { method: "POST" });
	assert.equal(started.status, 200, await started.text());
	await until(() => last.orders > asked, "the last robot hears its order");
});
