import type { FastifyReply, FastifyRequest } from "fastify";
import { HttpRefusal } from "./refusal.ts";

/** First and last byte of a single range (RFC 9110 section 14.1.2); undefined where the header asks for the whole. */
export function byteRange(header: string | undefined, length: number): readonly [number, number] | undefined {
	const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
	if (!match || (match[1] === "" && match[2] === "")) return undefined;
	if (match[1] === "") return [Math.max(0, length - Number(match[2])), length - 1];
	const last = match[2] === "" ? length - 1 : Math.min(Number(match[2]), length - 1);
	return [Number(match[1]), last];
}

/** Answers with the bytes, or with the range of them that was asked for. Throws 416 where there is none. */
export function sendRange({ headers }: FastifyRequest, reply: FastifyReply, bytes: Buffer): FastifyReply {
	reply.header("Accept-Ranges", "bytes");
	const range = byteRange(headers.range, bytes.length);
	if (!range) return reply.send(bytes);
	const [first, last] = range;
	if (first > last) throw new HttpRefusal(416, "no such range", { "Content-Range": `bytes */${bytes.length}` });
	reply.header("Content-Range", `bytes ${first}-${last}/${bytes.length}`);
	return reply.code(206).send(bytes.subarray(first, last + 1));
}
