import { json, refused, told } from "./answers.ts";
import type { Operation } from "./operation.ts";
import { count, flag, list, number, object, ref, text } from "./schema.ts";

const invite = object(
	{ name: text("The robot's name to be.", { pattern: "^[A-Za-z0-9_-]{1,64}$" }) },
	{
		replace: flag("Whether it takes the place of a robot of that name."),
		host: text("How robots reach the relay; a name or an address, without a port.", {
			anyOf: [{ pattern: "^[A-Za-z0-9.-]{1,253}$" }, { format: "ipv6" }],
		}),
	},
);

/** What `robotRoutes` and `enrolRoutes` serve. */
export const robotOperations = {
	list: {
		id: "listRobots",
		path: "/api/robots",
		tag: "Robots",
		summary: "Robots and their cameras",
		right: "api",
		parameters: [
			{
				name: "search",
				in: "query",
				description: "Words that the robot's name or its cameras' paths hold.",
				schema: { type: "string" },
			},
			{
				name: "limit",
				in: "query",
				description: "So many at most.",
				schema: { type: "integer", minimum: 1, maximum: 10_000, default: 10_000 },
			},
		],
		answers: {
			400: refused("Not a number of robots"),
			200: {
				description: "Those that joined or are here",
				content: json(
					object({
						now: number("Unix milliseconds by the relay's clock."),
						robots: list(ref("Robot")),
						found: count("How many fit the search."),
						total: count("How many there are."),
						online: count("How many of all are here."),
						mayInvite: flag("Whether the caller may invite one."),
					}),
				),
			},
		},
	},
	invite: {
		id: "inviteRobot",
		path: "/api/robots/invite",
		tag: "Robots",
		summary: "Let a robot join by one line",
		right: "admin",
		body: { content: json(invite), required: true },
		answers: {
			201: told("Invitation", "The line, good for 15 minutes and one robot"),
			400: refused("Not a body of this kind"),
			409: refused("The name is taken (`replace`), or the broker is not the relay's own"),
			503: refused("Too many robots are invited already"),
		},
	},
	revoke: {
		id: "revokeRobot",
		path: "/api/robots/{robot}",
		tag: "Robots",
		summary: "Let a robot come no more",
		description: "Its stream and its connections end at once.",
		right: "admin",
		answers: { 204: { description: "It may not come any more" }, 404: refused("No such robot has joined") },
	},
	enrol: {
		id: "enrolRobot",
		path: "/api/robots/enrol",
		tag: "Robots",
		summary: "Join, as a robot that holds an invitation",
		description: "The invitation's code is the right to. Over TLS only.",
		body: { content: json(ref("Enrolment")), required: true },
		answers: {
			201: told("Welcome", "It has joined"),
			400: refused("Not a body of this kind"),
			403: refused("Not over TLS, or the invitation is not good (any more)"),
			409: refused("The name has been taken meanwhile"),
		},
	},
} as const satisfies Record<string, Operation>;
