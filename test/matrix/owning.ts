import type { Program } from "../peers/rtsp-programs.ts";

/** A program with which everything that it needs is let go. */
export function owning(program: Program, parts: AsyncDisposableStack): Program {
	const owned = parts.move();
	return {
		...program,
		get running() {
			return program.running;
		},
		[Symbol.asyncDispose]: () => owned.disposeAsync(),
	};
}
