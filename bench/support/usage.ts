import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second in /proc: 100 on every Linux that Node runs on. */
const TICKS = 100;

/** Milliseconds of processor time, user and system, of all threads of a process since it began. */
export function cpuMs(pid: number): number {
	const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
	// The name in parentheses may hold blanks; behind it user time is the 12th field, system time the 13th.
	const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
	return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
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
