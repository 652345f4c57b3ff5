import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { blocksOf } from "../support/recipe-page.ts";
import { otherRuns, recipeRuns } from "../support/recipe-runs.ts";

const folder = join(import.meta.dirname, "../../docs/recipes");
const pages = readdirSync(folder).map((file) => file.replace(/\.md$/, ""));

/** The commands of a page that a test runs. */
function runOf(page: string): Set<string | undefined> {
	const own = recipeRuns.filter((run) => run.page === page);
	const blocks = own.flatMap(({ publish, before, plays }) => [publish, before, ...plays]);
	return new Set([...blocks, ...(otherRuns[page]?.blocks ?? [])]);
}

test("every command on a recipe's page is run, or says why not", () => {
	const faults = pages.flatMap((page) => {
		const run = runOf(page);
		const commands = blocksOf(page).filter(({ language, notRun }) => language === "sh" && notRun === undefined);
		return commands.filter(({ name }) => !run.has(name)).map(({ name, text }) => `${page} ${name}: ${text}`);
	});
	assert.deepEqual(faults, []);
});

test("what is to be run stands on its page", () => {
	for (const page of pages) {
		const names = new Set(blocksOf(page).map(({ name }) => name));
		for (const name of runOf(page)) assert.ok(name === undefined || names.has(name), `${page}: ${name}`);
	}
	for (const page of [...recipeRuns.map((run) => run.page), ...Object.keys(otherRuns)]) assert.ok(pages.includes(page));
});

test("no fence is overlooked", () => {
	for (const page of pages) {
		const fences = readFileSync(join(folder, `${page}.md`), "utf8").match(/^ *```\w/gm)?.length ?? 0;
		assert.equal(blocksOf(page).length, fences, page);
	}
});

test("the tests that read commands from a page do", () => {
	for (const [page, { file, blocks }] of Object.entries(otherRuns)) {
		const text = readFileSync(file, "utf8");
		for (const block of blocks)
			assert.ok(text.includes(`"${block}"`) && text.includes(`"${page}"`), `${file}: ${block}`);
	}
});
