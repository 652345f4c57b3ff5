import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { present, unpacked } from "../test/support/peers.ts";
import { refuse } from "./debian.ts";

/**
 * live555's `openRTSP` stands for VLC's RTSP library. Only Debian's newest suite has it, built for a newer C library than
 * a stable system's: so it is unpacked with every library it needs below `.cache/peers`, and started by its own loader.
 * Nothing is installed, and apt checks Debian's signatures as ever.
 */
const PACKAGE = "livemedia-utils";
const PROGRAM = "openRTSP";
const SUITE = "sid";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Unpacks openRTSP where it is missing. Where that cannot be done, says why. */
export function unpackLive555(): void {
	if (present(PROGRAM)) return;
	const mirror = debianMirror();
	if (!mirror) {
		refuse(`Missing ${PROGRAM}: install live555's programs (Debian: ${PACKAGE}).`);
		return;
	}
	process.stdout.write(`Unpacking ${PROGRAM} from Debian ${SUITE}\n`);
	const work = join(unpacked, `apt-${process.pid}`);
	try {
		install(download(work, mirror));
	} catch (error) {
		refuse(`${PROGRAM} could not be unpacked: ${reasonOf(error)}.`);
	} finally {
		rmSync(work, { recursive: true, force: true });
	}
}

/** The address of the archive that this machine's own apt sources name for Debian's main suite. */
function debianMirror(): string | undefined {
	if (!present("apt-get") || !present("dpkg-deb") || !existsSync(KEYRING)) return undefined;
	const format = "$(ORIGIN) $(RELEASE) $(SITE)";
	const targets = execFileSync("apt-get", ["indextargets", "--format", format], { encoding: "utf8" });
	const lines = targets.split("\n").map((line) => line.split(" "));
	const [, , site] = lines.find(([origin, release]) => origin === "Debian" && !release?.includes("-")) ?? [];
	return site;
}

/** Downloads the package and all that it needs, as if nothing were installed; gives the folder of the archives. */
function download(work: string, mirror: string): string {
	for (const folder of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(work, folder), { recursive: true });
	writeFileSync(join(work, "status"), "");
	writeFileSync(join(work, "sources.list"), `deb [signed-by=${KEYRING}] ${mirror} ${SUITE} main\n`);
	const options = Object.entries({
		"Dir::Etc::SourceList": join(work, "sources.list"),
		"Dir::Etc::SourceParts": "/dev/null",
		"Dir::Etc::Preferences": "/dev/null",
		"Dir::Etc::PreferencesParts": "/dev/null",
		"Dir::State": work,
		"Dir::State::Lists": join(work, "lists"),
		"Dir::State::Status": join(work, "status"),
		"Dir::Cache": join(work, "cache"),
		"Dir::Cache::Archives": join(work, "cache/archives"),
		"Acquire::Languages": "none",
		"Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
		"Acquire::Retries": "3",
		"APT::Sandbox::User": process.getuid?.() === 0 ? "root" : "",
	}).map(([name, value]) => `-o=${name}=${value}`);
	const apt = (...args: string[]) => execFileSync("apt-get", [...options, "--quiet=2", ...args], { stdio: "pipe" });
	apt("update");
	apt("install", "--yes", "--download-only", "--no-install-recommends", PACKAGE);
	return join(work, "cache/archives");
}

/** Unpacks the archives and writes the program that starts openRTSP with the libraries beside it. */
function install(archives: string): void {
	const tree = join(unpacked, "live555");
	rmSync(tree, { recursive: true, force: true });
	for (const archive of globSync(join(archives, "*.deb"))) execFileSync("dpkg-deb", ["--extract", archive, tree]);
	const [loader] = globSync("usr/lib/*/ld-linux-*.so.*", { cwd: tree });
	if (!loader) throw new Error("the C library has no loader");
	mkdirSync(join(unpacked, "bin"), { recursive: true });
	const program = join(unpacked, "bin", PROGRAM);
	const at = '"$tree/';
	const libraries = `${at}${join(loader, "..")}"`;
	const script = [
		"#!/bin/sh",
		'tree=$(dirname -- "$0")/../live555',
		`exec ${at}${loader}" --library-path ${libraries} ${at}usr/bin/${PROGRAM}" "$@"`,
	];
	writeFileSync(program, `${script.join("\n")}\n`);
	chmodSync(program, 0o755);
	const { stderr } = spawnSync(program, { encoding: "utf8" });
	if (stderr.includes("Usage:")) return;
	rmSync(program);
	throw new Error(`it does not start: ${stderr}`);
}

/** The last line that a program wrote before it failed says why. */
function reasonOf(error: unknown): string {
	const written = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
	return written.split("\n").at(-1) || String(error);
}
