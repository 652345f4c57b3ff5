/** RTSP messages, RFC 2326 sections 4 to 7 and 12. Pure. */

/** Bytes of a start line and its headers together. */
export const MAX_HEAD_BYTES = 16_384;
const MAX_HEADERS = 64;
const MAX_URL_BYTES = 2048;
/** An SDP of 64 media with long parameters stays far below. */
export const MAX_BODY_BYTES = 131_072;

/** Headers in the order in which they came; names in lower case when read, as given when written. */
export type Headers = readonly (readonly [name: string, value: string])[];

export interface Request {
	readonly kind: "request";
	readonly method: string;
	readonly url: string;
	readonly headers: Headers;
	readonly body: string;
}

export interface Response {
	readonly kind: "response";
	readonly status: number;
	readonly reason: string;
	readonly headers: Headers;
	readonly body: string;
}

export type Message = Request | Response;

/** The peer sent something that is no RTSP: it gets `status` and its connection ends. */
export class RtspError extends Error {
	override name = "RtspError";
	readonly status: number;

	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

/** The reason phrases that Vedette sends (RFC 2326 section 7.1.1). */
const reasons: Readonly<Record<number, string>> = {
	200: "OK",
	301: "Moved Permanently",
	302: "Moved Temporarily",
	400: "Bad Request",
	401: "Unauthorized",
	403: "Forbidden",
	404: "Not Found",
	406: "Not Acceptable",
	413: "Request Entity Too Large",
	415: "Unsupported Media Type",
	453: "Not Enough Bandwidth",
	454: "Session Not Found",
	455: "Method Not Valid in This State",
	459: "Aggregate Operation Not Allowed",
	461: "Unsupported Transport",
	500: "Internal Server Error",
	501: "Not Implemented",
	503: "Service Unavailable",
	505: "RTSP Version Not Supported",
	551: "Option not supported",
};

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** A message without its body, and how many bytes of body follow. */
export interface Head {
	readonly message: Message;
	readonly bodyBytes: number;
}

/** Parses a start line and headers, without the empty line that ends them. Throws RtspError. */
export function parseHead(text: string): Head {
	const [start = "", ...lines] = text.split(/\r?\n/);
	const headers = parseHeaders(lines);
	const bodyBytes = parseLength(headers);
	return { message: { ...parseStart(start), headers, body: "" }, bodyBytes };
}

type Start = Pick<Request, "kind" | "method" | "url"> | Pick<Response, "kind" | "status" | "reason">;

function parseStart(line: string): Start {
	const response = /^RTSP\/1\.\d (\d{3})(?: (.*))?$/.exec(line);
	if (response) return { kind: "response", status: Number(response[1]), reason: response[2] ?? "" };
	const request = /^(\S+) +(\S+) +RTSP\/(\d)\.\d *$/.exec(line);
	const [, method = "", url = "", major] = request ?? [];
	if (!request || !token.test(method)) throw new RtspError(400, `not a line of RTSP: "${line.slice(0, 40)}"`);
	if (major !== "1") throw new RtspError(505, `RTSP version ${major}, this is version 1`);
	if (url.length > MAX_URL_BYTES) throw new RtspError(400, `a URL of ${url.length} bytes, at most ${MAX_URL_BYTES}`);
	return { kind: "request", method, url };
}

function parseHeaders(lines: readonly string[]): Headers {
	const headers: [string, string][] = [];
	for (const line of lines) {
		const last = headers[headers.length - 1];
		if (last && /^[ \t]/.test(line)) {
			last[1] += ` ${line.trim()}`;
			continue;
		}
		const at = line.indexOf(":");
		const name = line.slice(0, Math.max(0, at)).trim();
		if (!token.test(name)) throw new RtspError(400, `not a header: "${line.slice(0, 40)}"`);
		if (headers.length === MAX_HEADERS) throw new RtspError(400, `more than ${MAX_HEADERS} headers`);
		headers.push([name.toLowerCase(), line.slice(at + 1).trim()]);
	}
	return headers;
}

function parseLength(headers: Headers): number {
	const text = headerOf({ headers }, "content-length");
	if (text === undefined) return 0;
	if (!/^\d{1,10}$/.test(text)) throw new RtspError(400, `Content-Length is no number: "${text.slice(0, 20)}"`);
	const length = Number(text);
	if (length > MAX_BODY_BYTES) throw new RtspError(413, `a body of ${length} bytes, at most ${MAX_BODY_BYTES}`);
	return length;
}

/** The value of the first header of that (lower-case) name. */
export function headerOf(message: { readonly headers: Headers }, name: string): string | undefined {
	return message.headers.find(([one]) => one.toLowerCase() === name)?.[1];
}

/** The values of all headers of that (lower-case) name. */
export function headersOf(message: { readonly headers: Headers }, name: string): string[] {
	return message.headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
}

/** Writes a request with its Content-Length. */
export function writeRequest(method: string, url: string, headers: Headers, body = ""): Buffer {
	return write(`${method} ${url} RTSP/1.0`, headers, body);
}

/** Writes a response with its Content-Length; `reason` is the phrase for `status` unless it is given. */
export function writeResponse(status: number, headers: Headers, body = "", reason = reasons[status] ?? ""): Buffer {
	return write(`RTSP/1.0 ${status} ${reason}`, headers, body);
}

function write(start: string, headers: Headers, body: string): Buffer {
	const lines = [start, ...headers.map(([name, value]) => `${name}: ${value}`)];
	if (body) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
	// What a peer sent may come back in a reason or a header: it must not begin a line of its own.
	const head = lines.map((line) => line.replace(/\p{Cc}+/gu, " ")).join("\r\n");
	return Buffer.from(`${head}\r\n\r\n${body}`);
}
