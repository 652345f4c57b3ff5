import { json, refused, told } from "./answers.ts";
import type { Operation } from "./operation.ts";
import { object, type Schema, text } from "./schema.ts";

/** What `loginRoutes` serves; `body` is checked by it, too. */
export function loginOperations(body: Schema) {
	return {
		login: {
			id: "login",
			path: "/login",
			tag: "Login",
			summary: "Log in with a cookie",
			body: { content: json(body), required: true },
			answers: {
				200: {
					description: "Logged in",
					content: json(object({ user: text("The user's name.") })),
					headers: { "Set-Cookie": "httpOnly, SameSite=Strict." },
				},
				400: refused("Not a body of this kind"),
				401: refused("Wrong name or password, after up to 4 s"),
				429: { ...refused("Too many failures from this address"), headers: { "Retry-After": "Seconds." } },
			},
		},
		logout: {
			id: "logout",
			path: "/logout",
			tag: "Login",
			summary: "Log out",
			answers: { 204: { description: "The cookie is gone and worthless" }, 403: refused("A page of another site") },
		},
		me: {
			id: "whoAmI",
			path: "/api/me",
			tag: "Login",
			summary: "Who one is, and what one may do",
			description: "Never 401: nobody in particular may do what anonymous visitors may.",
			answers: { 200: told("Me", "You") },
		},
	} as const satisfies Record<string, Operation>;
}
