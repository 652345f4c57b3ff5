import type { Action } from "../../../access/actions.ts";
import type { Schema } from "./schema.ts";

/** Something that a request or an answer carries, by its media type. */
export type Content = Readonly<Record<string, Schema>>;

/** A header or a part of the query. */
export interface Parameter {
	readonly name: string;
	readonly in: "query" | "header";
	readonly description: string;
	readonly schema: Schema;
	readonly required?: true;
}

export interface Answer {
	readonly description: string;
	/** Left out for an answer without a body. */
	readonly content?: Content;
	/** What its headers say, by their names. */
	readonly headers?: Readonly<Record<string, string>>;
}

/** One thing that can be asked at one address; the method is the one of the route that it is declared at. */
export interface Operation {
	/** Unique, for programs that are made from the document. */
	readonly id: string;
	/** The address; what stands in braces is one of `pathParameters`. */
	readonly path: string;
	readonly tag: Tag;
	/** What it does, in a few words. */
	readonly summary: string;
	readonly description?: string;
	/** The right that it asks for; left out where everybody may. */
	readonly right?: Action;
	readonly parameters?: readonly Parameter[];
	readonly body?: { readonly content: Content; readonly required?: true };
	/** By status; what is said to those who may not is added. */
	readonly answers: Readonly<Record<number, Answer>>;
}

declare module "fastify" {
	interface FastifyContextConfig {
		/** What can be asked at this route: one with a `*` serves several addresses. */
		readonly operations?: readonly Operation[];
	}
}

/** The options of a route that say what can be asked there. */
export function about(...operations: readonly Operation[]): { config: { operations: readonly Operation[] } } {
	return { config: { operations } };
}

/** What operations are about, in the order of the document. */
export const tags = {
	Cameras: "Cameras by their ids, started and stopped.",
	Streams: "What the dashboard shows.",
	Watching: "A stream by WebRTC (WHEP), HLS and WebSocket, and its picture. Also: publishing by WebRTC (WHIP).",
	Bridge: "Start and stop for programs that speak nothing but HTTP, and for robots that ask.",
	Signaling: "WebSocket for players and robots of other systems.",
	Robots: "Who they are, and how they join.",
	Login: "A cookie for pages.",
	Health: "How the relay is.",
	"Control API": "Paths, connections and sessions, in the shapes of MediaMTX's control API.",
	Pages: "Files for browsers.",
} as const;

type Tag = keyof typeof tags;

const word: Schema = { type: "string", pattern: "^[A-Za-z0-9_-]{1,64}$" };

/** What stands in braces in an address. */
export const pathParameters: Readonly<Record<string, { readonly description: string; readonly schema: Schema }>> = {
	path: {
		description: "A path's name. The slashes in it may stand as they are.",
		schema: { type: "string", pattern: "^[A-Za-z0-9_\\-./]+$", maxLength: 200, examples: ["robot1/front"] },
	},
	id: {
		description: "An id of the configuration's `streams`, or a path's name.",
		schema: { type: "string", minLength: 1, examples: ["56C1CADCF1FA4C6CAEBA3E2FD85EFEBF"] },
	},
	session: { description: "The session's id.", schema: { type: "string", minLength: 1, examples: ["c2Vzc2lvbg"] } },
	robot: { description: "A robot's name.", schema: { ...word, examples: ["robot1"] } },
	camera: {
		description: "The name of one of its cameras.",
		schema: { ...word, examples: ["front"] },
	},
	file: {
		description: "A file's name, as another file names it.",
		schema: { type: "string", minLength: 1, examples: ["1f_seg7.mp4"] },
	},
};
