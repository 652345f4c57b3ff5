/** The ways to a picture, as this player has them. */
import { HlsTransport } from "./hls.ts";
import type { Rung } from "./ladder.ts";
import { MseTransport } from "./mse.ts";
import { otherAddresses, waking } from "./relay.ts";
import type { Target } from "./transport.ts";
import { WhepTransport } from "./whep.ts";

/**
 * Best first: WebRTC over UDP, or over TCP where UDP is blocked; frames over WebSocket; HLS. `pressed` says whether an
 * attempt that begins now is the viewer's own word, so that the relay wakes a camera for it that was stopped.
 */
export function rungsTo(target: Target, pressed: () => boolean): Rung[] {
	const { endpoint, token } = target;
	const others = otherAddresses(endpoint);
	const aim = (url: string): string => (pressed() ? waking(url) : url);
	const aimed = (): Target => ({ ...target, endpoint: aim(endpoint) });
	const rungs: Rung[] = [
		{ name: "udp", betters: "webrtc", make: (events) => new WhepTransport(aimed(), events, true) },
		{ name: "webrtc", make: (events) => new WhepTransport(aimed(), events) },
	];
	if (!others) return rungs;
	const { live, hls } = others;
	rungs.push({ name: "websocket", make: (events) => new MseTransport(aim(live), token, events) });
	rungs.push({ name: "hls", make: (events) => new HlsTransport(hls, token, events, pressed()) });
	return rungs;
}
