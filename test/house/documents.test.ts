import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";
import { filesOf } from "../../scripts/house/sources.ts";

/** Names of one machine, or of where its packages come from. */
const machine = [/(?<![\w.-])\/(?:work|root)\/\w/, /https?:\/\/(?:registry|mirror|npm|deb)\.[\w-]/, /"resolved" *:/];

const here = `${process.cwd()}/`;

const MAX_TEXT_BYTES = 1_000_000;

function namesMachine(line: string): boolean {
	return line.includes(here) || machine.some((pattern) => pattern.test(line));
}

/** The headings of a Markdown file as GitHub names them in links. */
function anchors(markdown: string): Set<string> {
	const headings = [...markdown.matchAll(/^#+ +(.+)$/gm)].map(([, title = ""]) => title);
	return new Set(
		headings.map((title) =>
			title
				.toLowerCase()
				.replace(/[^\w\- ]/g, "")
				.replaceAll(" ", "-"),
		),
	);
}

/** What is wrong with the links of a Markdown file to other files and headings of the repository. */
function deadLinks(file: string): string[] {
	const markdown = readFileSync(file, "utf8").replace(/```.*?```/gs, "");
	const targets = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
	return targets.filter((target) => !/^[a-z]+:/.test(target)).flatMap((target) => deadLink(file, target) ?? []);
}

function deadLink(file: string, target: string): string | undefined {
	const [path = "", anchor] = target.split("#");
	const found = path === "" ? file : posix.join(posix.dirname(file), path);
	if (!existsSync(found)) return `${file}: ${target} leads to no file`;
	const known = anchor === undefined || !found.endsWith(".md") || anchors(readFileSync(found, "utf8")).has(anchor);
	return known ? undefined : `${file}: ${target} leads to no heading`;
}

test("links in the documents lead somewhere", () => {
	assert.deepEqual(filesOf("**/*.md").flatMap(deadLinks), []);
});

test("no file names a machine or a registry", () => {
	const files = filesOf("**/*", ".ci/*", ".gitignore").filter((file) => {
		const stat = statSync(file);
		return stat.isFile() && stat.size < MAX_TEXT_BYTES;
	});
	const faults = files.flatMap((file) =>
		readFileSync(file, "utf8")
			.split("\n")
			.flatMap((line, index) => (namesMachine(line) ? [`${file}:${index + 1}`] : [])),
	);
	assert.deepEqual(faults, []);
});
