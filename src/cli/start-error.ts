import { formatAddress } from "../config/address.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import { sentenceOf } from "./options.ts";

/** The settings that open ports, by their keys. */
function listeners({ http, rtsp, rtmp, srt, webrtc, api, metrics }: RelayConfig) {
	return {
		"http.address": http.address,
		"rtsp.address": rtsp.address,
		"rtsp.rtpAddress": rtsp.rtpAddress,
		"rtsp.rtcpAddress": rtsp.rtcpAddress,
		"rtmp.address": rtmp.address,
		"rtmp.tls.address": rtmp.tls.address,
		"srt.address": srt.address,
		"webrtc.address": webrtc.address,
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
		const address = addresses.find(({ port }) => port !== 0 && new RegExp(`\\b${port}\\b`).test(sentence));
		if (address) return `${key} ${formatAddress(address)}: ${cause}; choose another with --set ${key}=ADDRESS:PORT`;
	}
	return sentence;
}
