import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { needs } from "../support/peers.ts";
import { freeUdpPort } from "../support/ports.ts";
import { launchChromium } from "./chromium.ts";
import { play } from "./whep-page.ts";
import { publishFfmpeg, sources, startRoom, until } from "./whep-room.ts";

const login = { username: "viewer", credential: "secret" };

function answers(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1");
		socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
		socket.once("connect", () => socket.destroy());
	});
}

/** Debian's coturn on loopback. */
async function startTurn(): Promise<AsyncDisposable & { port: number }> {
	const port = await freeUdpPort();
	const folder = mkdtempSync(join(tmpdir(), "vedette-turn-"));
	const listen = ["--listening-ip=127.0.0.1", `--listening-port=${port}`, "--relay-ip=127.0.0.1"];
	const users = ["--lt-cred-mech", `--user=${login.username}:${login.credential}`, "--realm=test"];
	const files = [
		`--pidfile=${join(folder, "pid")}`,
		`--userdb=${join(folder, "db")}`,
		`--log-file=${join(folder, "log")}`,
	];
	const rest = ["-n", "--no-tls", "--no-dtls", "--no-cli", "--allow-loopback-peers", "--no-multicast-peers"];
	const child: ChildProcess = spawn("turnserver", [...rest, ...listen, ...users, ...files], { stdio: "ignore" });
	let open = false;
	for (let tries = 0; !open && tries < 100; tries++) {
		open = await answers(port);
		if (!open) await new Promise((resolve) => setTimeout(resolve, 50));
	}
	return {
		port,
		[Symbol.asyncDispose]: async () => {
			child.kill("SIGKILL");
			await once(child, "exit");
			rmSync(folder, { recursive: true });
		},
	};
}

describe("Chromium behind coturn", { timeout: 60_000 }, () => {
	for (const transport of ["udp", "tcp"]) {
		it(`plays through a relay that it reaches by ${transport}`, async (t) => {
			if (!needs(t, "turnserver", "ffmpeg", "chromium")) return;
			await using turn = await startTurn();
			await using room = await startRoom();
			await using camera = await publishFfmpeg(room.hub, "live", sources.baseline);
			await until("pictures", () => camera.publication.stream.ring.join >= 0);
			await using browser = await launchChromium();
			const page = await browser.newPage();
			await page.goto(`${room.url}/`);
			const iceServers = [{ urls: `turn:127.0.0.1:${turn.port}?transport=${transport}`, ...login }];
			const configuration = { iceServers, iceTransportPolicy: "relay" as const };
			const played = await play(page, `${room.url}/live/whep`, { seconds: 2, configuration });
			assert.equal(played.localType, "relay");
			assert.ok(played.received > 5 && played.frames > 2, `${played.received} pictures came, ${played.frames} shown`);
		});
	}
});
