/**
 * What a relay and its robots say to each other: JSON of MQTT topics (`robot-topics.ts`) and of the polling route. Bytes
 * from outside come in by the `parse…` functions, which give undefined for what is not of the form.
 */

/** What a camera's stream is doing. `error`: it ought to run and cannot; it is tried again. */
export type StreamState = "idle" | "starting" | "live" | "stopping" | "error";

/** Bounds of the encoder's bitrate, in kbit/s. */
export interface Bounds {
	readonly maxBitrate?: number;
	readonly minBitrate?: number;
}

/** `PREFIX/ROBOT/available`, retained; the last will says `offline` with the same session. */
export interface Availability {
	readonly state: "online" | "offline";
	/** New for each connection: the will of an old one marks nobody offline. */
	readonly session: string;
	/** The robot's cameras by name; of a birth. */
	readonly cameras?: readonly string[];
	/** Those of them that run whether somebody wants them or not. */
	readonly alwaysOn?: readonly string[];
}

/** `PREFIX/ROBOT/time`: the relay's answer to a birth, by which the robot tells whether an order is late. */
export interface TimeTold {
	readonly session: string;
	/** Unix milliseconds of the relay's clock. */
	readonly now: number;
}

/** `PREFIX/ROBOT/CAMERA/stream/set`: what somebody would like. */
export interface Wanted extends Bounds {
	readonly do: "start" | "stop";
}

/** `PREFIX/ROBOT/CAMERA/stream/order`, never retained: the relay's order. */
export interface Order extends Bounds {
	readonly id: string;
	readonly do: "start" | "stop" | "keyframe";
	/** Unix milliseconds of the relay's clock; later than that it is not obeyed. */
	readonly expires: number;
}

/** Why a stream runs without an order: something happened at the robot. */
interface TriggerTold {
	readonly name: string;
	/** Seconds it goes on from now. */
	readonly seconds: number;
}

/** `PREFIX/ROBOT/CAMERA/stream/state`, retained. */
export interface StateReport {
	readonly state: StreamState;
	readonly session: string;
	/** The last order that was obeyed, or answered again. */
	readonly order?: string;
	/** The orders that this answers, where they are not that one alone: of many at once each is named in one report. */
	readonly orders?: readonly string[];
	/** Why it is so, for people. */
	readonly reason?: string;
	readonly trigger?: TriggerTold;
	/** Somebody at the robot holds the camera still. */
	readonly paused?: boolean;
	/** Orders that came too late to be obeyed. */
	readonly late?: number;
}

/** `PREFIX/ROBOT/CAMERA/stats`: every 2 s while live, every 60 s while idle. */
export interface Stats {
	/** kbit/s that left. */
	readonly bitrate: number;
	readonly fps: number;
	/** Pictures that were not sent because the link was slower than the camera. */
	readonly dropped: number;
	/** Milliseconds to the relay and back, where the protocol tells. */
	readonly rtt?: number;
	/** Part of the packets that were lost, 0 to 1, where the protocol tells. */
	readonly loss?: number;
	/** Degrees Celsius of the machine. */
	readonly temperature?: number;
}

/** Longer messages are not read. */
const MAX_LENGTH = 4096;
const MAX_TEXT = 500;
const MAX_CAMERAS = 64;
const MAX_ORDERS = 1000;
const MAX_TRIGGER_S = 86_400;
const MAX_KBPS = 1_000_000;

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(text: string): Fields | undefined {
	if (text.length > MAX_LENGTH || !text.startsWith("{")) return undefined;
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

const isText = (value: unknown): value is string => typeof value === "string" && value.length <= MAX_TEXT;
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

function oneOf<T extends string>(value: unknown, ...allowed: readonly T[]): T | undefined {
	return allowed.find((word) => word === value);
}

/** The bounds that are there; undefined where one is no bitrate, or the lower one is above the upper one. */
function boundsOf({ maxBitrate, minBitrate }: Fields): Bounds | undefined {
	const good = [maxBitrate, minBitrate].every((v) => v === undefined || (isNumber(v) && v > 0 && v <= MAX_KBPS));
	if (!good || Number(minBitrate ?? 0) > Number(maxBitrate ?? MAX_KBPS)) return undefined;
	return {
		...(maxBitrate !== undefined && { maxBitrate: Number(maxBitrate) }),
		...(minBitrate !== undefined && { minBitrate: Number(minBitrate) }),
	};
}

const bare: ReadonlyMap<string, Wanted> = new Map([
	["start", { do: "start" }],
	["stop", { do: "stop" }],
	["ON", { do: "start" }],
	["OFF", { do: "stop" }],
]);

/** Reads `start`, `stop`, `ON`, `OFF` or `{"do":"start","maxBitrate":…}`. */
export function parseWanted(text: string): Wanted | undefined {
	const word = bare.get(text.trim());
	if (word) return word;
	const fields = fieldsOf(text);
	const what = oneOf(fields?.do, "start", "stop");
	const bounds = fields && boundsOf(fields);
	return what && bounds ? { do: what, ...bounds } : undefined;
}

export function parseOrder(text: string): Order | undefined {
	const fields = fieldsOf(text);
	const what = oneOf(fields?.do, "start", "stop", "keyframe");
	const bounds = fields && boundsOf(fields);
	if (!what || !bounds || !isText(fields.id) || !isNumber(fields.expires)) return undefined;
	return { id: fields.id, do: what, expires: fields.expires, ...bounds };
}

export function parseTimeTold(text: string): TimeTold | undefined {
	const fields = fieldsOf(text);
	if (!isText(fields?.session) || !isNumber(fields.now)) return undefined;
	return { session: fields.session, now: fields.now };
}

export function parseAvailability(text: string): Availability | undefined {
	const fields = fieldsOf(text);
	const state = oneOf(fields?.state, "online", "offline");
	if (!state || !isText(fields?.session)) return undefined;
	const { cameras, alwaysOn } = fields;
	return {
		state,
		session: fields.session,
		...(areTexts(cameras, MAX_CAMERAS) && { cameras }),
		...(areTexts(alwaysOn, MAX_CAMERAS) && { alwaysOn }),
	};
}

function areTexts(value: unknown, most: number): value is string[] {
	return Array.isArray(value) && value.length <= most && value.every(isText);
}

export function parseStateReport(text: string): StateReport | undefined {
	const fields = fieldsOf(text);
	const state = oneOf(fields?.state, "idle", "starting", "live", "stopping", "error");
	if (!state || !isText(fields?.session)) return undefined;
	const { order, orders, reason, paused, late } = fields;
	const trigger = triggerOf(fields.trigger);
	return {
		state,
		session: fields.session,
		...(isText(order) && { order }),
		...(areTexts(orders, MAX_ORDERS) && { orders }),
		...(isText(reason) && { reason }),
		...(trigger && { trigger }),
		...(paused === true && { paused }),
		...(isNumber(late) && { late }),
	};
}

function triggerOf(value: unknown): TriggerTold | undefined {
	if (typeof value !== "object" || value === null) return undefined;
	const { name, seconds } = value as Fields;
	const isTime = isNumber(seconds) && seconds >= 0 && seconds <= MAX_TRIGGER_S;
	return isText(name) && isTime ? { name, seconds } : undefined;
}

export function parseStats(text: string): Stats | undefined {
	const fields = fieldsOf(text);
	const { bitrate, fps, dropped, rtt, loss, temperature } = fields ?? {};
	if (!isNumber(bitrate) || !isNumber(fps) || !isNumber(dropped)) return undefined;
	return {
		bitrate,
		fps,
		dropped,
		...(isNumber(rtt) && { rtt }),
		...(isNumber(loss) && { loss }),
		...(isNumber(temperature) && { temperature }),
	};
}
