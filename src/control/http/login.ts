import type { FastifyInstance } from "fastify";
import { actionsOf } from "../../access/access.ts";
import { type Guard, ipOf, SESSION_COOKIE } from "./guard.ts";
import { loginOperations } from "./openapi/login.ts";
import { about } from "./openapi/operation.ts";
import { isOwnOrigin } from "./origin.ts";
import { HttpRefusal, refusalOf } from "./refusal.ts";
import type { HttpRoom } from "./room.ts";

const loginBody = {
	type: "object",
	required: ["name", "password"],
	additionalProperties: false,
	properties: {
		name: { type: "string", maxLength: 128 },
		password: { type: "string", maxLength: 1024 },
	},
} as const;

const operations = loginOperations(loginBody);

interface LoginBody {
	readonly name: string;
	readonly password: string;
}

/** Logging in and out with a cookie, and who one is. */
export function loginRoutes(app: FastifyInstance, room: HttpRoom, guard: Guard, loginTime: number): void {
	app.post<{ Body: LoginBody }>(
		"/login",
		{ schema: { body: loginBody }, ...about(operations.login) },
		async (request, reply) => {
			const { name, password } = request.body;
			const outcome = await room.access.login(name, password, ipOf(request));
			if (!outcome.ok) {
				const refusal = refusalOf(outcome, request);
				const error = refusal.status === 401 ? "wrong name or password" : refusal.message;
				const again = refusal.headers["Retry-After"];
				if (again) reply.header("Retry-After", again);
				return reply.code(refusal.status).send({ status: "error", error });
			}
			reply.setCookie(SESSION_COOKIE, outcome.session, {
				path: "/",
				httpOnly: true,
				sameSite: "strict",
				secure: request.protocol === "https",
				maxAge: Math.floor(loginTime / 1000),
			});
			return { user: outcome.name };
		},
	);

	app.post("/logout", about(operations.logout), async (request, reply) => {
		if (!isOwnOrigin(request)) throw new HttpRefusal(403, "pages of another site may not log anybody out");
		const session = request.cookies[SESSION_COOKIE];
		if (session !== undefined) room.access.logout(session);
		return reply.clearCookie(SESSION_COOKIE, { path: "/" }).code(204).send();
	});

	app.get("/api/me", about(operations.me), async (request, reply) => {
		reply.header("Cache-Control", "no-store");
		const principal = await guard.recognise(request);
		const mayUse = principal.may("read") || principal.may("publish");
		return {
			user: principal.name,
			may: actionsOf(principal),
			iceServers: mayUse ? room.config.webrtc.iceServers : [],
			rtspPort: room.rtspPort ?? null,
			version: room.version,
		};
	});
}
