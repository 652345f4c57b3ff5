import { addressTest } from "../access/addresses.ts";
import type { PathSettings } from "../config/path-schema.ts";
import { settingsOf } from "../config/path-settings.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import { parseUdpSource, type UdpSource } from "../config/udp-source.ts";
import type { Hub } from "../hub/hub.ts";
import type { Log } from "../observe/log.ts";
import { receiveIntoPath as receiveMpegTs } from "../protocols/mpegts/source.ts";
import { receiveIntoPath as receiveRtp } from "../protocols/rtp/source.ts";
import type { Pull, Pulls } from "./sources.ts";

/** The sources that senders push to by UDP. */
export interface UdpSources {
	/** Each waits for senders until the relay stops. */
	readonly pulls: Pulls;
	/** Packets that were not of a path's sender or stream, of all paths. */
	readonly strays: { rtp: number; mpegts: number };
}

export function udpSources(hub: Hub, paths: RelayConfig["paths"], log: Log): UdpSources {
	const strays = { rtp: 0, mpegts: 0 };
	const places = Object.values(paths).map(({ source }) => parseUdpSource(source));
	const taken = new Set(places.flatMap((place) => place?.port ?? []));
	const rtp: Pull = (path, url, _transport, signal, onLive) => {
		const { place, settings } = placeOf(url, settingsOf(paths, path)?.settings);
		const sdp = settings.sdp || settings.rtpSDP;
		const onStray = (): void => void strays.rtp++;
		const options = { place, sdp, taken, allowed: mayEnter(place, settings), onStray, log: log.child({ path }) };
		return receiveRtp(hub, path, options, signal, onLive);
	};
	const mpegTs: Pull = (path, url, _transport, signal, onLive) => {
		const { place, settings } = placeOf(url, settingsOf(paths, path)?.settings);
		const { maxFrameSize: maxFrameBytes } = settings;
		const onStray = (): void => void strays.mpegts++;
		const options = { place, maxFrameBytes, allowed: mayEnter(place, settings), onStray, log: log.child({ path }) };
		return receiveMpegTs(hub, path, options, signal, onLive);
	};
	return { pulls: { "udp+rtp": rtp, "udp+mpegts": mpegTs }, strays };
}

function placeOf(url: string, settings: PathSettings | undefined): { place: UdpSource; settings: PathSettings } {
	const place = parseUdpSource(url);
	if (!place || !settings) throw new Error(`not a source: ${url}`);
	return { place, settings };
}

/** Who may send. Without a list only this machine can: the configuration allows that for its own addresses alone. */
function mayEnter(place: UdpSource, { allow }: PathSettings): (address: string) => boolean {
	return allow.length === 0 && place.loopback ? () => true : addressTest(allow);
}
