import { refused, told } from "./answers.ts";
import type { Operation, Parameter } from "./operation.ts";

const paging: readonly Parameter[] = [
	{
		name: "page",
		in: "query",
		description: "Which page, from 0.",
		schema: { type: "integer", minimum: 0, maximum: 1_000_000, default: 0 },
	},
	{
		name: "itemsPerPage",
		in: "query",
		description: "How many of them on one.",
		schema: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
	},
];

const ofPath: Parameter = { name: "path", in: "query", description: "Of this path only.", schema: { type: "string" } };

const common = { tag: "Control API", right: "api" } as const;
const wrongPage = refused("Not a page's number");

/** What `v3Routes` serves beside sessions. */
export const v3Operations = {
	info: {
		...common,
		id: "info",
		path: "/v3/info",
		summary: "The relay's version",
		answers: { 200: told("Info", "It") },
	},
	paths: {
		...common,
		id: "pathsList",
		path: "/v3/paths/list",
		summary: "All paths",
		parameters: paging,
		answers: { 200: told("PathList", "One page"), 400: wrongPage },
	},
	path: {
		...common,
		id: "pathsGet",
		path: "/v3/paths/get/{path}",
		summary: "One path",
		answers: { 200: told("Path", "It"), 404: refused("There is no such path") },
	},
	muxers: {
		...common,
		id: "hlsMuxersList",
		path: "/v3/hlsmuxers/list",
		summary: "What is made into HLS",
		parameters: paging,
		answers: { 200: told("MuxerList", "One page"), 400: wrongPage },
	},
	muxer: {
		...common,
		id: "hlsMuxersGet",
		path: "/v3/hlsmuxers/get/{path}",
		summary: "One path that is made into HLS",
		answers: { 200: told("Muxer", "It"), 404: refused("It is not made into HLS") },
	},
	forwards: {
		...common,
		id: "forwardsList",
		path: "/v3/paths/forward/list",
		summary: "Where paths are pushed on to",
		parameters: [...paging, ofPath],
		answers: { 200: told("ForwardList", "One page"), 400: wrongPage },
	},
	forward: {
		...common,
		id: "forwardsGet",
		path: "/v3/paths/forward/get",
		summary: "One address that a path is pushed on to",
		parameters: [
			ofPath,
			{ name: "id", in: "query", description: "Its id in the list.", schema: { type: "string" }, required: true },
		],
		answers: { 200: told("Forward", "It"), 404: refused("There is none of this id") },
	},
} as const satisfies Record<string, Operation>;

/** The connections or sessions of one protocol; `name` as in the address, for instance `rtspsessions`. */
export function sessionOperations(name: string) {
	const gone = refused("There is none of this id");
	return {
		list: {
			...common,
			id: `${name}List`,
			path: `/v3/${name}/list`,
			summary: `All ${name}`,
			parameters: paging,
			answers: { 200: told("SessionList", "One page"), 400: wrongPage },
		},
		get: {
			...common,
			id: `${name}Get`,
			path: `/v3/${name}/get/{session}`,
			summary: `One of the ${name}`,
			answers: { 200: told("Session", "It"), 404: gone },
		},
		kick: {
			...common,
			id: `${name}Kick`,
			path: `/v3/${name}/kick/{session}`,
			summary: `End one of the ${name}`,
			answers: { 200: told("Done", "It has ended"), 404: gone },
		},
	} as const satisfies Record<string, Operation>;
}
