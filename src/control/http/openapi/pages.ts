import { json, refused } from "./answers.ts";
import type { Answer, Operation } from "./operation.ts";
import { object, text } from "./schema.ts";

const html: Answer = { description: "The page", content: { "text/html": { type: "string" } } };
const toLogin: Answer = {
	description: "A browser that may read nothing is sent to the login",
	headers: { Location: "`/login?next=…`." },
};
const notBuilt = refused("The page has not been built");
const script: Answer = { description: "The file", content: { "application/javascript": { type: "string" } } };

const page = { tag: "Pages", answers: { 200: html, 302: toLogin, 503: notBuilt } } as const;

/** What `pageRoutes` serves. */
export const pageOperations = {
	home: {
		id: "home",
		path: "/",
		tag: "Pages",
		summary: "The dashboard, or a greeting for programs",
		answers: {
			...page.answers,
			200: {
				description: "By the `Accept` header",
				content: { ...json(object({ msg: text("A greeting.") })), "text/html": { type: "string" } },
			},
		},
	},
	watch: { ...page, id: "watchPage", path: "/watch/{path}", summary: "The page of one stream" },
	viewer: {
		...page,
		id: "viewerPage",
		path: "/viewer",
		summary: "The page of one camera",
		parameters: [
			{ name: "camera", in: "query", description: "An id of `streams`, or a path.", schema: { type: "string" } },
			{
				name: "autostart",
				in: "query",
				description: "Starts the camera without a click.",
				schema: { type: "string", examples: ["1"] },
			},
		],
	},
	viewerFile: { ...page, id: "viewerFile", path: "/viewer.html", summary: "The same" },
	robots: { ...page, id: "robotsPage", path: "/robots", summary: "The page of all robots" },
	login: {
		id: "loginPage",
		path: "/login",
		tag: "Pages",
		summary: "The page to log in",
		answers: { 200: html, 503: notBuilt },
	},
	asset: {
		id: "asset",
		path: "/assets/{file}",
		tag: "Pages",
		summary: "A file of the page",
		answers: {
			200: { description: "The file", content: { "*/*": {} } },
			403: refused("Not a file's name"),
			404: refused("There is no such file"),
		},
	},
	player: {
		id: "player",
		path: "/vedette-player.js",
		tag: "Pages",
		summary: "The player for other pages",
		answers: { 200: script, 404: refused("The page has not been built") },
	},
	icon: {
		id: "icon",
		path: "/favicon.ico",
		tag: "Pages",
		summary: "Nothing: the page names its own",
		answers: { 204: { description: "Nothing" } },
	},
	document: {
		id: "openapi",
		path: "/openapi.json",
		tag: "Pages",
		summary: "This document",
		answers: { 200: { description: "OpenAPI 3.1", content: json({ type: "object", additionalProperties: true }) } },
	},
	reference: {
		id: "reference",
		path: "/api",
		tag: "Pages",
		summary: "This document for people",
		answers: { 200: html },
	},
} as const satisfies Record<string, Operation>;
