import type { FastifyInstance, FastifyRequest } from "fastify";
import { alwaysOn } from "./camera-ids.ts";
import { wanterOf } from "./client.ts";
import { type Guard, pathNameOf } from "./guard.ts";
import { bridgeOperation } from "./openapi/bridge.ts";
import { about } from "./openapi/operation.ts";
import { HttpRefusal } from "./refusal.ts";
import type { HttpRoom } from "./room.ts";

interface Query {
	readonly robot?: string;
	readonly camera?: string;
}

/** What one camera is asked for, by its robot's and its own name. */
async function ask(room: HttpRoom, guard: Guard, request: FastifyRequest, word: "start" | "stop") {
	const { robot, camera } = request.query as Query;
	if (!robot || !camera) throw new HttpRefusal(400, "expected both robot and camera");
	const path = pathNameOf(`${robot}/${camera}`);
	const by = wanterOf(request, "bridge", await guard.admit(request, "control", path));
	const { demand } = room.hub;
	if (word === "stop") {
		if (demand.stop(path, by) === "always on") throw alwaysOn(path);
		return;
	}
	const { before, pictures } = demand.start(path, { by });
	// Nobody waits for them here.
	pictures.catch(() => undefined);
	if (before === "always on") throw alwaysOn(path);
}

/** The word on the topic that robots know which know nothing else; and whose it is wants it, too. */
async function say(room: HttpRoom, guard: Guard, request: FastifyRequest, word: "start" | "stop") {
	const by = wanterOf(request, "bridge", await guard.admit(request, "control", room.mqtt?.saysTo));
	if (!room.mqtt) throw new HttpRefusal(503, "this relay runs without MQTT");
	try {
		await room.mqtt.say(word, by);
	} catch (error) {
		throw new HttpRefusal(503, error instanceof Error ? error.message : String(error), { "Retry-After": "5" });
	}
}

/** Start and stop for programs that speak nothing but HTTP: `POST /stream/start` and `/stream/stop`, `?robot=&camera=`. */
export function bridgeRoutes(app: FastifyInstance, room: HttpRoom, guard: Guard): void {
	for (const word of ["start", "stop"] as const) {
		app.post(`/stream/${word}`, about(bridgeOperation(word)), async (request) => {
			const { robot, camera } = request.query as Query;
			const named = robot !== undefined || camera !== undefined;
			await (named ? ask : say)(room, guard, request, word);
			return { msg: `Published ${word}` };
		});
	}
}
