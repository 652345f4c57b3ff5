import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { makeFolder } from "../observe/folder.ts";

/** The state directory that `setting` (the configuration's `stateDir`) stands for, as an absolute path. */
export function stateDirOf(setting: string, environment: NodeJS.ProcessEnv): string {
	const home = environment.HOME ?? homedir();
	if (setting !== "") return resolve(setting.replace(/^~(?=\/|$)/, home));
	if (environment.STATE_DIRECTORY) return environment.STATE_DIRECTORY.split(":")[0]!;
	if (process.getuid?.() === 0) return "/var/lib/vedette";
	return join(environment.XDG_STATE_HOME || join(home, ".local/state"), "vedette");
}

/** Makes the state directory where it is not there, for its owner only. Throws where that cannot be done. */
export function makeStateDir(path: string): void {
	makeFolder(path, 0o700);
}
