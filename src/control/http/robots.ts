import { isIPv6 } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { parseEnrolment } from "../../wire/invitation.ts";
import { isRobotName } from "../../wire/robot-topics.ts";
import type { RobotList } from "../page-api.ts";
import { type Guard, ipOf } from "./guard.ts";
import { about } from "./openapi/operation.ts";
import { robotOperations as operations } from "./openapi/robots.ts";
import { HttpRefusal } from "./refusal.ts";
import type { HttpRoom } from "./room.ts";

const HOST = /^[A-Za-z0-9.-]{1,253}$/;

/** Whom to invite. Throws an `HttpRefusal` where that is not said. */
function invitationOf({ body }: FastifyRequest) {
	const { name, replace, host } = (body ?? {}) as Readonly<Record<string, unknown>>;
	const isName = typeof name === "string" && isRobotName(name);
	if (!isName) throw new HttpRefusal(400, "expected a name of 1 to 64 letters, digits, _ or -");
	const isHost = host === undefined || (typeof host === "string" && (HOST.test(host) || isIPv6(host)));
	if (!isHost) throw new HttpRefusal(400, "expected a host that is a name or an address, without a port");
	const isFlag = replace === undefined || typeof replace === "boolean";
	if (!isFlag) throw new HttpRefusal(400, "expected replace to be true or false");
	return { name, replace: replace === true, host };
}

function named(request: FastifyRequest): string {
	const { robot } = request.params as { robot: string };
	if (!isRobotName(robot)) throw new HttpRefusal(404, "there is no such robot");
	return robot;
}

const MOST_LISTED = 10_000;

/** Which robots are asked for: those whose name or cameras hold each word, at most so many. */
function searchOf({ query }: FastifyRequest) {
	const { search = "", limit = `${MOST_LISTED}` } = (query ?? {}) as Readonly<Record<string, unknown>>;
	const most = typeof limit === "string" && /^\d{1,5}$/.test(limit) ? Number(limit) : 0;
	if (most < 1 || most > MOST_LISTED) throw new HttpRefusal(400, `limit must be a number from 1 to ${MOST_LISTED}`);
	return { words: String(search).slice(0, 200).toLowerCase().split(/\s+/).filter(Boolean), most };
}

/** Robots: who there are, who may join, and who may not come any more. */
export function robotRoutes(app: FastifyInstance, { robots, hub }: HttpRoom, guard: Guard): void {
	app.get("/api/robots", about(operations.list), async (request, reply): Promise<RobotList> => {
		const principal = await guard.admit(request, "api");
		const { words, most } = searchOf(request);
		reply.header("Cache-Control", "no-store");
		const all = robots.list();
		const found = all.filter(({ name, cameras }) => {
			const text = [name, ...cameras.map(({ path }) => path)].join(" ").toLowerCase();
			return words.every((word) => text.includes(word));
		});
		return {
			now: Math.round(hub.clock.unix()),
			robots: found.slice(0, most),
			found: found.length,
			total: all.length,
			online: all.filter(({ online }) => online).length,
			mayInvite: principal.may("admin"),
		};
	});
	app.post("/api/robots/invite", about(operations.invite), async (request, reply) => {
		await guard.admit(request, "admin");
		const { name, replace, host } = invitationOf(request);
		return reply.code(201).send(robots.invite(name, replace, host));
	});
	app.delete("/api/robots/:robot", about(operations.revoke), async (request, reply) => {
		await guard.admit(request, "admin");
		if (!robots.revoke(named(request))) throw new HttpRefusal(404, `no robot "${named(request)}" has joined`);
		return reply.code(204).send();
	});
}

/** Where a robot joins: its code is its right to, and nobody on the way may read it. */
export function enrolRoutes(app: FastifyInstance, { robots }: HttpRoom): void {
	app.post("/api/robots/enrol", about(operations.enrol), async (request, reply) => {
		if (request.protocol !== "https") throw new HttpRefusal(403, "robots join over TLS only");
		const enrolment = parseEnrolment(request.body);
		if (!enrolment) throw new HttpRefusal(400, "expected name, code, secret and machine");
		return reply.code(201).send(robots.enrol(enrolment, ipOf(request)));
	});
}
