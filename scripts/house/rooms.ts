import { posix } from "node:path";
import type { Import } from "./sources.ts";

/** The rooms of src/ by floor, from the ground up. A room imports only from floors below its own. */
const floors: readonly (readonly string[])[] = [
	["media", "config", "access", "observe"],
	["wire", "net"],
	["hub"],
	["protocols", "control"],
	["relay", "robot"],
	["cli"],
];

/** These two may be imported from everywhere but from each other's insides: nouns and counters. */
const common = ["media", "observe"];

/** Libraries whose one place is not one folder: the files that may import them. */
const limited: Readonly<Record<string, readonly RegExp[]>> = {
	koffi: [/^src\/net\/native\.ts$/, /^src\/robot\/capture\/gstreamer\/gst\.ts$/],
	// The language of schemas: the relay's file and the robot's.
	zod: [/^src\/config\/[\w-]+\.ts$/, /^src\/robot\/config\.ts$/],
};

/** The room that a file of src/ belongs to; a protocol is a room of its own. */
function roomOf(file: string): string {
	const [, room = "", protocol = ""] = file.split("/");
	return room === "protocols" ? `protocols/${protocol}` : room;
}

function floorOf(room: string): number {
	return floors.findIndex((rooms) => rooms.includes(room.split("/")[0] ?? ""));
}

/** What is wrong with an import of one of our files; undefined where it is in order. `file` is below src/. */
export function directionFault({ file, line, specifier }: Import): string | undefined {
	const target = posix.join(posix.dirname(file), specifier);
	const [from, to] = [roomOf(file), roomOf(target)];
	if (!target.startsWith("src/")) return `${file}:${line}: ${specifier} leads out of src/`;
	if (from === to) return undefined;
	if (floorOf(from) < 0) return `${file}:${line}: src/${from} is no room of the house (ARCHITECTURE.md)`;
	if (floorOf(to) < 0) return `${file}:${line}: src/${to} is no room of the house (ARCHITECTURE.md)`;
	if (common.includes(to) || floorOf(to) < floorOf(from)) return undefined;
	const way = floorOf(to) > floorOf(from) ? "up" : "sideways";
	return `${file}:${line}: ${from} may not import ${to} (${specifier}): imports go down, this one goes ${way}`;
}

/** The name of the npm package that a specifier belongs to; undefined for Node's own modules and our files. */
export function packageOf(specifier: string): string | undefined {
	if (/^(node:|[./#])/.test(specifier)) return undefined;
	const [scope = "", name = ""] = specifier.split("/");
	return scope.startsWith("@") ? `${scope}/${name}` : scope;
}

/** Whether the rule of one place holds for the files that import a library. */
export function placeFault(library: string, files: readonly string[]): string | undefined {
	const allowed = limited[library];
	if (allowed) {
		const wrong = files.filter((file) => !allowed.some((pattern) => pattern.test(file)));
		return wrong.length > 0 ? `${library} may not be imported in ${wrong.join(", ")}` : undefined;
	}
	const folders = new Set(files.map((file) => posix.dirname(file)));
	return folders.size > 1 ? `${library} is imported in more than one place: ${files.join(", ")}` : undefined;
}
