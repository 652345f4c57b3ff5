import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";

/** Runs a tool of node_modules/.bin in the root of the repository and fails with what it printed. */
async function passes(tool: string, ...args: string[]): Promise<void> {
	const child = spawn(`node_modules/.bin/${tool}`, args, { stdio: ["ignore", "pipe", "pipe"] });
	const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
	const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
	assert.equal(code, 0, `${tool} ${args.join(" ")}\n${out}${err}`);
}

test("types", () => passes("tsc", "-p", "tsconfig.json"));

if (existsSync("web/tsconfig.json")) test("types of the page", () => passes("tsc", "-p", "web/tsconfig.json"));

test("format and lint", () =>
	passes("biome", "ci", "--colors=off", "--diagnostic-level=error", "--max-diagnostics=50"));

test("nothing is unused", () => passes("knip", "--no-progress"));
