import { type AmfValue, decodeAmf, encodeAmf } from "./amf0.ts";
import { COMMAND_AMF0, COMMAND_AMF3, DATA_AMF0, DATA_AMF3, type Message } from "./message.ts";

/** A command or an answer to one (RTMP 1.0 section 7.2). */
export interface Command {
	readonly name: string;
	/** 0 where no answer is expected. */
	readonly transaction: number;
	/** The message stream that it came on. */
	readonly stream: number;
	/** The command object first. */
	readonly values: readonly AmfValue[];
}

/** AMF3 messages carry AMF0 behind one byte (section 7.1.1). */
function valuesOf({ type, body }: Message): AmfValue[] {
	const wrapped = (type === COMMAND_AMF3 || type === DATA_AMF3) && body[0] === 0;
	return decodeAmf(wrapped ? body.subarray(1) : body);
}

/** Undefined for what is no command. Throws `AmfError`. */
export function readCommand(message: Message): Command | undefined {
	if (message.type !== COMMAND_AMF0 && message.type !== COMMAND_AMF3) return undefined;
	const [name, transaction, ...values] = valuesOf(message);
	if (typeof name !== "string") return undefined;
	return { name, transaction: typeof transaction === "number" ? transaction : 0, stream: message.stream, values };
}

export function writeCommand({ name, transaction, stream, values }: Command): Message {
	return { type: COMMAND_AMF0, stream, timestamp: 0, body: encodeAmf(name, transaction, ...values) };
}

/** The properties in a data message that describes the stream (`onMetaData`); undefined for another one. */
export function readMetadata(message: Message): Readonly<Record<string, AmfValue>> | undefined {
	if (message.type !== DATA_AMF0 && message.type !== DATA_AMF3) return undefined;
	const values = valuesOf(message);
	const at = values.indexOf("onMetaData");
	const properties = at < 0 ? undefined : values[at + 1];
	return isObject(properties) ? properties : undefined;
}

export function writeData(stream: number, ...values: readonly AmfValue[]): Message {
	return { type: DATA_AMF0, stream, timestamp: 0, body: encodeAmf(...values) };
}

export function isObject(value: AmfValue): value is Readonly<Record<string, AmfValue>> {
	return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map);
}

/** The text at `key` of an object; empty where there is none. */
export function textIn(value: AmfValue, key: string): string {
	const text = isObject(value) ? value[key] : undefined;
	return typeof text === "string" ? text : "";
}

/** The number at `key` of an object; undefined where there is none. */
export function numberIn(value: AmfValue, key: string): number | undefined {
	const number = isObject(value) ? value[key] : undefined;
	return typeof number === "number" ? number : undefined;
}

export type Level = "status" | "error";

/** `onStatus` on a message stream (section 7.2.2). */
export function statusOn(stream: number, level: Level, code: string, description: string, status?: number): Message {
	const information = { level, code, description, ...(status !== undefined && { status }) };
	return writeCommand({ name: "onStatus", transaction: 0, stream, values: [null, information] });
}
