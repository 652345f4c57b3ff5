import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { test } from "node:test";
import { WebSocket } from "ws";
import type { WebRtcDoor, WebRtcOffer } from "../../src/control/http/room.ts";
import { raw, startControl } from "../support/control.ts";
import { until } from "../support/until.ts";

const MOST = 10;
const CAMERA = `access: { anonymous: [publish, read] }
streams: { front: { path: robot1/front, maxViewers: ${MOST} } }`;
const HEADERS = { "content-type": "application/sdp" };
const FULL = `Maximum viewers (${MOST}) reached for stream`;

/** A WebRTC room that keeps offers waiting until they are answered or refused here. */
class SlowDoor implements WebRtcDoor {
	readonly waiting: { readonly offer: WebRtcOffer; answer(): void; refuse(): void }[] = [];
	readonly sessions = new Map<string, WebRtcOffer>();

	offer(offer: WebRtcOffer): ReturnType<WebRtcDoor["offer"]> {
		return new Promise((resolve, reject) => {
			const id = `session-${this.waiting.length}`;
			this.waiting.push({
				offer,
				answer: () => {
					this.sessions.set(id, offer);
					resolve({ id, sdp: "v=0 answer", etag: "e1", leftOut: [] });
				},
				refuse: () => reject(Object.assign(new Error("no common video track"), { status: 406 })),
			});
		});
	}

	async patch() {
		return { etag: "e1", fragment: undefined };
	}

	end({ id }: { readonly id: string }): boolean {
		this.sessions.get(id)?.onEnd?.("the peer ended it");
		return this.sessions.delete(id);
	}
}

/** A room with a camera that ten may watch, and two ways to ask for it. */
async function open() {
	const door = new SlowDoor();
	const room = await startControl(CAMERA, { webrtc: door });
	const whep = (path = "/robot1/front/whep") =>
		raw(room.url(), { method: "POST", path, headers: HEADERS, body: "v=0" });
	const signaling = async () => {
		const socket = new WebSocket(`${room.url().replace("http", "ws")}/signaling`);
		await once(socket, "open");
		socket.send(JSON.stringify({ type: "viewer", cameraId: "front", streamId: "x", sdpOffer: "v=0" }));
		const heard = once(socket, "message").then(([text]): { type: string; message?: string } =>
			JSON.parse(String(text)),
		);
		return { socket, heard };
	};
	const arrive = (count: number) => until(() => door.waiting.length === count, `${count} offers wait`);
	return { door, room, whep, signaling, arrive };
}

test("of twenty offers at the same time ten come in, and the others are told", async () => {
	const { door, room, whep, signaling } = await open();
	await using _room = room;
	const byHttp = Array.from({ length: 10 }, () => whep());
	const bySocket = await Promise.all(Array.from({ length: 10 }, () => signaling()));
	const refused: unknown[] = [];
	for (const answer of byHttp) {
		void answer.then(({ status, headers, body }) => {
			if (status === 503) refused.push([JSON.parse(body).error, headers["vedette-full"]]);
		});
	}
	for (const { heard } of bySocket) void heard.then(({ type, message }) => type === "error" && refused.push(message));
	await until(() => refused.length === 10, "ten are told");
	assert.equal(door.waiting.length, MOST);
	for (const one of refused) assert.deepEqual(one, Array.isArray(one) ? [FULL, `${MOST}`] : FULL);
	for (const { answer } of door.waiting) answer();
	const statuses = (await Promise.all(byHttp)).map(({ status }) => status);
	const types = (await Promise.all(bySocket.map(({ heard }) => heard))).map(({ type }) => type);
	const admitted = [...statuses, ...types].filter((one) => one === 201 || one === "viewerResponse");
	assert.equal(admitted.length, MOST);
	assert.equal((await whep()).status, 503);
	assert.equal(door.sessions.size, MOST);
	for (const { socket } of bySocket) socket.terminate();
});

test("an offer that fails, a session that ends and a viewer who goes away free their places", async () => {
	const { door, room, whep, signaling, arrive } = await open();
	await using _room = room;
	const waiting = Array.from({ length: MOST - 2 }, () => whep());
	await arrive(MOST - 2);
	const leaving = request(`${room.url()}/robot1/front/whep`, { method: "POST", headers: HEADERS });
	leaving.on("error", () => undefined).end("v=0");
	await arrive(MOST - 1);
	const { socket } = await signaling();
	await arrive(MOST);
	assert.equal((await whep()).status, 503);

	door.waiting[0]?.refuse();
	assert.equal((await waiting[0])?.status, 406);
	const second = whep();
	await arrive(MOST + 1);
	assert.equal((await whep()).status, 503);

	leaving.destroy();
	socket.terminate();
	const gone = door.waiting.slice(MOST - 2, MOST);
	await until(() => gone.every(({ offer }) => offer.gone.aborted), "both have gone");
	const [third, fourth] = [whep(), whep()];
	await arrive(MOST + 3);
	assert.equal((await whep()).status, 503);

	for (const { answer } of door.waiting.slice(1)) answer();
	const answers = await Promise.all([...waiting.slice(1), second, third, fourth]);
	assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
	await until(() => door.sessions.size === MOST, "sessions that nobody heard of have ended");
	const path = String(answers[0]?.headers.location);
	assert.equal((await raw(room.url(), { method: "DELETE", path })).status, 200);
	const last = whep();
	await arrive(MOST + 4);
	door.waiting.at(-1)?.answer();
	assert.equal((await last).status, 201);
	assert.equal((await whep()).status, 503);
});

test("publishers and other paths are not counted", async () => {
	const { door, room, whep, arrive } = await open();
	await using _room = room;
	const all = [
		...Array.from({ length: MOST }, () => whep()),
		...Array.from({ length: MOST + 1 }, () => whep("/robot1/back/whep")),
		whep("/robot1/front/whip"),
	];
	await arrive(all.length);
	for (const { answer } of door.waiting) answer();
	for (const answer of all) assert.equal((await answer).status, 201);
});
