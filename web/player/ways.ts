/** The ways to a picture, as this player has them. */
import { HlsTransport } from "./hls.ts";
import type { Rung } from "./ladder.ts";
import { MseTransport } from "./mse.ts";
import { otherAddresses } from "./relay.ts";
import type { Target } from "./transport.ts";
import { WhepTransport } from "./whep.ts";

/** Best first: WebRTC over UDP, or over TCP where UDP is blocked; frames over WebSocket; HLS. */
export function rungsTo(target: Target): Rung[] {
	const { endpoint, token } = target;
	const others = otherAddresses(endpoint);
	const rungs: Rung[] = [
		{ name: "udp", betters: "webrtc", make: (events) => new WhepTransport(target, events, true) },
		{ name: "webrtc", make: (events) => new WhepTransport(target, events) },
	];
	if (!others) return rungs;
	rungs.push({ name: "websocket", make: (events) => new MseTransport(others.live, token, events) });
	rungs.push({ name: "hls", make: (events) => new HlsTransport(others.hls, token, events) });
	return rungs;
}
