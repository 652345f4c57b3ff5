/** Milliseconds of the clock that all threads of the process share. */
export function systemClock(): number {
	return Number(process.hrtime.bigint()) / 1e6;
}
