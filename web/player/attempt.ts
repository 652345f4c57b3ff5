/** What fails here (a window that was refused, a probe that came too late) has no consequence but that nothing happens. */
export function attempt(work: Promise<unknown>): void {
	work.catch(() => {});
}
