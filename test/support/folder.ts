import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of a test's own, gone with it. */
export function makeFolder(): Disposable & { readonly path: string } {
	const path = mkdtempSync(join(tmpdir(), "vedette-folder-"));
	return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
