declare const brand: unique symbol;

/** The checked name of a place a stream can be, for instance `camera` or `robot1/front`. Made by `parsePathName` only. */
export type PathName = string & { readonly [brand]: "PathName" };

const MAX_LENGTH = 200;

/** First segments that belong to routes of the HTTP server, so that `/PATH/whep` and the like are never ambiguous. */
const reserved: ReadonlySet<string> = new Set([
	"api",
	"assets",
	"control",
	"favicon.ico",
	"health",
	"login",
	"logout",
	"metrics",
	"mqtt",
	"openapi.json",
	"signaling",
	"stream",
	"streams",
	"thumbnails",
	"v3",
	"vedette-player.js",
	"viewer",
	"viewers",
	"watch",
]);

/** What is wrong with a path's name, as the end of a sentence; undefined where it is good. */
export function pathNameFault(text: string): string | undefined {
	if (text.length === 0) return "is empty";
	if (text.length > MAX_LENGTH) return `has ${text.length} characters, at most ${MAX_LENGTH} are allowed`;
	if (!/^[A-Za-z0-9_\-./]+$/.test(text)) return "may hold only letters, digits, _ - . and /";
	const segments = text.split("/");
	if (segments.includes("")) return "may not begin or end with / nor hold two in a row";
	if (segments.includes(".") || segments.includes("..")) return "may not hold a segment . or ..";
	if (reserved.has(segments[0]!)) return `may not begin with "${segments[0]}", which belongs to the web server`;
	return undefined;
}

/** The name as a `PathName`, or undefined where it is not one (`pathNameFault` says why). */
export function parsePathName(text: string): PathName | undefined {
	return pathNameFault(text) === undefined ? (text as PathName) : undefined;
}
