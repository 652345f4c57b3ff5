import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { relaySchema } from "../../src/config/relay-schema.ts";
import { createLog } from "../../src/observe/log.ts";
import { type Relay, startRelay } from "../../src/relay/relay.ts";

/** A relay of a test's own, on free ports of loopback, open to everybody unless the test says otherwise. */
export interface TestRelay extends AsyncDisposable {
	readonly relay: Relay;
	readonly stateDir: string;
	/** `rtsp://127.0.0.1:PORT`, without a slash at the end. */
	readonly rtspUrl: string;
	/** `rtmp://127.0.0.1:PORT`, likewise. */
	readonly rtmpUrl: string;
	/** `srt://127.0.0.1:PORT`, likewise. */
	readonly srtUrl: string;
	/** `mqtt://127.0.0.1:PORT`, likewise. */
	readonly mqttUrl: string;
	/** `http://127.0.0.1:PORT`, likewise. */
	readonly httpUrl: string;
}

const LOOPBACK = "127.0.0.1:0";

/**
 * Merges what the test says over loopback, free ports and an open relay; keys as in vedette.yml. A state directory that
 * the test gives stays when the relay ends.
 */
export async function startTestRelay(settings: Record<string, object> = {}, kept?: string): Promise<TestRelay> {
	const stateDir = kept ?? mkdtempSync(join(tmpdir(), "vedette-test-"));
	const defaults: Record<string, object> = {
		http: { address: LOOPBACK },
		rtsp: { address: LOOPBACK, rtpAddress: LOOPBACK, rtcpAddress: LOOPBACK },
		rtmp: { address: LOOPBACK },
		srt: { address: LOOPBACK },
		webrtc: { address: LOOPBACK },
		mqtt: { address: LOOPBACK },
		signaling: { address: LOOPBACK },
		api: { address: LOOPBACK },
		metrics: { address: LOOPBACK },
		log: { level: process.env.VEDETTE_TEST_LOG ?? "silent" },
		access: { anonymous: ["publish", "read", "api", "metrics"] },
	};
	const merged = Object.fromEntries(
		[...Object.keys(defaults), ...Object.keys(settings)].map((key) => [key, { ...defaults[key], ...settings[key] }]),
	);
	const config = relaySchema.parse({ stateDir, ...merged });
	const relay = await startRelay(config, createLog(config.log));
	return {
		relay,
		stateDir,
		rtspUrl: `rtsp://127.0.0.1:${relay.ports.rtsp[0]}`,
		rtmpUrl: `rtmp://127.0.0.1:${relay.ports.rtmp[0]}`,
		srtUrl: `srt://127.0.0.1:${relay.ports.srt[0]}`,
		mqttUrl: `mqtt://127.0.0.1:${relay.ports.mqtt[0]}`,
		httpUrl: `http://127.0.0.1:${relay.ports.http[0]}`,
		[Symbol.asyncDispose]: async () => {
			await relay.stop();
			if (kept === undefined) rmSync(stateDir, { recursive: true, force: true });
		},
	};
}
