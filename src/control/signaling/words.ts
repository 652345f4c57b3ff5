/*
 * The two languages of signaling that players of other systems speak: messages named by `type` (viewers by camera id)
 * and by `id` (Kurento's one-to-many tutorial). Pure: text in, what is meant out, and back.
 */

export type Language = "type" | "id";

/** What a client says. */
export type Said =
	| {
			readonly what: "offer";
			readonly direction: "read" | "publish";
			/** Empty where the client names none. */
			readonly camera: string;
			readonly sdp: string;
	  }
	| { readonly what: "candidate" | "stop" | "ping" | "token" }
	| { readonly what: "wrong"; readonly message: string };

/** One message: in which language, what it means, and the token that it carries. */
export interface Heard {
	readonly language: Language;
	readonly said: Said;
	/** What proves who speaks; undefined where it shows nothing. */
	readonly token: string | undefined;
}

const MAX_CAMERA = 300;
const MAX_TOKEN = 4096;

type Fields = Readonly<Record<string, unknown>>;

function textOf(value: unknown, most: number): string {
	return typeof value === "string" && value.length <= most ? value : "";
}

function offerOf(fields: Fields, language: Language, direction: "read" | "publish"): Said {
	const camera = textOf(fields.cameraId ?? fields.camera, MAX_CAMERA);
	const sdp = textOf(fields.sdpOffer, Number.POSITIVE_INFINITY);
	if (sdp !== "" && (language === "id" || camera !== "")) return { what: "offer", direction, camera, sdp };
	const needed = language === "type" ? "cameraId, streamId, sdpOffer" : "sdpOffer";
	return { what: "wrong", message: `Missing required fields: ${needed}` };
}

const table: Readonly<Record<string, (fields: Fields, language: Language) => Said>> = {
	viewer: (fields, language) => offerOf(fields, language, "read"),
	presenter: (fields, language) => offerOf(fields, language, "publish"),
	onIceCandidate: () => ({ what: "candidate" }),
	stop: () => ({ what: "stop" }),
	ping: () => ({ what: "ping" }),
	token: () => ({ what: "token" }),
};

function fieldsOf(text: string): Fields | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null ? (value as Fields) : undefined;
	} catch {
		return undefined;
	}
}

/** Understands a message. */
export function hear(text: string): Heard {
	const fields = fieldsOf(text);
	const language: Language = fields && typeof fields.id === "string" && fields.type === undefined ? "id" : "type";
	const wrong = (message: string): Heard => ({ language, said: { what: "wrong", message }, token: undefined });
	if (!fields) return wrong("Invalid JSON");
	const name = textOf(fields[language], 40);
	const read = Object.hasOwn(table, name) ? table[name] : undefined;
	if (!read) return wrong(`Unknown message ${language}: ${name}`);
	const token = textOf(fields.token, MAX_TOKEN);
	return { language, said: read(fields, language), token: token === "" ? undefined : token };
}

/** What a client is told. */
export type Telling =
	| {
			readonly what: "answer";
			readonly direction: "read" | "publish";
			readonly sdp: string;
			readonly session: string;
	  }
	| { readonly what: "refused"; readonly direction: "read" | "publish"; readonly message: string }
	| { readonly what: "candidate"; readonly candidate: object }
	| { readonly what: "over" | "error"; readonly message: string }
	| { readonly what: "pong" };

function response(direction: "read" | "publish"): string {
	return direction === "read" ? "viewerResponse" : "presenterResponse";
}

/** The message in one of the languages. */
export function say(language: Language, telling: Telling): string {
	return JSON.stringify(language === "id" ? inKurentos(telling) : inTypes(telling));
}

function inKurentos(telling: Telling): object {
	switch (telling.what) {
		case "answer":
			return { id: response(telling.direction), response: "accepted", sdpAnswer: telling.sdp };
		case "refused":
			return { id: response(telling.direction), response: "rejected", message: telling.message };
		case "candidate":
			return { id: "iceCandidate", candidate: telling.candidate };
		case "over":
			return { id: "stopCommunication", message: telling.message };
		case "error":
			return { id: "error", message: telling.message };
		case "pong":
			return { id: "pong" };
	}
}

function inTypes(telling: Telling): object {
	switch (telling.what) {
		case "answer":
			return { type: response(telling.direction), sdpAnswer: telling.sdp, viewerId: telling.session };
		case "candidate":
			return { type: "iceCandidate", candidate: telling.candidate };
		case "over":
			return { type: "stopped", message: telling.message };
		case "refused":
		case "error":
			return { type: "error", message: telling.message };
		case "pong":
			return { type: "pong" };
	}
}

/** The candidates in an answer, one message for each: some clients take none out of the answer itself. */
export function candidatesOf(sdp: string): readonly object[] {
	const found: object[] = [];
	let index = -1;
	let mid = "";
	for (const line of sdp.split(/\r?\n/)) {
		if (line.startsWith("m=")) index += 1;
		if (line.startsWith("a=mid:")) mid = line.slice(6);
		if (line.startsWith("a=candidate:"))
			found.push({ candidate: line.slice(2), sdpMid: mid, sdpMLineIndex: Math.max(index, 0) });
	}
	return found;
}
