import { spawnSync } from "node:child_process";
import { packages, present } from "../test/support/peers.ts";

/**
 * Installs the Debian packages that the tests need and that are missing: with apt-get where we are root or sudo asks for
 * no password. Elsewhere it names them.
 */
export function installPeers(): void {
	const missing = absent();
	if (missing.length === 0) return;
	const sudo = rights();
	if (!sudo) {
		refuse(`Missing Debian packages: ${missing.join(" ")}. Install them with apt-get, or run as root.`);
		return;
	}
	process.stdout.write(`Installing Debian packages: ${missing.join(" ")}\n`);
	const updated = run(sudo, ["update"]);
	const installed = updated && run(sudo, ["install", "--yes", "--no-install-recommends", ...missing]);
	const left = absent();
	if (!installed || left.length > 0) refuse(`apt-get did not install: ${left.join(" ")}.`);
}

function absent(): string[] {
	return Object.entries(packages).flatMap(([name, proof]) => (present(proof) ? [] : [name]));
}

/** The words to put before apt-get; undefined where this machine has no apt-get or we may not use it. */
function rights(): readonly string[] | undefined {
	if (!present("apt-get")) return undefined;
	if (process.getuid?.() === 0) return [];
	const passwordless = present("sudo") && spawnSync("sudo", ["--non-interactive", "true"]).status === 0;
	return passwordless ? ["sudo", "--non-interactive"] : undefined;
}

function run(before: readonly string[], args: readonly string[]): boolean {
	const [command = "", ...rest] = [
		...before,
		"env",
		"DEBIAN_FRONTEND=noninteractive",
		"apt-get",
		"--quiet=2",
		"-o=Dpkg::Use-Pty=0",
		...args,
	];
	return spawnSync(command, rest, { stdio: ["ignore", "inherit", "inherit"] }).status === 0;
}

/** Says what is missing. The tests that need it are skipped, or fail under `CI=true`: `peer` and `needs` see to that. */
export function refuse(reason: string): void {
	const outcome = process.env.CI === "true" ? "fail" : "are skipped";
	process.stderr.write(`${reason} The tests that need it ${outcome}.\n`);
}
