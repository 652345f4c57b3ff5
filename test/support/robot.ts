import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { createLog, type Log } from "../../src/observe/log.ts";
import { robotSchema } from "../../src/robot/config.ts";
import { startRobot } from "../../src/robot/robot.ts";

/** A robot of a test's own. */
export interface TestRobot extends AsyncDisposable {
	readonly httpPorts: readonly number[];
	/** Where it keeps what lasts; removed with it, where it made it itself. */
	readonly stateDir: string;
	/** Ends it; once. */
	stop(): Promise<void>;
}

const silent = { level: "silent", file: "", format: "json" } as const;

/** Starts a robot with these settings, as in robot.yml. */
export async function startTestRobot(settings: z.input<typeof robotSchema>, log?: Log): Promise<TestRobot> {
	const own = mkdtempSync(join(tmpdir(), "vedette-robot-"));
	const config = robotSchema.parse({ stateDir: own, ...settings });
	const robot = await startRobot(
		config,
		log ?? createLog({ ...silent, level: process.env.VEDETTE_TEST_LOG ? "debug" : "silent" }),
	);
	let stopped: Promise<void> | undefined;
	const stop = (): Promise<void> => {
		stopped ??= robot.stop();
		return stopped;
	};
	return {
		httpPorts: robot.httpPorts,
		stateDir: config.stateDir,
		stop,
		[Symbol.asyncDispose]: async () => {
			await stop();
			rmSync(own, { recursive: true, force: true });
		},
	};
}
