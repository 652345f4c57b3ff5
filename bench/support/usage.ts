import { readdirSync, readFileSync } from "node:fs";

/** Milliseconds of processor time, user and system, of all threads that a process has. */
export function cpuMs(pid: number): number {
	return [...threadsMs(pid).values()].reduce((sum, ms) => sum + ms, 0);
}

/** The same for each thread, by its id. */
export function threadsMs(pid: number): ReadonlyMap<string, number> {
	return new Map(readdirSync(`/proc/${pid}/task`).map((thread) => [thread, threadNs(pid, thread) / 1e6]));
}

/** The scheduler's own count, to the nanosecond; `stat` counts in steps of 10 ms. */
function threadNs(pid: number, thread: string): number {
	try {
		return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0]);
	} catch {
		// It has ended since the list was made.
		return 0;
	}
}

/** Bytes of memory that a process has in use. */
export function residentBytes(pid: number): number {
	const status = readFileSync(`/proc/${pid}/status`, "latin1");
	return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}

/** Ids of the processes that a process has started, and those in turn. */
export function descendants(pid: number): number[] {
	const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) => childrenOf(pid, thread));
	return children.flatMap((child) => [child, ...descendants(child)]);
}

function childrenOf(pid: number, thread: string): number[] {
	try {
		const text = readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1");
		return text.split(" ").filter(Boolean).map(Number);
	} catch {
		return [];
	}
}
