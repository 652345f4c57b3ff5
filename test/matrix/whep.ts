import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Track } from "../../src/media/track.ts";
import { pullWhep } from "../../src/protocols/webrtc/client.ts";
import { isRtcp } from "../../src/wire/rtcp.ts";
import type { Program } from "../peers/rtsp-programs.ts";
import { decode } from "./decode.ts";
import { owning } from "./owning.ts";
import { freePortPairs, listening } from "./ports.ts";

/** A description of plain RTP that comes to these ports of loopback. */
function describe(tracks: readonly Track[], ports: readonly number[]): string {
	const sections = tracks.flatMap(({ kind, encoding, payloadType, clockRate, channels, fmtp }, i) => [
		`m=${kind} ${ports[i]} RTP/AVP ${payloadType}`,
		`a=rtpmap:${payloadType} ${encoding}/${clockRate}${channels > 1 ? `/${channels}` : ""}`,
		...(fmtp ? [`a=fmtp:${payloadType} ${fmtp}`] : []),
	]);
	return ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", ...sections, ""].join("\r\n");
}

/** Reads by WHEP with libdatachannel, and gives what is decrypted to ffmpeg as plain RTP. */
export async function playWhep(url: string, sound: boolean, folder: string): Promise<Program> {
	await using parts = new AsyncDisposableStack();
	const stop = new AbortController();
	parts.defer(() => stop.abort());
	const socket = createSocket("udp4");
	let open = true;
	parts.defer(() => {
		open = false;
		socket.close();
	});
	const ports = await freePortPairs(2);
	// What comes before ffmpeg listens waits for it.
	let waiting: { readonly track: number; readonly packet: Uint8Array }[] | undefined = [];
	const send = (track: number, packet: Uint8Array): void => {
		if (open) socket.send(packet, ports[track], "127.0.0.1");
	};
	const receiving = await pullWhep(url, { signal: stop.signal }, (track, packet) => {
		if (isRtcp(packet)) return;
		if (waiting) waiting.push({ track, packet: Uint8Array.from(packet) });
		else send(track, packet);
	});
	const file = join(folder, `${ports[0]}.sdp`);
	writeFileSync(file, describe(receiving.tracks, ports));
	const decoder = parts.use(decode(["-protocol_whitelist", "file,udp,rtp", "-i", file], sound));
	await Promise.all(receiving.tracks.map((_, i) => listening(ports[i]!)));
	for (const { track, packet } of waiting) send(track, packet);
	waiting = undefined;
	return owning(decoder, parts);
}
