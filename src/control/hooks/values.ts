import type { PublisherInfo } from "../../hub/path.ts";
import type { ReaderInfo } from "../../hub/reader.ts";

/** What commands are told, in the names of MediaMTX. */
export type Values = Readonly<Record<string, string>>;

/** Parts of a query that are nobody's business but the relay's. */
const secret = /^(user|pass|password|token|jwt)$/i;

/** A query as one word of letters, digits, `_ . ~ -` and `%`: decoded once, it is what was sent, without credentials. */
export function safeQuery(query: string): string {
	const parts = query.split("&").filter((part) => !secret.test(part.split("=", 1)[0]!));
	return encodeURIComponent(parts.join("&").toWellFormed()).replaceAll(
		/[!'()*]/g,
		(letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
	);
}

/** What the stars of a path's pattern stand for in its name, as `G1`, `G2` … */
function groups(pattern: string, name: string): Values {
	const parts = pattern.split("*").map((part) => part.replaceAll(/[.\-/]/g, "\\$&"));
	if (parts.length < 2) return {};
	const match = new RegExp(`^${parts.join("(.*)")}$`).exec(name);
	return Object.fromEntries((match ?? []).slice(1).map((text, index) => [`G${index + 1}`, text]));
}

/** For every hook of a path. `confName` is its key in the configuration. */
export function pathValues(name: string, confName: string, rtspPort: number): Values {
	return { MTX_PATH: name, RTSP_PATH: name, RTSP_PORT: String(rtspPort), ...groups(confName, name) };
}

export function sourceValues({ type, id, query }: PublisherInfo): Values {
	return { MTX_QUERY: safeQuery(query ?? ""), MTX_SOURCE_TYPE: type, MTX_SOURCE_ID: id };
}

export function readerValues({ type, id, query }: ReaderInfo): Values {
	return { MTX_QUERY: safeQuery(query ?? ""), MTX_READER_TYPE: type, MTX_READER_ID: id };
}
