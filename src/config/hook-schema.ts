import { count, flag, text } from "./fields.ts";

/*
 * Commands that the relay runs when something happens (docs/hooks.md). The names are MediaMTX's.
 */

function again(name: string) {
	return flag(false, `Whether ${name} is run again when it ends, after growing waits`);
}

/** Hooks of one path. */
export const pathHooks = {
	runOnInit: text("", "Command that runs while the path is there; for a pattern: while it is used"),
	runOnInitRestart: again("runOnInit"),
	runOnDemand: text("", "Command that runs while somebody wants the path and for idleAfter longer: it publishes there"),
	runOnDemandRestart: again("runOnDemand"),
	runOnUnDemand: text("", "Command to run when nobody wants it any more"),
	runOnAvailable: text("", "Command that runs while there is a stream to read"),
	runOnAvailableRestart: again("runOnAvailable"),
	runOnUnavailable: text("", "Command to run when there is none any more"),
	runOnReady: text("", "The old name of runOnAvailable"),
	runOnReadyRestart: again("runOnReady"),
	runOnNotReady: text("", "The old name of runOnUnavailable"),
	runOnOnline: text("", "Command that runs while somebody publishes"),
	runOnOnlineRestart: again("runOnOnline"),
	runOnOffline: text("", "Command to run when a publisher has gone"),
	runOnRead: text("", "Command that runs for each reader while it reads"),
	runOnReadRestart: again("runOnRead"),
	runOnUnread: text("", "Command to run when a reader has gone"),
};

/** Hooks of the whole relay. */
export const relayHooks = {
	runOnConnect: text("", "Command that runs for each client of RTSP and RTMP while it is connected"),
	runOnConnectRestart: again("runOnConnect"),
	runOnDisconnect: text("", "Command to run when such a client has gone"),
	maxCommands: count(100, "Commands that run at the same time; those above are left out and counted", {
		min: 1,
		max: 100_000,
	}),
};
