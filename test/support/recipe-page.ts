import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../docs/recipes");

/** A fenced block of a recipe: ```` ```LANGUAGE NAME ````, or with `<!-- not run: REASON -->` in the line before it. */
interface Block {
	readonly language: string;
	/** Empty where it has none. */
	readonly name: string;
	readonly text: string;
	/** Why no test runs it; undefined where one does. */
	readonly notRun: string | undefined;
}

const fence =
	/^(?<indent> *)(?:<!-- not run: (?<reason>.+) -->\n *)?```(?<language>\w+) ?(?<name>\S*)\n(?<text>.*?)^ *```$/gms;

/** The fenced blocks of a page of docs/recipes, `rtmp` for instance. */
export function blocksOf(page: string): readonly Block[] {
	const markdown = readFileSync(join(folder, `${page}.md`), "utf8");
	return [...markdown.matchAll(fence)].map(({ groups = {} }) => {
		const { indent = "", language = "", name = "", text = "", reason } = groups;
		return { language, name, text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""), notRun: reason };
	});
}

/** The text of the block with this name. Throws where the page has none. */
export function blockOf(page: string, name: string): string {
	const block = blocksOf(page).find((one) => one.name === name);
	if (!block) throw new Error(`docs/recipes/${page}.md has no block with the name ${name}`);
	return block.text;
}
