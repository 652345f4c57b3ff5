// Installs from npm where node_modules is missing or is not what package-lock.json says. Plain JavaScript for any Node ≥ 18:
// this runs before the pinned Node is there.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename } from "node:path";

/** @typedef {{ version?: string, optional?: boolean, devOptional?: boolean }} Entry */

/** The packages that a lock file names, by their folder; undefined where there is no such file.
 * @param {string} file
 * @returns {Record<string, Entry> | undefined} */
function packages(file) {
	try {
		return JSON.parse(readFileSync(file, "utf8")).packages;
	} catch {
		return undefined;
	}
}

/** Why node_modules must be installed again; undefined where it is as it should be.
 * @returns {string | undefined} */
function reason() {
	const wanted = packages("package-lock.json") ?? {};
	const installed = packages("node_modules/.package-lock.json");
	if (!installed) return "node_modules is missing";
	for (const [folder, entry] of Object.entries(wanted)) {
		if (folder === "") continue;
		const found = installed[folder];
		if (!found && (entry.optional || entry.devOptional)) continue; // for another platform
		if (found?.version !== entry.version) return `${folder} is not version ${entry.version}`;
		if (!existsSync(folder)) return `${folder} is missing`;
	}
	const pinned = `node_modules/node-${process.platform}-${process.arch}`;
	if (pinned in wanted && !existsSync(`${pinned}/bin/node`)) return `${pinned} is missing`;
	return undefined;
}

/** Runs npm: the one that started us, if any, with the Node that runs it. */
function npm(/** @type {string[]} */ ...args) {
	const cli = process.env.npm_execpath ?? "";
	const [command, before] = /^npm/.test(basename(cli)) ? [process.execPath, [cli]] : ["npm", []];
	return spawnSync(command, [...before, ...args], { stdio: ["ignore", "inherit", "inherit"] });
}

/** Installs what the lock file names. Not `npm ci`: that refuses a lock file that lacks a package which some registry
 * does not have, even one for a platform that is not ours. `--no-save` leaves the lock file as it is. npm warns of
 * packages that are too new for the Node it runs on; ours run on the pinned one. */
function install() {
	const what = ["--include=dev", "--include=optional", "--ignore-scripts", "--no-save"];
	const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
	const { status, error } = npm("install", ...what, ...quiet);
	if (error) process.stderr.write(`npm could not be started: ${error.message}\n`);
	if (status !== 0) process.exit(1);
}

let why = reason();
if (why) {
	process.stderr.write(`Installing from npm: ${why}.\n`);
	install();
	why = reason();
}
if (why) {
	rmSync("node_modules", { recursive: true, force: true }); // what was there misled npm
	install();
	why = reason();
}
if (why) {
	process.stderr.write(`npm did not install everything: ${why}.\n`);
	process.exit(1);
}
