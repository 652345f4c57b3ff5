/** The next frame to take. */
export interface NextFrame {
	/** Its number; its time is number / fps seconds after the start. */
	readonly n: number;
	/** Milliseconds until then, 0 where it is due. */
	readonly waitMs: number;
}

/**
 * The frame after `last`, so that the rate is exact and nothing drifts. Frames whose time has passed by a whole period
 * are left out, never made up for.
 *
 * @param elapsedMs milliseconds since frame 0 was due.
 */
export function nextFrame(elapsedMs: number, fps: number, last: number): NextFrame {
	const n = Math.max(last + 1, Math.floor((elapsedMs * fps) / 1000));
	return { n, waitMs: Math.max(0, (n * 1000) / fps - elapsedMs) };
}

/** Calls `tick` for each frame at its time until the returned function is called. */
export function pace(fps: number, tick: (n: number) => void): () => void {
	const start = performance.now();
	let timer: NodeJS.Timeout;
	const schedule = (last: number): void => {
		const next = nextFrame(performance.now() - start, fps, last);
		timer = setTimeout(() => {
			schedule(next.n);
			tick(next.n);
		}, next.waitMs);
	};
	schedule(-1);
	return () => clearTimeout(timer);
}
