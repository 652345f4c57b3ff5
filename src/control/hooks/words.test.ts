import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { safeQuery } from "./values.ts";
import { expandWords, splitWords } from "./words.ts";

const commands: readonly (readonly [text: string, words: readonly string[]])[] = [
	["", []],
	['echo "Camera stream ready"', ["echo", "Camera stream ready"]],
	["  a\tb\n c ", ["a", "b", "c"]],
	["a 'b \"c' \"d 'e\"", ["a", 'b "c', "d 'e"]],
	["a\\ b \\'c", ["a b", "'c"]],
	['"a\\"b\\\\c\\d"', ['a"b\\c\\d']],
	["a '' \"\"", ["a", "", ""]],
	["--x='a b'c", ["--x=a bc"]],
	["ffmpeg -i rtsp://localhost:$RTSP_PORT/$RTSP_PATH", ["ffmpeg", "-i", "rtsp://localhost:$RTSP_PORT/$RTSP_PATH"]],
	["a;b | c > d", ["a;b", "|", "c", ">", "d"]],
];

test("a command is split at spaces, quotes hold together", () => {
	for (const [text, words] of commands) assert.deepEqual(splitWords(text), words, text);
	for (const text of ['a "b', "a 'b"]) assert.throws(() => splitWords(text), /has no end/, text);
});

const given = { MTX_PATH: "a b; c", MTX_QUERY: "x", RTSP_PORT: "8554", G1: "-rf" };

test("values are put in after the command was split", () => {
	const words = (text: string) => expandWords(splitWords(text), given, { HOME: "/home/u" });
	assert.deepEqual(words("ffmpeg $MTX_PATH.mp4 $" + "{RTSP_PORT}0 $HOME $NONE x$"), [
		"ffmpeg",
		"a b; c.mp4",
		"85540",
		"/home/u",
		"",
		"x$",
	]);
	assert.deepEqual(words("sh -c 'echo $MTX_PATH'"), ["sh", "-c", "echo $MTX_PATH"], "a shell reads its environment");
	assert.deepEqual(words("/bin/bash -c $MTX_PATH"), ["/bin/bash", "-c", "$MTX_PATH"]);
	assert.throws(() => words("rm $G1"), /would be taken for an option/);
	assert.deepEqual(words("rm ./$G1 x-$G1"), ["rm", "./-rf", "x--rf"]);
});

test("no value becomes a word of its own, or an option", () => {
	const command = splitWords("record --to /videos/$MTX_PATH.mp4 $MTX_QUERY");
	fc.assert(
		fc.property(fc.string(), fc.string(), (path, query) => {
			let words: string[];
			try {
				words = expandWords(command, { MTX_PATH: path, MTX_QUERY: query }, {});
			} catch {
				return assert.match(query, /^-/);
			}
			assert.deepEqual(words, ["record", "--to", `/videos/${path}.mp4`, query]);
		}),
		{ seed: 7, numRuns: 200 },
	);
});

test("a query is one harmless word, without credentials", () => {
	assert.equal(safeQuery("user=u&a=1&pass=p&b=$(id)&TOKEN=t"), "a%3D1%26b%3D%24%28id%29");
	fc.assert(
		fc.property(fc.string({ unit: "binary" }), (query) => assert.match(safeQuery(query), /^[A-Za-z0-9_.~%-]*$/)),
		{ seed: 9, numRuns: 100 },
	);
});
