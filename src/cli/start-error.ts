import { formatAddress } from "../config/address.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import { sentenceOf } from "./options.ts";

/** The settings that open ports, by their keys. */
function listeners({ http, rtsp, rtmp, srt, webrtc, mqtt, signaling, api, metrics }: RelayConfig) {
	return {
		"http.address": http.address,
		"rtsp.address": rtsp.address,
		"rtsp.rtpAddress": rtsp.rtpAddress,
		"rtsp.rtcpAddress": rtsp.rtcpAddress,
		"rtsp.tls.address": rtsp.tls.address,
		"rtmp.address": rtmp.address,
		"rtmp.tls.address": rtmp.tls.address,
		"srt.address": srt.address,
		"webrtc.address": webrtc.address,
		"mqtt.address": mqtt.address,
		"mqtt.tls.address": mqtt.tls.address,
		"http.tls.address": http.tls.address,
		"signaling.address": signaling.address,
		"signaling.tls.address": signaling.tls.address,
		"api.address": api.address,
		"metrics.address": metrics.address,
	};
}

const causes: Readonly<Record<string, string>> = {
	EADDRINUSE: "another program listens there",
	EACCES: "this user may not listen there; ports below 1024 are for root",
	EADDRNOTAVAIL: "this machine does not have that address",
};

/** Why a relay cannot start, with the setting to change where a port cannot be opened. */
export function startError(error: unknown, config: RelayConfig): string {
	const sentence = sentenceOf(error);
	const cause = causes[/\bE[A-Z]{4,}\b/.exec(sentence)?.[0] ?? ""];
	if (cause === undefined) return sentence;
	for (const [key, addresses] of Object.entries(listeners(config))) {
		const address = addresses.find(({ port }) => port !== 0 && names(sentence, port));
		if (address) return `${key} ${formatAddress(address)}: ${cause}; choose another with --set ${key}=ADDRESS:PORT`;
	}
	return sentence;
}

/** Whether a sentence is about a port: "127.0.0.1:8554", ":::80", "port 8554", and no file whose name has such digits. */
function names(sentence: string, port: number): boolean {
	return new RegExp(`(\\bport |[\\d:\\]]:)${port}(?![^\\s:,;)])`).test(sentence);
}
