import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { clientOf } from "./client.ts";
import { goneOf } from "./gone.ts";
import { type Guard, pathNameOf } from "./guard.ts";
import { about } from "./openapi/operation.ts";
import { webrtcOperations } from "./openapi/watching.ts";
import { HttpRefusal } from "./refusal.ts";
import type { HttpRoom, WebRtcDoor, WebRtcSessionName } from "./room.ts";

const OFFER = "application/sdp";
const FRAGMENT = "application/trickle-ice-sdpfrag";

const whip = webrtcOperations("whip");
const whep = webrtcOperations("whep");

interface Endpoint {
	readonly name: string;
	readonly kind: "whip" | "whep";
	/** Empty on the endpoint itself. */
	readonly id: string;
}

type Iced = Pick<HttpRoom["config"]["webrtc"], "iceServers">;

/** `/robot1/front/whep/SESSION` taken apart; undefined for any other address. */
function endpointOf(request: FastifyRequest): Endpoint | undefined {
	const { "*": rest } = request.params as { "*": string };
	const match = /^(.+)\/(whip|whep)(?:\/([A-Za-z0-9_-]{1,64}))?$/.exec(rest);
	return match ? { name: match[1]!, kind: match[2] as "whip" | "whep", id: match[3] ?? "" } : undefined;
}

function endpoint(request: FastifyRequest): Endpoint {
	const found = endpointOf(request);
	if (!found) throw new HttpRefusal(404, "not found");
	return found;
}

/** The session that the address names. Its id is the right to change it. */
function session(request: FastifyRequest): WebRtcSessionName {
	const { name, kind, id } = endpoint(request);
	if (id === "")
		throw new HttpRefusal(405, "this is done to a session, at the Location of the answer", { Allow: "POST" });
	return { direction: kind === "whip" ? "publish" : "read", path: pathNameOf(name), id };
}

function quoted(text: string): string {
	return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** The ICE servers as RFC 9725 section 4.6 writes them. */
function iceLinks({ iceServers }: Iced): string[] {
	return iceServers.flatMap(({ urls, username, credential }) =>
		urls.map((url) => {
			const login = username === undefined ? "" : `; username=${quoted(username)}`;
			const secret = credential === undefined ? "" : `; credential=${quoted(credential)}; credential-type="password"`;
			return `<${url}>; rel="ice-server"${login}${secret}`;
		}),
	);
}

function door(room: HttpRoom): WebRtcDoor {
	if (room.webrtc) return room.webrtc;
	throw new HttpRefusal(503, "this relay runs without WebRTC");
}

function body(request: FastifyRequest, type: string): string {
	const sent = (request.headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase();
	if (sent !== type) throw new HttpRefusal(415, `expected Content-Type ${type}, got ${sent.slice(0, 80) || "none"}`);
	if (typeof request.body !== "string" || request.body === "") throw new HttpRefusal(400, "the body is empty");
	return request.body;
}

async function offer(room: HttpRoom, guard: Guard, request: FastifyRequest, reply: FastifyReply) {
	const gone = goneOf(reply);
	const { name, kind, id } = endpoint(request);
	if (id !== "") throw new HttpRefusal(405, "a session takes PATCH and DELETE", { Allow: "PATCH, DELETE" });
	const path = pathNameOf(name);
	const direction = kind === "whip" ? "publish" : "read";
	const principal = await guard.admit(request, direction, path);
	const sdp = body(request, OFFER);
	const answer = await door(room).offer({ direction, path, sdp, principal, ...clientOf(request), gone });
	// Nobody has heard of this session.
	if (gone.aborted) door(room).end({ direction, path, id: answer.id });
	if (answer.leftOut.length > 0) reply.header("Vedette-Left-Out", asciiJson(answer.leftOut));
	reply.header("Link", iceLinks(room.config.webrtc));
	return reply
		.code(201)
		.type(OFFER)
		.header("Location", `/${path}/${kind}/${answer.id}`)
		.header("ETag", `"${answer.etag}"`)
		.header("Accept-Patch", FRAGMENT)
		.send(answer.sdp);
}

/** JSON that a header can carry. */
function asciiJson(value: unknown): string {
	return JSON.stringify(value).replaceAll(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

async function patch(room: HttpRoom, request: FastifyRequest, reply: FastifyReply) {
	const name = session(request);
	const fragment = body(request, FRAGMENT);
	const ifMatch = request.headers["if-match"]?.replace(/^"(.*)"$/, "$1");
	const answer = await door(room).patch(name, fragment, ifMatch);
	if (answer.fragment === undefined) return reply.code(204).send();
	return reply.code(200).type(FRAGMENT).header("ETag", `"${answer.etag}"`).send(answer.fragment);
}

/** WHIP (RFC 9725) and WHEP: `POST /PATH/whip`, `POST /PATH/whep`, and what is done to their sessions. */
export function webrtcRoutes(app: FastifyInstance, room: HttpRoom, guard: Guard): void {
	for (const type of [OFFER, FRAGMENT]) {
		app.addContentTypeParser(type, { parseAs: "string" }, (_request, text, done) => done(null, text));
	}
	app.post("/*", about(whip.offer, whep.offer), (request, reply) => offer(room, guard, request, reply));
	app.patch("/*", about(whip.patch, whep.patch), (request, reply) => patch(room, request, reply));
	app.delete("/*", about(whip.end, whep.end), async (request, reply) => {
		const name = session(request);
		if (!door(room).end(name)) throw new HttpRefusal(404, "there is no such session");
		return reply.code(200).send();
	});
	app.options("/*", about(whip.options, whep.options), async (request, reply) => {
		const { name, kind } = endpoint(request);
		await guard.admit(request, kind === "whip" ? "publish" : "read", pathNameOf(name));
		reply.header("Link", iceLinks(room.config.webrtc));
		return reply.header("Accept-Post", OFFER).code(204).send();
	});
}
