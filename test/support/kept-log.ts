import { Writable } from "node:stream";
import { createLog, type Log } from "../../src/observe/log.ts";

/** One line of a log, as far as tests look at it. */
export interface Line {
	readonly msg: string;
	readonly reason?: string;
	/** Of a robot: who it is. */
	readonly robot?: string;
	/** Of a robot: which camera. */
	readonly camera?: string;
	/** Of a camera. */
	readonly state?: string;
	readonly dropped?: number;
}

/** A log that keeps its lines, from `info` up. */
export function keptLog(): { readonly lines: readonly Line[]; readonly log: Log } {
	const lines: Line[] = [];
	const out = new Writable({
		write: (chunk, _, done) => {
			lines.push(JSON.parse(String(chunk)));
			done();
		},
	});
	return { lines, log: createLog({ level: "info", file: "", format: "json" }, out) };
}
