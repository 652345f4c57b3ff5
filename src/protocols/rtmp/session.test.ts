import assert from "node:assert/strict";
import { test } from "node:test";
import type { AmfValue } from "./amf0.ts";
import { type Command, readCommand, textIn, writeCommand } from "./command.ts";
import { type Message, STREAM_BEGIN, USER_CONTROL } from "./message.ts";
import { admit, type SessionState, type Step, step } from "./session.ts";

function command(name: string, transaction: number, ...values: readonly AmfValue[]): Command {
	return { name, transaction, stream: name === "publish" || name === "play" ? 1 : 0, values };
}

/** A message in a few words. */
function words(message: Message): string {
	if (message.type === USER_CONTROL) return message.body.readUInt16BE(0) === STREAM_BEGIN ? "begin" : "control";
	const { name, transaction, values } = readCommand(message)!;
	const code = textIn(values[1], "code");
	return [name, transaction, code || values[1]].filter((one) => one !== undefined && one !== 0).join(" ");
}

interface Turn {
	readonly command?: Command;
	/** The connection lets the client in. */
	readonly admit?: "publish" | "play";
	readonly at: SessionState["at"];
	readonly says: readonly string[];
	readonly wish?: string;
}

const connect = command("connect", 1, { app: "live", tcUrl: "rtmp://h/live", fourCcList: ["hvc1", 7] });
const connected: Turn = { command: connect, at: "connected", says: ["_result 1 NetConnection.Connect.Success"] };
const opened: Turn = { command: command("createStream", 2, null), at: "connected", says: ["_result 2 1"] };

const conversations: Readonly<Record<string, readonly Turn[]>> = {
	"OBS and librtmp publish": [
		connected,
		{ command: command("releaseStream", 2, null, "s"), at: "connected", says: ["_result 2"] },
		{
			command: command("FCPublish", 3, null, "s"),
			at: "connected",
			says: ["onFCPublish NetStream.Publish.Start", "_result 3"],
		},
		{ command: command("createStream", 4, null), at: "connected", says: ["_result 4 1"] },
		{ command: command("publish", 5, null, "s", "live"), at: "asking", says: [], wish: "publish s" },
		{ admit: "publish", at: "publishing", says: ["begin", "onStatus NetStream.Publish.Start"] },
		{ command: command("FCUnpublish", 6, null, "s"), at: "publishing", says: ["_result 6"] },
		{
			command: command("deleteStream", 7, null, 1),
			at: "connected",
			says: ["onStatus NetStream.Unpublish.Success"],
			wish: "leave",
		},
	],
	"ffmpeg plays": [
		connected,
		opened,
		{ command: command("getStreamLength", 3, null, "s"), at: "connected", says: ["_result 3"] },
		{ command: command("play", 4, null, "s"), at: "asking", says: [], wish: "play s" },
		{ admit: "play", at: "playing", says: ["begin", "onStatus NetStream.Play.Reset", "onStatus NetStream.Play.Start"] },
		{ command: command("pause", 0, null, true), at: "playing", says: [] },
		{ command: command("closeStream", 0, null), at: "connected", says: [], wish: "leave" },
	],
	"a second stream on one connection": [
		connected,
		opened,
		{ command: command("publish", 0, null, "s"), at: "asking", says: [], wish: "publish s" },
		{ command: command("publish", 0, null, "t"), at: "asking", says: ["onStatus NetStream.Publish.BadName"] },
		{ admit: "publish", at: "publishing", says: ["begin", "onStatus NetStream.Publish.Start"] },
		{ command: command("play", 0, null, "t"), at: "publishing", says: ["onStatus NetStream.Play.Failed"] },
	],
	"who leaves while it is found out whether they may": [
		connected,
		opened,
		{ command: command("publish", 0, null, "s"), at: "asking", says: [], wish: "publish s" },
		{ command: command("deleteStream", 0, null, 1), at: "connected", says: [], wish: "leave" },
		{ admit: "publish", at: "connected", says: [] },
	],
	"a name is missing": [connected, { command: command("publish", 0, null), at: "asking", says: [], wish: "publish" }],
	"commands that nobody knows": [
		connected,
		{ command: command("constructor", 3, null), at: "connected", says: ["_error 3 NetConnection.Call.Failed"] },
		{ command: command("toString", 0, null), at: "connected", says: [] },
	],
	"something before connect": [
		{ command: command("createStream", 1, null), at: "new", says: [], wish: 'end "createStream" comes before connect' },
	],
	"connect twice": [
		connected,
		{
			command: connect,
			at: "connected",
			says: ["_error 1 NetConnection.Connect.Rejected"],
			wish: "end this connection is connected already",
		},
	],
};

for (const [name, turns] of Object.entries(conversations)) {
	test(`RTMP session: ${name}`, () => {
		let state: SessionState = { at: "new" };
		for (const turn of turns) {
			const taken: Step = turn.command ? step(state, turn.command) : admit(state, turn.admit!);
			state = taken.state;
			assert.equal(state.at, turn.at);
			assert.deepEqual(taken.replies.map(words), turn.says);
			const { do: wish, ...rest } = taken.wish ?? { do: "" };
			const what = "name" in rest ? rest.name : "reason" in rest ? rest.reason : "";
			assert.equal(`${wish} ${what}`.trim(), turn.wish ?? "");
		}
	});
}

test("RTMP session: message streams are bounded, and codecs are taken from connect", () => {
	let { state } = step({ at: "new" }, connect);
	assert.ok(state.at === "connected");
	assert.deepEqual([...state.fourCcs], ["hvc1"]);
	for (let i = 0; i < 8; i++) ({ state } = step(state, command("createStream", 2, null)));
	const [refusal] = step(state, command("createStream", 2, null)).replies;
	assert.match(words(refusal!), /_error 2 NetConnection.Call.Failed/);
});

test("commands are read again as they were written, also within AMF3", () => {
	const one = command("publish", 5, null, "name", { deep: [1, { more: true }] });
	const message = writeCommand(one);
	assert.deepEqual(readCommand(message), one);
	const wrapped = { ...message, type: 17, body: Buffer.concat([Buffer.of(0), message.body]) };
	assert.deepEqual(readCommand(wrapped), one);
});
